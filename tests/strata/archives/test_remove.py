from dataclasses import replace

import pytest

from strata.archives.errors import ArchivePausedError
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.partitions.errors import TenantArchivedError
from strata.partitions.inspect import inspect_tenant
from tests.strata.archives.conftest import ROWS, binary_rows, nothing


def registry(connection, tenant_id="acme"):
    rows = connection.execute(
        "SELECT table_name, state FROM strata.tenant_partitions WHERE tenant_id = %s ORDER BY table_name", (tenant_id,)
    )
    return dict(rows.fetchall())


def test_a_tenant_is_archived_dropped_and_restored_bit_for_bit(tenants, layout, place):
    before = {table: binary_rows(tenants, f"partitions.{table}_p_acme") for table in ROWS}

    archived = archive_tenant(tenants, "acme", layout, place, nothing)

    assert archived.rows == ROWS
    assert archived.uri == place.uri
    assert inspect_tenant(tenants, "acme", layout).partitions == {}
    assert set(registry(tenants).values()) == {"archived"}
    assert tenants.execute("SELECT count(*) FROM app.payments").fetchone() == (ROWS["payments"],)

    restored = restore_tenant(tenants, place, layout, nothing)

    assert restored.rows == ROWS
    assert {table: binary_rows(tenants, f"partitions.{table}_p_acme") for table in ROWS} == before
    assert inspect_tenant(tenants, "acme", layout).differences == {}
    assert set(registry(tenants).values()) == {"active"}
    count = "SELECT count(*) FROM app.payments WHERE tenant_id = 'acme'"
    assert tenants.execute(count).fetchone() == (ROWS["payments"],)


def test_a_tenant_that_is_half_restored_is_not_archived_again(tenants, layout, place):
    """Its partitions hold a part of the archive only: a second archive would be mistaken for the whole."""
    archive_tenant(tenants, "acme", layout, place, nothing)
    with pytest.raises(ArchivePausedError):
        restore_tenant(tenants, place, layout, nothing, budget_seconds=0)
    before = registry(tenants)
    with pytest.raises(TenantArchivedError, match="the tenant is being restored from its archive"):
        archive_tenant(tenants, "acme", layout, replace(place, prefix=place.prefix + "-2"), nothing)
    assert registry(tenants) == before
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS
