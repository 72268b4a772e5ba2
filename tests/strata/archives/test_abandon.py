"""A restore that cannot end is given up: nothing of it is left, and the tenant is where it was before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from strata.archives.abandon import abandon_restore, find_abandonable
from strata.archives.errors import ArchivePausedError, RestoreFailedError
from strata.archives.forget import forget_tenant
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.archives.restore_errors import AbandonFailedError, LeafInTheWayError, NotRestoringError
from strata.database import connect_as_deployer
from strata.partitions.inspect import inspect_tenant
from strata.partitions.registry import find_registry_differences
from strata.partitions.render import leaves
from tests.strata.archives.conftest import ROWS, killed_at, nothing, states_of
from tests.strata.rows import payments_of

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)
REGISTRY = "SELECT * FROM strata.tenant_partitions WHERE tenant_id = 'acme' ORDER BY table_name"


def archive(connection, layout, place):
    archive_tenant(connection, "acme", layout, place, nothing)
    return connection.execute(REGISTRY).fetchall()


def pause(connection, layout, place, tenant_id=None):
    with killed_at("archives/finish_restore.sql.j2"):
        restore_tenant(connection, place, layout, nothing, tenant_id=tenant_id)


def test_a_tenant_is_archived_as_it_was(tenants, layout, place):
    registry = archive(tenants, layout, place)
    pause(tenants, layout, place)
    tenants.execute("DROP TABLE partitions.webhook_logs_p_acme")

    tried = find_abandonable(tenants, "acme", layout)
    assert set(states_of(tenants, "acme").values()) == {"restoring"}
    done = abandon_restore(tenants, "acme", layout)

    assert done == tried
    assert (done.archive_uri, done.is_archived) == (place.uri, True)
    assert done.partitions == ("payments_p_acme", "invoices_p_acme", "audit_logs_p_acme")
    assert tenants.execute(REGISTRY).fetchall() == registry
    assert inspect_tenant(tenants, "acme", layout).partitions == {}
    assert find_registry_differences(tenants, layout) == ()
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS


def test_nothing_is_left_of_a_tenant_that_was_never_here(tenants, layout, place):
    archive(tenants, layout, place)
    pause(tenants, layout, place, "acme-2")
    done = abandon_restore(tenants, "acme-2", layout)
    assert (done.archive_uri, done.is_archived) == (place.uri, False)
    assert states_of(tenants, "acme-2") == {}
    assert find_registry_differences(tenants, layout) == ()
    forget_tenant(tenants, "acme")
    pause(tenants, layout, place)
    assert not abandon_restore(tenants, "acme", layout).is_archived
    assert states_of(tenants, "acme") == {}


def test_a_failure_that_stays_is_told_with_both_ways_out(tenants, layout, place):
    archive(tenants, layout, place)
    tenants.execute("ALTER TABLE app.payments ADD CONSTRAINT small CHECK (amount_minor < 100) NOT VALID")
    for _ in range(2):
        with pytest.raises(RestoreFailedError) as failure:
            restore_tenant(tenants, place, layout, nothing)
        assert str(failure.value).startswith("the restore failed: 23514: new row for relation")
        assert str(failure.value).endswith(
            f"(tenant acme); next: settle what is named, then strata tenant restore acme --from {place.uri}; "
            "or give the restore up: strata tenant restore acme --abandon"
        )
    abandon_restore(tenants, "acme", layout)
    assert set(states_of(tenants, "acme").values()) == {"archived"}
    tenants.execute("ALTER TABLE app.payments DROP CONSTRAINT small")
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS


def test_what_is_attached_or_may_be_anothers_is_never_dropped(tenants, layout, place):
    archive(tenants, layout, place)
    pause(tenants, layout, place)
    payments, invoices = leaves("acme", layout)[:2]
    tenants.execute(
        f"ALTER TABLE {payments.qualified_parent} ATTACH PARTITION {payments.qualified_name} {payments.bound}"
    )
    tenants.execute(f"ALTER TABLE {invoices.qualified_name} DROP CONSTRAINT strata_tenant_ck")
    for give_up in (find_abandonable, abandon_restore):
        with pytest.raises(LeafInTheWayError) as refusal:
            give_up(tenants, "acme", layout)
        assert set(refusal.value.doubts) == {"payments", "invoices"}
    assert payments_of(tenants, "acme") == ROWS["payments"]
    assert set(states_of(tenants, "acme").values()) == {"restoring"}


@only_list
def test_what_is_not_being_restored_is_not_given_up(tenants, layout, place):
    with pytest.raises(NotRestoringError) as active:
        abandon_restore(tenants, "acme", layout)
    assert str(active.value) == (
        "the tenant is not being restored: active (tenant acme); "
        "allowed: a tenant whose partitions are restoring; next: strata tenant show acme"
    )
    assert payments_of(tenants, "acme") == ROWS["payments"]
    archive(tenants, layout, place)
    with pytest.raises(NotRestoringError, match="the tenant is not being restored: archived"):
        abandon_restore(tenants, "acme", layout)
    with pytest.raises(NotRestoringError, match=r"the registry does not know it .* next: strata tenant list"):
        find_abandonable(tenants, "nobody", layout)


def test_two_give_it_up_at_once(tenants, layout, place, reference):
    registry = archive(tenants, layout, place)
    with pytest.raises(ArchivePausedError):
        restore_tenant(tenants, place, layout, nothing, budget_seconds=0)

    def give_up(_number):
        with connect_as_deployer(reference) as connection:
            try:
                return abandon_restore(connection, "acme", layout)
            except NotRestoringError as done:
                return done

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(give_up, range(2))
    assert {type(first).__name__, type(second).__name__} == {"AbandonedRestore", "NotRestoringError"}
    assert tenants.execute(REGISTRY).fetchall() == registry


@only_list
def test_what_somebody_made_upon_a_partition_is_named(tenants, layout, place):
    archive(tenants, layout, place)
    pause(tenants, layout, place)
    tenants.execute("CREATE VIEW app.seen AS SELECT * FROM partitions.payments_p_acme")
    with pytest.raises(AbandonFailedError) as refused:
        abandon_restore(tenants, "acme", layout)
    assert str(refused.value).startswith("the restore is not given up: 2BP01: cannot drop desired object(s)")
    assert "DETAIL: view app.seen depends on table partitions.payments_p_acme" in str(refused.value)
    assert str(refused.value).endswith("next: settle what is named, then strata tenant restore acme --abandon")
    tenants.execute("ALTER TABLE app.payments ADD COLUMN note text")
    with pytest.raises(RestoreFailedError, match="view app.seen depends on .* next: settle what is named, then "):
        restore_tenant(tenants, place, layout, nothing)
    tenants.execute("DROP VIEW app.seen")
    assert abandon_restore(tenants, "acme", layout).is_archived


def test_an_answer_that_is_lost_leaves_a_question():
    assert str(AbandonFailedError("acme", psycopg.OperationalError("the connection is lost"))) == (
        "it is not known whether the restore is given up: no answer: the connection is lost (tenant acme);"
        " next: strata tenant restore acme --abandon: it says that the tenant is not being restored if it is done"
    )
