"""What keeps one tenant's rows from being copied is in that tenant's result."""

import pytest

from strata.migrations import OFFBOARDING_SQLSTATE
from strata.partitions.backfill import copy
from strata.partitions.backfill.copy import Options, backfill_table, backfill_tenant
from strata.partitions.errors import not_active
from tests.strata.partitions.backfill.legacy import SOURCE, held, insert

pytestmark = pytest.mark.parametrize("layout", ["list"], indirect=True)


def test_a_tenant_without_a_partition_is_reported_or_given_one(tenants, layout):
    insert(tenants, "globex", 1)
    insert(tenants, "acme", 2)
    acme, globex = backfill_table(tenants, "payments", SOURCE, layout).tenants
    assert acme.failed is None
    assert globex.failed.startswith("the tenant has no partition of payments; allowed: tenants that are active")
    assert (globex.rows, globex.copied) == (1, 0)
    assert backfill_tenant(tenants, "globex", "payments", SOURCE, layout, Options(ensure=True)).copied == 1
    assert {row[0] for row in held(tenants)} == {"acme", "globex"}


@pytest.mark.parametrize("options", [None, Options(ensure=True)])
def test_a_tenant_on_its_way_out_or_back_is_not_filled_and_not_made_again(tenants, layout, options):
    insert(tenants, "O'Neil", 1)
    insert(tenants, "system", 2)
    for state in ("offboarding", "detached", "verified", "archived", "restoring"):
        change = "UPDATE strata.tenant_partitions SET state = %s, archive_uri = 's3://archive/1' WHERE tenant_id = %s"
        tenants.execute(change, (state, "O'Neil"))
        one, system = backfill_table(tenants, "payments", SOURCE, layout, options).tenants
        assert (one.failed, one.copied, system.failed) == (str(not_active("O'Neil", state, "s3://archive/1")), 0, None)


def test_a_tenant_that_cannot_be_made_stops_no_other(tenants, layout):
    insert(tenants, "x" * 1025, 1)
    insert(tenants, "system", 2)
    system, other = backfill_table(tenants, "payments", SOURCE, layout, Options(ensure=True)).tenants
    assert system.copied == 1
    assert "is 1025 bytes long" in other.failed


def test_writes_that_a_removal_refuses_are_this_tenants_failure(tenants, layout):
    insert(tenants, "acme", 1)
    tenants.execute(
        "CREATE TRIGGER strata_offboarding BEFORE INSERT ON partitions.payments_p_acme"
        " FOR EACH ROW EXECUTE FUNCTION strata.refuse_write()"
    )
    failed = backfill_tenant(tenants, "acme", "payments", SOURCE, layout).failed
    assert failed.startswith(f"{OFFBOARDING_SQLSTATE}: tenant acme is being offboarded")


def test_a_row_that_another_holds_back_is_waited_for_and_then_given_up(tenants, layout, fresh_database, monkeypatch):
    insert(tenants, "acme", 1)
    monkeypatch.setattr(copy, "BATCH_LOCK_BUDGET_SECONDS", 0.2)
    tenants.execute("SET lock_timeout = '50ms'")
    with fresh_database.deployer() as other, other.transaction():
        insert(other, "acme", 1, into="app")
        failed = backfill_tenant(tenants, "acme", "payments", SOURCE, layout).failed
    assert failed.startswith("55P03: canceling statement due to lock timeout, from the row with id = 0000")
    assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout).already_there == 1
