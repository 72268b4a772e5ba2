"""Bringing an archive back: loaded beside the parents, proved byte for byte, and only then attached.

What could not end is refused before anything is made. Each part is loaded in one transaction with its count, so a run
that was killed goes on behind the last part that is there; a partition that is no longer like its parent is made anew,
as all its rows are in the archive. Until the end no query sees a row of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from strata import sql
from strata.archives.begun import find_begun
from strata.archives.bucket import ArchiveBucket
from strata.archives.content import Rename, unpacked
from strata.archives.errors import (
    ArchiveMismatchError,
    ArchivePausedError,
    RestoreFailedError,
    RestoreMismatchError,
    TenantPresentError,
)
from strata.archives.fit import archived_leaves, require_fit
from strata.archives.restore_errors import RestoredOtherwiseError, restore_command
from strata.archives.restoring import Restoring
from strata.archives.rows import exact_text, statement_timeout
from strata.archives.verify import verify_table
from strata.database import connected
from strata.deadline import Deadline
from strata.partitions.compare import OFFBOARDING_TRIGGER

if TYPE_CHECKING:
    from strata.archives.begun import Begun
    from strata.archives.bucket import ArchiveLocation
    from strata.archives.manifest import ArchivedTable
    from strata.archives.write import Report
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from strata.partitions.render import Leaf

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
        TenantPresentError: the tenant has partitions with other rows.
        ArchivedElsewhereError: the registry names another archive of the tenant.
        LeafInTheWayError: a table has the name of a partition, and no restore has made it.
        RestoreMismatchError: the archive does not fit the tables of this database.
        RestoreTimeoutError: others held locks.
        RestoredOtherwiseError: what was loaded is not what the archive holds.
        ArchiveBucketError, ManifestError: the archive cannot be read.
        ArchivePausedError: the budget is spent.
        RestoreFailedError: PostgreSQL refused; what was done stays done.
    """
    with connected(database) as connection:
        restore = _Restore(connection, location, tenant_id, layout, budget_seconds)
        try:
            return restore.run(report)
        except psycopg.Error as error:
            raise RestoreFailedError(restore.tenant_id, error, restore.command) from error


def check_restore(
    connection: Connection, location: ArchiveLocation, layout: Layout, *, tenant_id: str | None = None
) -> None:
    """Refuse what `restore_tenant` would refuse before it makes anything; change nothing.

    The restore takes a tenant for its own, too, that is there and whose every byte is the archive's; to know that it
    reads all of both.

    Raises:
        StrataError: as `restore_tenant`.
    """
    _Restore(connection, location, tenant_id, layout, RESTORE_BUDGET_SECONDS).check()


class _Restore:
    """One run for one tenant."""

    def __init__(
        self,
        connection: Connection,
        location: ArchiveLocation,
        tenant_id: str | None,
        layout: Layout,
        budget_seconds: float,
    ) -> None:
        self.connection = connection
        self.bucket = ArchiveBucket(location)
        self.manifest = manifest = self.bucket.manifest()
        self.tenant_id = manifest.tenant_id if tenant_id is None else tenant_id
        self.deadline = Deadline(budget_seconds)
        self.command = restore_command(manifest.tenant_id, location.uri, self.tenant_id)
        self.tenant = Restoring(connection, self.tenant_id, layout, self.deadline, self.command)
        self.leaves = self.tenant.leaves
        self.archived = archived_leaves(self.leaves, manifest, self.tenant_id)
        self.rename = Rename.of(manifest.tenant_id, self.tenant_id)

    def run(self, report: Report) -> RestoredTenant:
        with self.tenant.alone():
            try:
                self.check()
            except TenantPresentError as present:
                if not self._is_back(present, report):
                    raise
            else:
                self._bring_back(report)
        return RestoredTenant(self.tenant_id, {table.table: table.rows for table in self.manifest.tables})

    def check(self) -> None:
        """Refuse what could not end, before anything is made."""
        self._begun()
        self._require_fit()
        self.bucket.require(self.manifest)

    def _bring_back(self, report: Report) -> None:
        loaded = self.tenant.change(self._begin)
        for leaf, table in self.archived:
            self._load(leaf, table, loaded.get(leaf.table, 0), report)
            try:
                self._verify(leaf, table, report)
            except ArchiveMismatchError as mismatch:
                raise RestoredOtherwiseError(mismatch, self.command) from mismatch
        self.tenant.change(self._finish)

    def _is_back(self, present: TenantPresentError, report: Report) -> bool:
        """Return whether an earlier run has attached these very rows, and died before it could say so."""
        if set(present.states.values()) != {"active"}:
            return False
        try:
            self._require_fit()
            for leaf, table in self.archived:
                self._verify(leaf, table, report)
        except (ArchiveMismatchError, RestoreMismatchError):
            return False
        return True

    def _begun(self) -> Begun:
        return find_begun(self.connection, self.leaves, self.bucket.location.uri)

    def _require_fit(self) -> None:
        require_fit(self.connection, self.archived, self.manifest, self.tenant_id)

    def _verify(self, leaf: Leaf, table: ArchivedTable, report: Report) -> None:
        verify_table(self.connection, leaf, self.bucket, table, self.deadline, report, self.manifest.tenant_id)

    def _begin(self) -> dict[str, int]:
        """Make the partitions that no earlier run has made as they should be; return how many parts of others are back.

        A table may have been added or changed since the restore began.
        """
        begun = self._begun()
        script = sql.render(
            "archives/begin_restore.sql.j2",
            outdated=begun.outdated,
            kept=begun.kept,
            leaves=begun.new,
            uri=self.bucket.location.uri,
            trigger=OFFBOARDING_TRIGGER,
        )
        self.connection.execute(script)
        return begun.loaded

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
        # In buckets PostgreSQL reads each leaf through before it attaches it.
        script = sql.render("archives/finish_restore.sql.j2", leaves=self.leaves)
        self.connection.execute(f"{statement_timeout(self.deadline)}\n{script}")
