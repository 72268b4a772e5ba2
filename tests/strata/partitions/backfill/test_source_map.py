"""What is found in the source's rows taken together, before one is copied."""

import pytest
from psycopg.sql import SQL

from strata import sql
from strata.database import connect_as_deployer
from strata.partitions.backfill.copy import backfill_table, backfill_tenant
from strata.partitions.backfill.errors import SharedKeyError, UnstableKeyError
from strata.partitions.backfill.results import TenantBackfill
from strata.partitions.backfill.source import Source

pytestmark = pytest.mark.parametrize("layout", ["list"], indirect=True)


def _events(key):
    """Return a source whose rows get this key."""
    return Source(
        "legacy.events",
        columns={"id": SQL(key), "actor_type": SQL("'user'"), "actor_id": SQL("'x'"), "action": SQL("'x'"),
                 "resource_type": SQL("'x'"), "resource_id": SQL("s.number::text")},
        left_out=frozenset({"half", "number"}),
    )  # fmt: skip


@pytest.fixture
def events(tenants):
    """Return a connection to a database with six events of acme, and one of system with a number that acme has too."""
    tenants.execute(
        "CREATE TABLE legacy.events (tenant_id text, number int, half int, PRIMARY KEY (tenant_id, number))"
    )
    tenants.execute("INSERT INTO legacy.events SELECT 'acme', n, n / 2 FROM generate_series(1, 6) n")
    tenants.execute("INSERT INTO legacy.events VALUES ('system', 1, 0)")
    return tenants


def test_rows_that_would_get_the_key_of_another_are_refused(events, layout):
    source = _events("md5(s.half::text)::uuid")
    for call in (
        lambda: backfill_table(events, "audit_logs", source, layout),
        lambda: backfill_tenant(events, "acme", "audit_logs", source, layout),
    ):
        with pytest.raises(SharedKeyError) as raised:
            call()
        assert str(raised.value) == (
            "the source cannot be copied: 2 rows would get the id of another row of their tenant, such as those with"
            " tenant_id = acme, number = 2 and with tenant_id = acme, number = 3, of tenant acme"
            " (source legacy.events, table app.audit_logs);"
            " allowed: an expression for id that differs for any two rows of a tenant;"
            " next: make id in columns of the source's whole key (tenant_id, number), and run again"
        )
        assert events.execute("SELECT count(*) FROM app.audit_logs").fetchone() == (0,)
    assert backfill_tenant(events, "system", "audit_logs", source, layout).copied == 1


def test_tenants_may_have_the_same_key(events, layout):
    source = _events("md5(s.number::text)::uuid")
    for there in (0, 1):
        assert backfill_table(events, "audit_logs", source, layout).tenants == (
            TenantBackfill("acme", "audit_logs", 6, copied=6 - 6 * there, already_there=6 * there),
            TenantBackfill("system", "audit_logs", 1, copied=1 - there, already_there=there),
        )


@pytest.mark.parametrize(
    "key", ["strata.uuid_v7()", "md5(now()::text || s.number)::uuid", "CASE s.number WHEN 5 THEN strata.uuid_v7() END"]
)
def test_a_key_that_is_another_one_each_time_is_refused(events, layout, key):
    """Every run would copy each row once more, and call itself complete."""
    with pytest.raises(UnstableKeyError) as raised:
        backfill_table(events, "audit_logs", _events(key), layout)
    assert str(raised.value) == (
        "the source cannot be copied: the id of a row is another one each time it is made, such as that of the row with"
        f" tenant_id = acme, number = {5 if 'CASE' in key else 1}: every run would copy each row once more"
        " (source legacy.events, table app.audit_logs);"
        " allowed: an expression for id that gives the same for the same row, at any time;"
        " next: make id in columns of the source's key (tenant_id, number) alone, and run again"
    )
    assert events.execute("SELECT count(*) FROM app.audit_logs").fetchone() == (0,)
    assert events.execute("SELECT to_regclass('pg_temp.strata_backfill')").fetchone() == (None,)


def test_a_source_in_use_is_not_taken_for_a_key_that_changes(events, layout, reference, monkeypatch):
    """A row that goes, and one that gets another number, between the map and the second look at the keys."""
    render = sql.render

    def changes(template, **values):
        if template == "backfill/keys_again.sql.j2":
            with connect_as_deployer(reference) as other:
                other.execute("DELETE FROM legacy.events WHERE number = 2")
                other.execute("UPDATE legacy.events SET number = 77 WHERE number = 3")
        return render(template, **values)

    monkeypatch.setattr(sql, "render", changes)
    found = backfill_tenant(events, "acme", "audit_logs", _events("md5(s.number::text)::uuid"), layout)
    assert (found.copied, found.is_complete) == (6, True)


def test_rows_without_a_key_are_not_taken_for_rows_of_one_key(events, layout):
    found = backfill_tenant(events, "acme", "audit_logs", _events("NULL::uuid"), layout)
    assert 'null value in column "id"' in found.failed
