"""What is found in the source's rows taken together, before one is copied."""

import pytest
from psycopg.sql import SQL

from strata.partitions.backfill.copy import backfill_table, backfill_tenant
from strata.partitions.backfill.errors import SharedKeyError
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
            " next: make id of all of tenant_id, number in columns, and run again"
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


def test_rows_without_a_key_are_not_taken_for_rows_of_one_key(events, layout):
    found = backfill_tenant(events, "acme", "audit_logs", _events("NULL::uuid"), layout)
    assert 'null value in column "id"' in found.failed
