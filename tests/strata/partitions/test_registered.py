"""A tenant's totals: what is unknown of a part is unknown of the whole."""

import pytest

from strata.partitions.onboard import ensure_tenant
from strata.partitions.registered import UnknownTenantError, registered_tenant, registered_tenants
from strata.partitions.statistics import refresh_partition_stats
from strata.tenants import TenantIdError
from tests.strata.archives.conftest import fill
from tests.strata.rows import insert_payment

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)
PAYMENTS = "partitions.payments_p_acme"


@pytest.fixture
def acme(migrated, layout):
    ensure_tenant(migrated, "acme", layout)
    insert_payment(migrated, "acme", "first")
    return migrated


def _totals(connection):
    tenant = registered_tenant(connection, "acme")
    return tenant.rows, tenant.bytes


def test_a_total_of_which_a_part_is_unknown_is_unknown(acme):
    """Three tables are known to be empty; that makes no zero of the fourth."""
    assert _totals(acme) == (None, None)


def test_a_total_of_some_tables_is_none(acme):
    fill(acme, "acme", {"payments": 5, "invoices": 3, "audit_logs": 0, "webhook_logs": 0})
    acme.execute(f"ANALYZE {PAYMENTS}")
    refresh_partition_stats(acme)
    assert _totals(acme) == (None, None)


def test_tables_that_nobody_uses_leave_a_total_known(acme):
    """One partition is analyzed and three are empty, which autovacuum never analyzes."""
    acme.execute(f"ANALYZE {PAYMENTS}")
    refresh_partition_stats(acme)
    rows, size = _totals(acme)
    (in_files,) = acme.execute(
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname LIKE '%\\_p\\_acme' AND relkind = 'r'"
    ).fetchone()
    assert rows == 1
    assert 0 < size <= in_files


@only_list
def test_an_archived_partition_is_no_part_of_a_total(acme):
    acme.execute(f"ANALYZE {PAYMENTS}")
    refresh_partition_stats(acme)
    acme.execute(f"DROP TABLE {PAYMENTS}")
    acme.execute(
        "UPDATE strata.tenant_partitions SET state = 'archived', row_estimate = NULL, bytes = NULL"
        " WHERE table_name = 'payments'"
    )
    tenant = registered_tenant(acme, "acme")
    assert tenant.rows == 0
    assert tenant.bytes > 0
    acme.execute("UPDATE strata.tenant_partitions SET state = 'archived'")
    assert _totals(acme) == (None, None)


@only_list
def test_a_tenant_that_nobody_registered(acme):
    with pytest.raises(UnknownTenantError, match="no such tenant in this database \\(tenant globex\\)"):
        registered_tenant(acme, "globex")
    assert registered_tenants(acme, "globex") == ()


@only_list
@pytest.mark.parametrize(
    ("tenant_id", "what"), [("\udcff", "holds a lone surrogate"), ("a\0b", "holds a NUL character"), ("", "is empty")]
)
def test_an_id_that_no_tenant_can_have_is_refused_before_it_is_asked_for(acme, tenant_id, what):
    """A command line in another encoding holds such text."""
    with pytest.raises(TenantIdError, match=what):
        registered_tenant(acme, tenant_id)
