"""A tenant with a partition that somebody has dropped, and a manifest that is not the one that was proved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strata.archives.bucket import ArchiveBucket, ArchiveBucketError
from strata.archives.errors import ComparisonPausedError, ManifestGoneError
from strata.archives.manifest import ManifestError
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.deadline import Deadline
from strata.partitions.errors import PartitionMismatchError
from strata.partitions.inspect import inspect_tenant
from strata.partitions.onboard import ensure_tenant
from strata.partitions.registry import find_registry_differences
from tests.strata.archives.conftest import ROWS, binary_rows, killed_at, nothing
from tests.strata.rows import insert_payment

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)


def registry(connection):
    query = "SELECT table_name, state FROM strata.tenant_partitions WHERE tenant_id = 'acme'"
    return dict(connection.execute(query).fetchall())


def test_a_partition_that_is_gone_is_found_before_anything_is_changed(tenants, layout, place):
    """What is advised makes it again; then the tenant can leave."""
    tenants.execute("DROP TABLE partitions.audit_logs_p_acme")
    with pytest.raises(PartitionMismatchError) as refusal:
        archive_tenant(tenants, "acme", layout, place, nothing)
    assert str(refusal.value) == (
        "existing partitions differ from what they should be: audit_logs: no such partition to archive;"
        " settle: pulumi up --refresh, with its entry in the stack file, makes it again, empty; then remove the entry"
        " (tenant acme); allowed: partitions like their parent, or none;"
        " next: settle each as it says, then pulumi up"
    )
    assert set(registry(tenants).values()) == {"active"}
    assert ArchiveBucket(place).keys() == []
    insert_payment(tenants, "acme", "still written")
    ensure_tenant(tenants, "acme", layout)  # what the advised deployment runs
    archived = archive_tenant(tenants, "acme", layout, place, nothing)
    assert (archived.rows, archived.gone) == ({**ROWS, "payments": ROWS["payments"] + 1, "audit_logs": 0}, ())


def test_a_removal_that_has_begun_archives_what_is_there(tenants, layout, place):
    """An empty table stands for what is gone, and says so; the rest is proved, and comes back."""
    before = {table: binary_rows(tenants, f"partitions.{table}_p_acme") for table in ("payments", "invoices")}
    with killed_at("offboarding/stop_writes.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DROP TABLE partitions.audit_logs_p_acme")

    archived = archive_tenant(tenants, "acme", layout, place, nothing)

    assert (archived.rows, archived.gone) == ({**ROWS, "audit_logs": 0}, ("audit_logs",))
    assert set(registry(tenants).values()) == {"archived"}
    assert inspect_tenant(tenants, "acme", layout).partitions == {}
    assert find_registry_differences(tenants, layout) == ()
    assert archive_tenant(tenants, "acme", layout, place, nothing) == archived
    assert restore_tenant(tenants, place, layout, nothing).rows == archived.rows
    assert {table: binary_rows(tenants, f"partitions.{table}_p_acme") for table in before} == before
    assert inspect_tenant(tenants, "acme", layout).differences == {}


@only_list
def test_a_partition_that_is_gone_after_its_proof_is_in_the_archive(tenants, layout, place):
    before = binary_rows(tenants, "partitions.payments_p_acme")
    with killed_at("archives/drop_archived.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DROP TABLE partitions.payments_p_acme")
    archived = archive_tenant(tenants, "acme", layout, place, nothing)
    assert (archived.rows, archived.gone) == (ROWS, ())
    assert set(registry(tenants).values()) == {"archived"}
    restore_tenant(tenants, place, layout, nothing)
    assert binary_rows(tenants, "partitions.payments_p_acme") == before


@only_list
def test_a_partition_that_is_gone_after_its_proof_needs_the_manifest(tenants, layout, place):
    with killed_at("archives/drop_archived.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DROP TABLE partitions.payments_p_acme")
    bucket = ArchiveBucket(place)
    bucket._s3.delete_object(Bucket=place.bucket, Key=f"{place.prefix}/manifest.json")
    with pytest.raises(ManifestGoneError, match="these tables are nowhere else: payments"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    assert registry(tenants)["invoices"] == "verified"


@only_list
def test_a_tenant_whose_partitions_are_all_gone(tenants, layout, place):
    with killed_at("offboarding/stop_writes.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    for table in ROWS:
        tenants.execute(f"DROP TABLE partitions.{table}_p_acme")
    archived = archive_tenant(tenants, "acme", layout, place, nothing)
    assert (archived.rows, set(archived.gone)) == (dict.fromkeys(ROWS, 0), set(ROWS))
    assert set(registry(tenants).values()) == {"archived"}


@only_list
def test_a_partition_that_is_gone_after_its_proof_is_in_the_manifest_too(tenants, layout, place):
    with killed_at("archives/drop_archived.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DROP TABLE partitions.webhook_logs_p_acme")  # it has no part that would be missed
    bucket = ArchiveBucket(place)
    bucket.put_manifest(_without(bucket.manifest(), "webhook_logs"))
    with pytest.raises(ManifestError, match="the manifest does not name webhook_logs"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    assert set(registry(tenants).values()) == {"verified"}


@only_list
def test_what_was_written_of_a_partition_that_is_gone_since_is_read_back(tenants, layout, place, monkeypatch):
    """There is nothing left to compare it with; a part that cannot be read is found while others can be asked."""
    with killed_at("archives/record.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DROP TABLE partitions.payments_p_acme")
    bucket, key = ArchiveBucket(place), place.part_key("payments", 0)
    (part,) = bucket.parts("payments")
    body = b"".join(bucket.read(part))
    bucket._s3.put_object(Bucket=place.bucket, Key=key, Body=body[::-1])
    with pytest.raises(ArchiveBucketError, match="cannot be unpacked: .* next: bring an earlier version of the object"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    assert registry(tenants)["payments"] == "detached"
    bucket.put_part(part, body)
    with monkeypatch.context() as patch:
        patch.setattr(Deadline, "is_over", True)
        with pytest.raises(ComparisonPausedError, match="0 rows of this table compared"):
            archive_tenant(tenants, "acme", layout, place, nothing)
    archived = archive_tenant(tenants, "acme", layout, place, nothing)
    assert (archived.rows, archived.gone) == (ROWS, ())


def _without(manifest, table):
    return replace(manifest, tables=tuple(one for one in manifest.tables if one.table != table))


def _emptied(manifest, table):
    emptied = (replace(one, rows=0, parts=()) if one.table == table else one for one in manifest.tables)
    return replace(manifest, tables=tuple(emptied))


REPLACED = {
    "does not name payments": lambda manifest: _without(manifest, "payments"),
    "does not name part tenants/acme/": lambda manifest: _emptied(manifest, "payments"),
    "is of tenant globex": lambda manifest: replace(manifest, tenant_id="globex"),
}


@only_list
@pytest.mark.parametrize("what", REPLACED)
@pytest.mark.parametrize("proved", [False, True])
def test_a_manifest_that_was_replaced_proves_nothing(tenants, layout, place, what, proved):
    """Neither before the tables are compared nor after; brought back, it is believed as before."""
    with killed_at("archives/drop_archived.sql.j2" if proved else "archives/record.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    bucket = ArchiveBucket(place)
    manifest = bucket.manifest()
    bucket.put_manifest(REPLACED[what](manifest))

    with pytest.raises(ManifestError) as refusal:
        archive_tenant(tenants, "acme", layout, place, nothing)

    assert str(refusal.value).startswith(f"the manifest {what}")
    assert str(refusal.value).endswith(
        f" (manifest {place.uri}/manifest.json); allowed: what `strata` has written there;"
        " next: bring an earlier version of the object back: the bucket keeps them"
    )
    assert len(inspect_tenant(tenants, "acme", layout).partitions) == len(ROWS)
    bucket.put_manifest(manifest)
    assert archive_tenant(tenants, "acme", layout, place, nothing).rows == ROWS


@only_list
@pytest.mark.parametrize("what", [name for name in REPLACED if "part" in name or "payments" in name])
def test_a_restore_believes_no_replaced_manifest(tenants, layout, place, what):
    """Without what it leaves out, the tenant would come back with fewer rows, and be in service."""
    archive_tenant(tenants, "acme", layout, place, nothing)
    bucket = ArchiveBucket(place)
    manifest = bucket.manifest()
    bucket.put_manifest(REPLACED[what](manifest))
    with pytest.raises(ManifestError, match="the manifest does not name part tenants/acme/"):
        restore_tenant(tenants, place, layout, nothing)
    assert set(registry(tenants).values()) == {"archived"}
    bucket.put_manifest(manifest)
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS


@only_list
def test_a_part_of_a_partition_that_is_gone_since_stays_in_the_bucket(tenants, layout, place):
    """A run that was killed has stored it; whose columns its values are is not known any more."""
    with killed_at("archives/server.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DROP TABLE partitions.audit_logs_p_acme")
    archived = archive_tenant(tenants, "acme", layout, place, nothing)
    assert (archived.rows, archived.gone) == ({**ROWS, "audit_logs": 0}, ("audit_logs",))
    stored = ArchiveBucket(place).keys()
    assert place.part_key("audit_logs", 0) in stored
    assert restore_tenant(tenants, place, layout, nothing).rows == archived.rows
