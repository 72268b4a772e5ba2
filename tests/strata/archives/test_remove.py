from dataclasses import replace

import pytest

from strata.archives.bucket import ArchiveBucket
from strata.archives.errors import ArchivePausedError, ManifestGoneError
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.partitions.errors import TenantArchivedError
from strata.partitions.inspect import inspect_tenant
from strata.partitions.offboard import drop_tenant
from strata.partitions.registry import find_registry_differences
from tests.strata.archives.conftest import ROWS, binary_rows, killed_at, nothing

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)


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


def test_a_tenant_that_is_half_restored_is_neither_archived_again_nor_dropped(tenants, layout, place):
    """A second archive would be mistaken for the whole; without its rows the registry would know of no archive."""
    archive_tenant(tenants, "acme", layout, place, nothing)
    with pytest.raises(ArchivePausedError):
        restore_tenant(tenants, place, layout, nothing, budget_seconds=0)
    before = registry(tenants)
    with pytest.raises(TenantArchivedError, match="the tenant is being restored from its archive"):
        archive_tenant(tenants, "acme", layout, replace(place, prefix=place.prefix + "-2"), nothing)
    assert registry(tenants) == before
    with pytest.raises(TenantArchivedError, match="next: strata tenant restore acme, .* restore acme --abandon$"):
        drop_tenant(tenants, "acme", layout)
    assert registry(tenants) == before
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS


@only_list
def test_an_archive_that_is_gone_after_its_proof_is_written_and_proved_anew(tenants, layout, place, monkeypatch):
    """Also by a third run, when the second is killed between writing and proving."""
    before = binary_rows(tenants, "partitions.payments_p_acme")
    with killed_at("archives/drop_archived.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    assert set(registry(tenants).values()) == {"verified"}
    delete_objects(place)
    with monkeypatch.context() as patch:
        patch.setattr("strata.archives.remove.verify_table", killed)
        with pytest.raises(KeyboardInterrupt):
            archive_tenant(tenants, "acme", layout, place, nothing)
    assert set(registry(tenants).values()) == {"detached"}

    read = parts_read(monkeypatch)
    archive_tenant(tenants, "acme", layout, place, nothing)

    assert read == [part.key for table in ArchiveBucket(place).manifest().tables for part in table.parts]
    restore_tenant(tenants, place, layout, nothing)
    assert binary_rows(tenants, "partitions.payments_p_acme") == before


@only_list
def test_a_manifest_that_is_gone_after_the_drop_is_not_replaced(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    bucket = ArchiveBucket(place)
    manifest = bucket.manifest()
    delete_objects(place, "manifest.json")
    with pytest.raises(ManifestGoneError) as refusal:
        archive_tenant(tenants, "acme", layout, place, nothing)
    assert str(refusal.value) == (
        "the manifest of the archive is gone, and these tables are nowhere else: audit_logs, invoices, payments,"
        f" webhook_logs (tenant acme, object {place.uri}/manifest.json);"
        " allowed: the manifest that was there when they were dropped; this run has written and dropped nothing;"
        " next: bring its earlier version back: the bucket keeps them; then run the same command again"
    )
    assert bucket.find_manifest() is None
    bucket.put_manifest(manifest)
    assert archive_tenant(tenants, "acme", layout, place, nothing).rows == ROWS


def test_a_tenant_that_an_older_release_left_half_archived(tenants, layout, place):
    """It dropped the leaves one by one: here it died behind the first of them."""
    before = {table: binary_rows(tenants, f"partitions.{table}_p_acme") for table in ROWS}
    with killed_at("archives/drop_archived.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DROP TABLE partitions.payments_p_acme")
    tenants.execute(
        "UPDATE strata.tenant_partitions SET state = 'archived', archived_at = now()"
        " WHERE tenant_id = 'acme' AND table_name = 'payments'"
    )

    assert archive_tenant(tenants, "acme", layout, place, nothing).rows == ROWS

    assert set(registry(tenants).values()) == {"archived"}
    assert inspect_tenant(tenants, "acme", layout).partitions == {}
    assert find_registry_differences(tenants, layout) == ()
    restore_tenant(tenants, place, layout, nothing)
    assert {table: binary_rows(tenants, f"partitions.{table}_p_acme") for table in ROWS} == before


def test_a_tenant_that_an_older_release_left_half_dropped(tenants, layout):
    """It dropped the leaves and their registry rows one by one."""
    with killed_at("offboarding/drop_leaves.sql.j2"):
        drop_tenant(tenants, "acme", layout)
    tenants.execute("DROP TABLE partitions.payments_p_acme")
    tenants.execute("DELETE FROM strata.tenant_partitions WHERE tenant_id = 'acme' AND table_name = 'payments'")

    drop_tenant(tenants, "acme", layout)

    assert registry(tenants) == {}
    assert inspect_tenant(tenants, "acme", layout).partitions == {}
    assert find_registry_differences(tenants, layout) == ()


def killed(*_args):
    raise KeyboardInterrupt


def delete_objects(place, name=""):
    """Delete what is in the archive, or one object of it."""
    bucket = ArchiveBucket(place)
    for key in sorted(bucket.keys()):
        if key.endswith(name):
            bucket._s3.delete_object(Bucket=place.bucket, Key=key)


def parts_read(monkeypatch):
    """Return a list that gets the key of every part that is read back."""
    read = ArchiveBucket.read
    keys = []

    def noted(bucket, part):
        keys.append(part.key)
        return read(bucket, part)

    monkeypatch.setattr(ArchiveBucket, "read", noted)
    return keys
