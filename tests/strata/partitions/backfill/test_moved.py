"""Rows whose tenant changed in the source after they were copied."""

import pytest
from psycopg.sql import SQL

from strata.partitions.backfill import moved
from strata.partitions.backfill.copy import backfill_table, backfill_tenant
from strata.partitions.backfill.errors import BackfillBusyError
from strata.partitions.backfill.results import TenantBackfill
from strata.partitions.backfill.source import Source
from tests.strata.partitions.backfill.legacy import SOURCE, held, insert

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)
EXAMPLE = "id = 00000000-0000-7000-8000-000000000001"
HASHED = Source(SOURCE, columns={"id": SQL("md5('payment ' || s.id)::uuid")})


def _move(connection, number, tenant_id):
    connection.execute(
        "UPDATE legacy.payments SET tenant_id = %s WHERE idempotency_key = %s", (tenant_id, f"k{number}")
    )


def test_a_row_whose_tenant_changed_is_told_where_it_still_is(tenants, layout):
    """One customer's row would stay visible to another, under a result that says that all is well."""
    for number in (1, 2, 3):
        insert(tenants, "acme", number)
    assert backfill_table(tenants, "payments", SOURCE, layout).is_complete
    _move(tenants, 1, "system")
    for copied in (1, 0):
        found = backfill_table(tenants, "payments", SOURCE, layout)
        assert found.tenants == (
            TenantBackfill("acme", "payments", 2, already_there=2, moved=1, moved_example=EXAMPLE),
            TenantBackfill("system", "payments", 1, copied=copied, already_there=1 - copied),
        )
        assert not found.is_complete
    tenants.execute("DELETE FROM app.payments WHERE tenant_id = 'acme' AND idempotency_key = 'k1'")
    assert backfill_table(tenants, "payments", SOURCE, layout).is_complete
    assert len(held(tenants)) == 3


@pytest.mark.parametrize("source", [Source(SOURCE), HASHED], ids=["key", "expression"])
def test_one_tenant_alone_is_told_too(tenants, layout, source):
    for number in (1, 2):
        insert(tenants, "acme", number)
    backfill_table(tenants, "payments", source, layout)
    _move(tenants, 1, "system")
    one = backfill_tenant(tenants, "acme", "payments", source, layout)
    assert (one.already_there, one.moved, one.is_complete) == (1, 1, False)
    assert backfill_tenant(tenants, "system", "payments", source, layout).is_complete
    _move(tenants, 2, "O'Neil")
    one = backfill_tenant(tenants, "acme", "payments", source, layout)
    assert (one.rows, one.moved, one.failed, one.is_complete) == (0, 2, None, False)
    both = {
        each.tenant_id: (each.rows, each.moved) for each in backfill_table(tenants, "payments", source, layout).tenants
    }
    assert both == {"O'Neil": (1, 0), "acme": (0, 2), "system": (1, 0)}


@only_list
def test_rows_of_the_application_and_rows_that_are_gone_are_not_told(tenants, layout):
    """Nothing tells the two apart."""
    for number in (1, 2):
        insert(tenants, "acme", number)
    backfill_table(tenants, "payments", SOURCE, layout)
    insert(tenants, "acme", 3, into="app")
    tenants.execute("DELETE FROM legacy.payments WHERE idempotency_key = 'k1'")
    assert backfill_table(tenants, "payments", SOURCE, layout).is_complete
    assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout).is_complete


@only_list
def test_a_key_that_tenants_share_in_the_source_has_not_moved(tenants, layout):
    tenants.execute("ALTER TABLE legacy.payments DROP CONSTRAINT payments_pkey, ADD PRIMARY KEY (tenant_id, id)")
    for tenant_id in ("acme", "system"):
        insert(tenants, tenant_id, 1)
    for _ in range(2):
        assert backfill_table(tenants, "payments", SOURCE, layout).is_complete
        assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout).is_complete


@only_list
def test_a_partition_that_is_locked_is_waited_for_and_then_told(tenants, layout, fresh_database, monkeypatch):
    insert(tenants, "acme", 1)
    monkeypatch.setattr(moved, "LOCK_BUDGET_SECONDS", 0.2)
    tenants.execute("SET lock_timeout = '50ms'")
    with fresh_database.deployer() as other, other.transaction():
        other.execute("LOCK partitions.payments_p_system")
        with pytest.raises(BackfillBusyError, match="reading met a lock: canceling statement due to lock timeout"):
            backfill_table(tenants, "payments", SOURCE, layout)
    assert held(tenants) == set()
    assert backfill_table(tenants, "payments", SOURCE, layout).is_complete
