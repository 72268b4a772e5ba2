"""Bringing an archive back: loaded beside the parents, proved byte for byte, and only then attached.

Each part is loaded in one transaction with its count, so a run that was killed goes on behind the last part that is
there. Until the end no query sees a row of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import psycopg

from strata import sql
from strata.advisory_locks import ONBOARD_KEY
from strata.archives.bucket import ArchiveBucket
from strata.archives.content import Rename, unpacked
from strata.archives.errors import (
    ArchiveMismatchError,
    ArchivePausedError,
    RestoreFailedError,
    RestoreMismatchError,
    TenantPresentError,
)
from strata.archives.rows import exact_text, read_shape, statement_timeout
from strata.archives.verify import verify_table
from strata.database import connected
from strata.deadline import Deadline
from strata.lock_retry import with_lock_retries
from strata.partitions import errors
from strata.partitions.blockers import find_blockers
from strata.partitions.render import Leaf, leaves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strata.archives.bucket import ArchiveLocation
    from strata.archives.manifest import ArchivedTable, Manifest
    from strata.archives.write import Report
    from strata.database import Connection
    from strata.partitions.layout import Layout

#: How long one run of a restore works; a person waits for it, not the engine.
RESTORE_BUDGET_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class RestoredTenant:
    """A tenant whose rows are back and attached: rows by table."""

    tenant_id: str
    rows: dict[str, int]


def restore_tenant(
    database: str | Connection,
    location: ArchiveLocation,
    layout: Layout,
    report: Report,
    *,
    tenant_id: str | None = None,
    budget_seconds: float = RESTORE_BUDGET_SECONDS,
) -> RestoredTenant:
    """Bring a tenant's archive back into this database, bit for bit, and attach its partitions.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        location: of the archive; of this or of another stack.
        layout: of this stack.
        report: called with table and rows on the way.
        tenant_id: the tenant that the rows belong to from now on; their own when None.
        budget_seconds: how long to work in all; a later run goes on from there.

    Raises:
        TenantPresentError: the tenant has partitions with other rows, or another archive of it is being restored.
        RestoreMismatchError: the archive does not fit the tables of this database.
        ArchiveMismatchError: what was loaded is not what the archive holds.
        ArchiveBucketError, ManifestError: the archive cannot be read.
        ArchivePausedError: the budget is spent.
        RestoreFailedError: PostgreSQL refused; what was done stays done.
    """
    bucket = ArchiveBucket(location)
    manifest = bucket.manifest()
    with connected(database) as connection:
        restore = _Restore(connection, bucket, manifest, tenant_id or manifest.tenant_id, layout, budget_seconds)
        try:
            return restore.run(report)
        except psycopg.Error as error:
            raise RestoreFailedError(restore.tenant_id, error) from error


class _Restore:
    """One run for one tenant."""

    def __init__(
        self,
        connection: Connection,
        bucket: ArchiveBucket,
        manifest: Manifest,
        tenant_id: str,
        layout: Layout,
        budget_seconds: float,
    ) -> None:
        self.connection = connection
        self.bucket = bucket
        self.manifest = manifest
        self.tenant_id = tenant_id
        self.leaves = leaves(tenant_id, layout)
        self.deadline = Deadline(budget_seconds)
        self.rename = Rename.of(manifest.tenant_id, tenant_id)

    def run(self, report: Report) -> RestoredTenant:
        archived = self._archived_tables()
        try:
            loaded = self._begin()
        except TenantPresentError as present:
            if not self._is_back(present, archived, report):
                raise
        else:
            for leaf, table in archived:
                self._check_columns(leaf, table)
                self._load(leaf, table, loaded[leaf.table], report)
                self._verify(leaf, table, report)
            self._finish()
        return RestoredTenant(self.tenant_id, {table.table: table.rows for table in self.manifest.tables})

    def _is_back(
        self, present: TenantPresentError, archived: Sequence[tuple[Leaf, ArchivedTable]], report: Report
    ) -> bool:
        """Return whether an earlier run has attached these very rows, and died before it could say so."""
        if set(present.states.values()) != {"active"}:
            return False
        try:
            for leaf, table in archived:
                self._check_columns(leaf, table)
                self._verify(leaf, table, report)
        except (ArchiveMismatchError, RestoreMismatchError):
            return False
        return True

    def _verify(self, leaf: Leaf, table: ArchivedTable, report: Report) -> None:
        verify_table(self.connection, leaf, self.bucket, table, self.deadline, report, self.manifest.tenant_id)

    def _archived_tables(self) -> list[tuple[Leaf, ArchivedTable]]:
        archived = {table.table: table for table in self.manifest.tables}
        unknown = archived.keys() - {leaf.table for leaf in self.leaves}
        if unknown:
            raise RestoreMismatchError(
                self.tenant_id, f"this database has no table {', '.join(sorted(unknown))}", self.manifest.migration
            )
        return [(leaf, archived[leaf.table]) for leaf in self.leaves if leaf.table in archived]

    def _begin(self) -> dict[str, int]:
        """Make the leaves that no earlier run has made, and return how many parts of each are loaded.

        Raises:
            TenantPresentError: there is something that a restore would mix with.
        """
        found = self.connection.execute(sql.render("archives/registered.sql.j2", tenant_id=self.tenant_id)).fetchall()
        uri = self.bucket.location.uri
        loaded = {}
        if any((state, archive) == ("restoring", uri) for _, state, archive, _ in found):
            loaded = {table: parts or 0 for table, _, _, parts in found}
        elif any(state != "archived" for _, state, _, _ in found):
            raise TenantPresentError(self.tenant_id, {table: state for table, state, _, _ in found})
        # A table that was added to the database since the restore began has no leaf yet.
        new = [leaf for leaf in self.leaves if leaf.table not in loaded]
        if new:
            self._retried(sql.render("archives/begin_restore.sql.j2", onboard_key=ONBOARD_KEY, leaves=new, uri=uri))
        return {**{leaf.table: 0 for leaf in new}, **loaded}

    def _check_columns(self, leaf: Leaf, table: ArchivedTable) -> None:
        """Refuse an archive whose columns the partition does not have as they were.

        Raises:
            RestoreMismatchError: one is missing, or of another type.
        """
        here = {column.name: column.type for column in read_shape(self.connection, leaf).columns}
        wrong = [
            f"{leaf.table}.{column.name} is {here.get(column.name, 'missing')} and not {column.type}"
            for column in table.columns
            if not column.generated and here.get(column.name) != column.type
        ]
        if wrong:
            raise RestoreMismatchError(self.tenant_id, "; ".join(wrong), self.manifest.migration)

    def _load(self, leaf: Leaf, table: ArchivedTable, loaded: int, report: Report) -> None:
        copy_in = sql.render("archives/copy_in.sql.j2", leaf=leaf, columns=table.copied_columns)
        rows = sum(part.rows for part in table.parts[:loaded])
        for number, part in enumerate(table.parts[loaded:], start=loaded + 1):
            if self.deadline.is_over:
                raise ArchivePausedError(self.tenant_id, leaf.table, self.deadline.budget_seconds, rows)
            with exact_text(self.connection, self.deadline):
                with self.connection.cursor() as cursor, cursor.copy(copy_in) as copy:
                    for piece in self.rename.apply(unpacked(self.bucket, part)):
                        copy.write(piece)
                self.connection.execute(sql.render("archives/restored.sql.j2", leaf=leaf, parts=number))
            rows += part.rows
            report(leaf.table, rows)

    def _finish(self) -> None:
        # In buckets PostgreSQL reads each leaf through before it attaches it. What is sent as one is one transaction.
        script = sql.render("archives/finish_restore.sql.j2", onboard_key=ONBOARD_KEY, leaves=self.leaves)
        self._retried(f"{statement_timeout(self.deadline)}\n{script}")

    def _retried(self, script: str) -> None:
        work = partial(self.connection.execute, script)
        with_lock_retries(self.connection, work, self.deadline.left_seconds, self._out_of_time)

    def _out_of_time(self, error: psycopg.Error) -> Exception:
        blockers = find_blockers(
            self.connection,
            [leaf.qualified_parent for leaf in self.leaves],
            detaching=False,
            above=[leaf.top for leaf in self.leaves],
            exclusive=[leaf.qualified_name for leaf in self.leaves],
        )
        return errors.OnboardingTimeoutError(self.tenant_id, self.deadline.budget_seconds, blockers, str(error))
