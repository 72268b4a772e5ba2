"""Removing a tenant into an archive: out of service, archived, read back and compared, and only then dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from strata import sql
from strata.archives.bucket import ArchiveBucket, ArchiveLocation
from strata.archives.content import content_sha256, unpacked
from strata.archives.errors import ArchiveMismatchError, ComparisonPausedError, ManifestGoneError
from strata.archives.manifest import ArchivedTable, Manifest, ManifestError
from strata.archives.verify import verify_table
from strata.archives.write import write_table
from strata.database import connected
from strata.deadline import Deadline
from strata.partitions import errors
from strata.partitions.detach import Removal
from strata.partitions.offboard import OFFBOARDING_BUDGET_SECONDS
from strata.reference import resolve
from strata.tenants import name_suffix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from strata.archives.write import Report
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from strata.partitions.render import Leaf


@dataclass(frozen=True)
class ArchivedTenant:
    """A tenant that is archived and gone.

    Args:
        tenant_id: whose rows these are.
        uri: where the archive is.
        rows: by table.
        gone: tables whose partition somebody else had dropped when the archive was made; it has no rows of them.
    """

    tenant_id: str
    uri: str
    rows: dict[str, int]
    gone: tuple[str, ...]


def archive_place(reference: str, tenant_id: str) -> ArchiveLocation:
    """Return where an archive of the tenant goes that begins now: in the archive bucket of the database's stack.

    Raises:
        DatabaseReferenceError: the reference leads nowhere.
    """
    parameters = resolve(reference)
    return new_location(parameters.archive_bucket, parameters.region, tenant_id)


def new_location(bucket: str, region: str, tenant_id: str) -> ArchiveLocation:
    """Return the place of an archive that begins now."""
    started = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return ArchiveLocation(bucket, f"tenants/{name_suffix(tenant_id)}/{started}", region)


def archive_tenant(
    database: str | Connection,
    tenant_id: str,
    layout: Layout,
    place: ArchiveLocation,
    report: Report,
    budget_seconds: float = OFFBOARDING_BUDGET_SECONDS,
) -> ArchivedTenant | None:
    """Archive the tenant's partitions, prove the archive, and drop them; a tenant that is not there is no error.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        tenant_id: whose partitions.
        layout: of the stack.
        place: where the archive goes, unless an earlier run has begun one.
        report: called with table and rows on the way.
        budget_seconds: how long to work in all; a later run goes on from there.

    Returns:
        What was archived; None when there was nothing.

    Raises:
        TenantIdError: the id cannot be a partition key.
        TenantArchivedError: the tenant is on its way back from an archive.
        PartitionMismatchError: a partition of a tenant in service is gone, something else depends on one, or nothing
            proves that it holds this tenant's rows only.
        OffboardingTimeoutError: others held locks for the rest of the budget.
        ArchivePausedError: the budget is spent.
        ArchiveMismatchError: what was read back is not what the partition holds; nothing was dropped.
        ManifestGoneError: partitions that were archived are gone, and so is the manifest of their archive.
        ManifestError: the manifest is not the one that was written.
        ArchiveBucketError: the bucket refused.
        OffboardingFailedError, ConnectionLostError: PostgreSQL refused, or broke; what was done stays done.
    """
    with connected(database) as connection:
        removal = Removal(connection, tenant_id, layout, Deadline(budget_seconds))
        try:
            with removal.alone():
                return _Archiving(removal, layout, report).run(place)
        except psycopg.Error as error:
            raise errors.offboarding_failure(tenant_id, error, lost=connection.broken) from error


def check_archivable(connection: Connection, tenant_id: str, layout: Layout) -> None:
    """Refuse what `archive_tenant` would refuse before it changes anything.

    Raises:
        TenantIdError, TenantArchivedError, PartitionMismatchError: as `archive_tenant`.
    """
    _refuse_unfit(Removal(connection, tenant_id, layout, Deadline(OFFBOARDING_BUDGET_SECONDS)))


def _refuse_unfit(removal: Removal) -> None:
    """Refuse a tenant in service that lacks a partition: now it can be made again, and asked for."""
    registered, present = removal.registered(), {leaf.table for leaf in removal.find_present()}
    gone = registered.keys() - present
    if gone and all(one.state == "active" for one in registered.values()):
        settle = "pulumi up --refresh, with its entry in the stack file, makes it again, empty; then remove the entry"
        found = [f"no such partition to archive; settle: {settle}"]
        raise errors.PartitionMismatchError(removal.tenant_id, dict.fromkeys(sorted(gone), found))


def _in_archive(states: Mapping[str, str]) -> set[str]:
    """Return the tables that the archive was proved to hold."""
    return {table for table, state in states.items() if state in {"verified", "archived"}}


class _Archiving:
    """One run for one tenant."""

    def __init__(self, removal: Removal, layout: Layout, report: Report) -> None:
        self.removal = removal
        self.connection = removal.connection
        self.tenant_id = removal.tenant_id
        self.layout = layout
        self.report = report

    def run(self, place: ArchiveLocation) -> ArchivedTenant | None:
        _refuse_unfit(self.removal)
        present = self.removal.take_out_of_service()
        states, uri = self._begin(place.uri)
        if not states:
            return None
        bucket = ArchiveBucket(ArchiveLocation.parse(uri, place.region))
        manifest = self._proved(bucket, states, present)
        if set(states.values()) != {"archived"}:
            self.removal.drop("archives/drop_archived", present)
        rows = {table.table: table.rows for table in manifest.tables}
        return ArchivedTenant(self.tenant_id, uri, rows, manifest.gone)

    def _begin(self, uri: str) -> tuple[dict[str, str], str]:
        """Record where the archive goes, once; return the registry's state by table and the place."""
        query = sql.render("archives/begin.sql.j2", uri=uri, tenant_id=self.tenant_id)
        found = self.connection.execute(query).fetchall()
        return {table: state for table, state, _ in found}, found[0][2] if found else uri

    def _proved(self, bucket: ArchiveBucket, states: Mapping[str, str], present: Sequence[Leaf]) -> Manifest:
        """Return the manifest of the archive, which holds all that is there: written before, or now."""
        unverified = [leaf for leaf in present if states[leaf.table] != "verified"]
        manifest = bucket.find_manifest()
        if manifest is None:
            self._refuse_lost(states, present, bucket)
            self._unverify([leaf for leaf in present if leaf not in unverified])
            manifest, unverified = self._write(bucket, states, present), list(present)
        else:
            self._refuse_replaced(manifest, bucket, states, present)
        self._verify(bucket, manifest, unverified)
        compared = _in_archive(states) | {leaf.table for leaf in present}
        self._read_back(bucket, [table for table in manifest.tables if table.table not in compared])
        bucket.require(manifest)
        return manifest

    def _refuse_lost(self, states: Mapping[str, str], present: Sequence[Leaf], bucket: ArchiveBucket) -> None:
        """Refuse to write an archive without tables that are in it and nowhere else: it would pass for the whole."""
        lost = _in_archive(states) - {leaf.table for leaf in present}
        if lost:
            raise ManifestGoneError(self.tenant_id, sorted(lost), bucket.location.manifest_uri)

    def _refuse_replaced(
        self, manifest: Manifest, bucket: ArchiveBucket, states: Mapping[str, str], present: Sequence[Leaf]
    ) -> None:
        """Refuse a manifest that leaves something out: what is `verified` was compared with the one of that time."""
        uri = bucket.location.manifest_uri
        if manifest.tenant_id != self.tenant_id:
            raise ManifestError.damaged(f"the manifest is of tenant {manifest.tenant_id}", uri)
        wanted = _in_archive(states) | {leaf.table for leaf in present}
        left_out = wanted - {table.table for table in manifest.tables}
        if left_out:
            raise ManifestError.damaged(f"the manifest does not name {', '.join(sorted(left_out))}", uri)
        bucket.require(manifest)

    def _unverify(self, verified: Sequence[Leaf]) -> None:
        """Record that nothing is proved of these tables any more: the archive that it was said of is gone."""
        for leaf in verified:
            self.removal.execute("archives/record", [leaf], leaf=leaf, state="detached")

    def _write(self, bucket: ArchiveBucket, states: Mapping[str, str], present: Sequence[Leaf]) -> Manifest:
        tables = tuple(
            write_table(self.connection, leaf, bucket, self.removal.deadline, self.report)
            if leaf in present
            else ArchivedTable(leaf.table, (), 0, (), partition_was_gone=True)
            for leaf in self.removal.leaves
            if leaf.table in states
        )
        version, migration, created_at = self.connection.execute(sql.render("archives/server.sql.j2")).fetchall()[0]
        manifest = Manifest(self.tenant_id, self.layout, version, migration, created_at, tables)
        bucket.put_manifest(manifest)
        return manifest

    def _verify(self, bucket: ArchiveBucket, manifest: Manifest, unverified: Sequence[Leaf]) -> None:
        archived = {table.table: table for table in manifest.tables}
        for leaf in unverified:
            try:
                verify_table(self.connection, leaf, bucket, archived[leaf.table], self.removal.deadline, self.report)
            except ArchiveMismatchError:
                self.removal.execute("archives/forget", [leaf], tenant_id=self.tenant_id)
                raise
            self.removal.execute("archives/record", [leaf], leaf=leaf, state="verified")

    def _read_back(self, bucket: ArchiveBucket, tables: Sequence[ArchivedTable]) -> None:
        """Read what was written of partitions that are gone since: there is nothing left to compare it with."""
        deadline = self.removal.deadline
        for table in tables:
            done = 0
            for part in table.parts:
                if deadline.is_over:
                    raise ComparisonPausedError(self.tenant_id, table.table, deadline.budget_seconds, done)
                content_sha256(unpacked(bucket, part))
                done += part.rows
                self.report(table.table, done)
