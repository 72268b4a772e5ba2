import threading

import psycopg
import pytest

from strata import sql
from strata.deadline import Deadline
from strata.migrations import OFFBOARDING_SQLSTATE
from strata.partitions.detach import Removal
from strata.partitions.errors import (
    ConnectionLostError,
    OffboardingTimeoutError,
    TenantArchivedError,
)
from strata.partitions.inspect import inspect_tenant
from strata.partitions.offboard import drop_tenant
from strata.partitions.onboard import ensure_tenant
from strata.partitions.render import leaves
from tests.strata.rows import insert_payment, payments_of

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)


@pytest.fixture
def tenants(migrated, layout):
    for tenant_id in ("acme", "globex"):
        ensure_tenant(migrated, tenant_id, layout)
        insert_payment(migrated, tenant_id)
    return migrated


def _is_gone(connection, layout):
    registered = connection.execute("SELECT count(*) FROM strata.tenant_partitions WHERE tenant_id = 'acme'").fetchone()
    return inspect_tenant(connection, "acme", layout).partitions == {} and registered == (0,)


def test_a_tenant_is_dropped_and_others_stay(tenants, layout):
    drop_tenant(tenants, "acme", layout)
    assert _is_gone(tenants, layout)
    assert payments_of(tenants, "globex") == 1
    assert inspect_tenant(tenants, "globex", layout).differences == {}
    assert tenants.execute("SHOW lock_timeout").fetchone() == ("10s",)


def test_dropping_twice_is_no_error(tenants, reference, layout):
    drop_tenant(reference, "acme", layout)
    drop_tenant(reference, "acme", layout)
    assert _is_gone(tenants, layout)


def test_a_dropped_tenant_can_be_onboarded_again(tenants, layout):
    drop_tenant(tenants, "acme", layout)
    ensure_tenant(tenants, "acme", layout)
    assert payments_of(tenants, "acme") == 0


@only_list
def test_a_reader_of_another_tenant_is_waited_for_and_never_stopped(tenants, layout, fresh_database):
    with fresh_database.deployer() as reader, fresh_database.deployer() as other:
        reader.execute("BEGIN")
        reader.execute("SELECT FROM app.payments WHERE tenant_id = 'globex'")
        dropping = threading.Thread(target=drop_tenant, args=(tenants, "acme", layout))
        dropping.start()
        other.execute("SET lock_timeout = '1s'")
        for number in range(20):
            insert_payment(other, "globex", f"k{number}")
            dropping.join(0.05)
        reader.execute("COMMIT")
        dropping.join(30)
        assert not dropping.is_alive()
        assert _is_gone(other, layout)
        assert payments_of(other, "globex") == 21


@only_list
def test_writes_of_a_leaving_tenant_are_refused_with_our_own_code(tenants, layout, fresh_database):
    with fresh_database.deployer() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT FROM app.payments WHERE tenant_id = 'acme'")
        with pytest.raises(OffboardingTimeoutError) as failure:
            drop_tenant(tenants, "acme", layout, budget_seconds=0)
        assert reader.info.backend_pid in {blocker.pid for blocker in failure.value.blockers}
        message = str(failure.value)
        assert message.startswith("offboarding met a lock: canceling statement due to lock timeout")
        assert message.endswith("then run again: it goes on from here")
    with pytest.raises(psycopg.OperationalError) as refusal:
        tenants.execute("UPDATE partitions.payments_p_acme SET description = 'x'")
    assert refusal.value.sqlstate == OFFBOARDING_SQLSTATE
    assert "tenant acme is being offboarded" in str(refusal.value)
    drop_tenant(tenants, "acme", layout)
    assert _is_gone(tenants, layout)


@only_list
def test_a_detach_that_another_left_pending_is_finished_first(tenants, layout, fresh_database):
    with fresh_database.deployer() as reader, reader.transaction():
        reader.execute("SELECT FROM app.payments WHERE tenant_id = 'globex'")
        tenants.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            tenants.execute("ALTER TABLE app.payments DETACH PARTITION partitions.payments_p_globex CONCURRENTLY")
    drop_tenant(tenants, "acme", layout)
    assert _is_gone(tenants, layout)
    assert tenants.execute("SELECT count(*) FROM partitions.payments_p_globex").fetchone() == (1,)


@pytest.mark.parametrize("step", ["mark", "stop_writes", "detach", "detached", "drop_leaves"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_killed_at_any_step_is_gone_on_with(tenants, layout, fresh_database, monkeypatch, step, when):
    """Kill the session before or after a step's statements, then run again."""
    rendered = sql.render
    suicide = "SET ROLE strata_deployer; SELECT pg_terminate_backend(pg_backend_pid());"

    def killing(template, **values):
        script = rendered(template, **values)
        if template != f"offboarding/{step}.sql.j2":
            return script
        return suicide if when == "before" else script if script.endswith("CONCURRENTLY") else f"{script};\n{suicide}"

    with monkeypatch.context() as patch:
        patch.setattr(sql, "render", killing)
        if step == "detach" and when == "after":
            patch.setattr(sql, "render", _killing_after_detach(rendered, suicide))
        with pytest.raises(ConnectionLostError):
            drop_tenant(tenants, "acme", layout)
    with fresh_database.deployer() as again:
        drop_tenant(again, "acme", layout)
        assert _is_gone(again, layout)
        assert payments_of(again, "globex") == 1


def _killing_after_detach(rendered, suicide):
    """The detach is a statement of its own; the first thing after it is its record."""

    def killing(template, **values):
        return suicide if template == "offboarding/detached.sql.j2" else rendered(template, **values)

    return killing


def test_a_tenant_that_is_made_while_it_is_looked_for_stays(tenants, layout, fresh_database, monkeypatch):
    """What was not there when the removal began is somebody's who came after."""
    drop_tenant(tenants, "acme", layout)
    rendered = sql.render

    def with_an_onboarding(template, **values):
        if template == "offboarding/drop_leaves.sql.j2":
            with fresh_database.deployer() as other:
                ensure_tenant(other, "acme", layout)
                insert_payment(other, "acme")
        return rendered(template, **values)

    with monkeypatch.context() as patch:
        patch.setattr(sql, "render", with_an_onboarding)
        drop_tenant(tenants, "acme", layout)
    assert payments_of(tenants, "acme") == 1
    assert inspect_tenant(tenants, "acme", layout).differences == {}


@only_list
def test_where_an_archive_is_stays_known(tenants, layout):
    """Without its registry rows, the tenant could be made again, empty, beside its archive."""
    drop_tenant(tenants, "acme", layout)
    tenants.execute(
        "INSERT INTO strata.tenant_partitions (tenant_id, table_name, partition_name, state, archive_uri)"
        " VALUES ('acme', 'payments', 'payments_p_acme', 'archived', 's3://bucket/tenants/acme/1')"
    )
    drop_tenant(tenants, "acme", layout)
    with pytest.raises(TenantArchivedError, match="s3://bucket/tenants/acme/1"):
        ensure_tenant(tenants, "acme", layout)


@only_list
@pytest.mark.parametrize("lock", ["UPDATE app.audit_logs SET action = action WHERE tenant_id = 'acme'", "detached"])
def test_who_holds_any_of_the_leaves_is_named(tenants, layout, fresh_database, lock):
    """Writers of any table are waited for together, and so are readers of what is dropped."""
    with fresh_database.deployer() as holder:
        if lock == "detached":
            leaf = next(leaf for leaf in leaves("acme", layout) if leaf.table == "audit_logs")
            tenants.execute(f"ALTER TABLE {leaf.qualified_parent} DETACH PARTITION {leaf.qualified_name}")
            lock = f"LOCK TABLE {leaf.qualified_name} IN ACCESS SHARE MODE"
        holder.execute("BEGIN")
        holder.execute(lock)
        with pytest.raises(OffboardingTimeoutError) as failure:
            drop_tenant(tenants, "acme", layout, budget_seconds=0)
        assert holder.info.backend_pid in {blocker.pid for blocker in failure.value.blockers}
        assert "audit_logs" in str(failure.value)
    drop_tenant(tenants, "acme", layout)
    assert _is_gone(tenants, layout)


@only_list
def test_another_removal_of_the_tenant_is_named(tenants, layout, fresh_database):
    """It holds no lock on a relation while it archives, but the removal's own."""
    with fresh_database.deployer() as other, Removal(other, "acme", layout, Deadline(60)).alone():
        tenants.execute("SET lock_timeout = '100ms'")
        with pytest.raises(OffboardingTimeoutError) as failure:
            drop_tenant(tenants, "acme", layout, budget_seconds=0)
        assert [blocker.pid for blocker in failure.value.blockers] == [other.info.backend_pid]
