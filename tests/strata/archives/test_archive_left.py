"""What a drop leaves in the bucket: an archive that was begun is named, and one that is finished stays known."""

from __future__ import annotations

import pytest

from infra.providers.tenant_partitions import TenantPartitionsProvider
from strata.archives.bucket import ArchiveBucket
from strata.archives.remove import archive_tenant
from strata.partitions.errors import ConnectionLostError, TenantArchivedError
from strata.partitions.manager import PartitionManager
from strata.partitions.offboard import DroppedTenant, drop_tenant
from strata.partitions.onboard import ensure_tenant
from tests.strata.archives.conftest import ROWS, killed_at, nothing

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)
#: Where the removal into an archive is killed: before it has a place there, before its proof, and before its drop.
TEMPLATES = ("archives/server.sql.j2", "archives/record.sql.j2", "archives/drop_archived.sql.j2")


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_archive_that_was_begun_is_named(tenants, layout, place, template):
    """Whoever drops the tenant means its rows to be gone, and parts of them are there."""
    with killed_at(template):
        archive_tenant(tenants, "acme", layout, place, nothing)
    told = []
    assert drop_tenant(tenants, "acme", layout, told.append) == DroppedTenant("acme", place.uri)
    assert told == [place.uri]
    assert ArchiveBucket(place).keys()
    assert drop_tenant(tenants, "acme", layout, told.append) == DroppedTenant("acme", None)
    ensure_tenant(tenants, "acme", layout)


@only_list
def test_it_is_named_before_anything_is_dropped(tenants, layout, place, fresh_database):
    """Afterwards nobody knows of it, and the answer of a drop that was done may be lost."""
    with killed_at("archives/drop_archived.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    told = []

    def tell(uri):
        told.append(uri)
        with fresh_database.admin() as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", (tenants.info.backend_pid,))

    with pytest.raises(ConnectionLostError):
        drop_tenant(tenants, "acme", layout, tell)
    with fresh_database.deployer() as again:
        assert drop_tenant(again, "acme", layout, told.append).archive_left == place.uri
    assert told == [place.uri] * 2


@only_list
def test_no_archive_was_begun(tenants, layout):
    with killed_at("offboarding/drop_leaves.sql.j2"):
        drop_tenant(tenants, "acme", layout)
    assert PartitionManager(tenants, layout).drop_tenant_partitions("acme", confirm="acme") == DroppedTenant(
        "acme", None
    )


@only_list
def test_an_archive_that_is_finished_is_not_called_a_rest(tenants, layout, place):
    """An older release dropped the leaves one by one: rows of some tables are nowhere else."""
    with killed_at("archives/drop_archived.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DROP TABLE partitions.payments_p_acme")
    tenants.execute("UPDATE strata.tenant_partitions SET state = 'archived' WHERE partition_name = 'payments_p_acme'")
    assert drop_tenant(tenants, "acme", layout).archive_left is None
    with pytest.raises(TenantArchivedError, match=place.uri):
        ensure_tenant(tenants, "acme", layout)


def _deployed(reference, layout, on_remove):
    return {
        "connection": reference,
        "tenant_id": "acme",
        "layout": layout,
        "state": "offboarding",
        "on_remove": on_remove,
    }


@only_list
def test_the_run_of_a_deployment_names_it(tenants, reference, layout, place, capsys):
    with killed_at("archives/drop_archived.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    deployed = _deployed(reference, layout, "drop")
    TenantPartitionsProvider().delete("acme", deployed)
    assert capsys.readouterr().out == (
        f"tenant acme: an archive of its rows was begun, and what it has stays at {place.uri}; if they must be gone,"
        " delete every version of every object there (docs/runbooks/offboard-a-tenant.md)\n"
    )
    TenantPartitionsProvider().delete("acme", deployed)
    assert capsys.readouterr().out == ""


@only_list
def test_the_run_of_a_deployment_names_a_partition_that_was_gone(
    tenants, reference, layout, place, capsys, monkeypatch
):
    with killed_at("offboarding/stop_writes.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DROP TABLE partitions.audit_logs_p_acme")
    monkeypatch.setattr("infra.providers.tenant_partitions.archive_place", lambda *_: place)
    TenantPartitionsProvider().delete("acme", _deployed(reference, layout, "archive"))
    rows = sum(ROWS.values()) - ROWS["audit_logs"]
    assert capsys.readouterr().out == (
        f"tenant acme: {rows} rows archived and read back, {place.uri}\n"
        "tenant acme: without audit_logs, whose partition was gone before\n"
    )
