"""What can go wrong with an archive.

StrataError
  ArchivePausedError        the time of one run is over; the next one goes on
    ComparisonPausedError   ... with the comparison of this table from its beginning
  ArchiveMismatchError      the archive is not what the partition holds
  ManifestGoneError         rows are in an archive only, and its manifest is not there
  TenantPresentError        a restore would mix with what is there
  RestoreMismatchError      the archive does not fit the tables
  RestoreFailedError        PostgreSQL refused
  NotArchivedError          there is nothing to forget
  ForgetFailedError         PostgreSQL refused to forget
  (ArchiveBucketError, ManifestError and NoPrimaryKeyError stand beside what raises them)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.errors import StrataError
from strata.tenant_command import tenant_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg


class ArchivePausedError(StrataError):
    """The time of one run is over; what was done stays done, and the next run goes on from there."""

    def __init__(self, tenant_id: str, table: str, budget_seconds: float, rows: int) -> None:
        super().__init__(
            f"stopped after {budget_seconds / 60:.0f} minutes of work, with {rows} rows of this table done",
            where={"tenant": tenant_id, "table": table},
            next_command="run the same command again: it goes on from here",
        )
        self.tenant_id = tenant_id
        self.table = table
        self.rows = rows


class ComparisonPausedError(ArchivePausedError):
    """The time of one run is over before a table was compared as a whole; half a comparison proves nothing."""

    def __init__(self, tenant_id: str, table: str, budget_seconds: float, rows: int) -> None:
        super().__init__(tenant_id, table, budget_seconds, rows)
        self.what = f"stopped after {budget_seconds / 60:.0f} minutes of work, with {rows} rows of this table compared"
        self.allowed = "the comparison of a table in one run; the next run begins it anew, and keeps all else"
        self.next_command = (
            f"run the same command again; if it stops here again: {tenant_command('archive', tenant_id)}, which"
            " works for up to 24 hours, then pulumi up"
        )


class ArchiveMismatchError(StrataError):
    """What was read back is not what the partition holds; nothing was dropped."""

    def __init__(self, tenant_id: str, table: str, what: str) -> None:
        super().__init__(
            f"the archive and the partition differ: {what}",
            where={"tenant": tenant_id, "table": table},
            allowed="the same rows, byte for byte",
            next_command="find out who wrote to the partition; the same command again writes a new archive",
        )
        self.tenant_id = tenant_id
        self.table = table


class ManifestGoneError(StrataError):
    """Rows of the tenant are in an archive only, and what says of which objects it consists is gone."""

    def __init__(self, tenant_id: str, tables: Sequence[str], manifest_uri: str) -> None:
        super().__init__(
            f"the manifest of the archive is gone, and these tables are nowhere else: {', '.join(tables)}",
            where={"tenant": tenant_id, "object": manifest_uri},
            allowed="the manifest that was there when they were dropped; this run has written and dropped nothing",
            next_command="bring its earlier version back: the bucket keeps them; then run the same command again",
        )
        self.tenant_id = tenant_id
        self.tables = tuple(tables)


class TenantPresentError(StrataError):
    """The tenant has partitions, or something else is being done with it."""

    def __init__(self, tenant_id: str, states: Mapping[str, str]) -> None:
        found = ", ".join(f"{table} {state}" for table, state in sorted(states.items()))
        super().__init__(
            f"the tenant is there already: {found}",
            where={"tenant": tenant_id},
            allowed="a tenant without partitions: a new id, or one that is archived",
            next_command=tenant_command("show", tenant_id),
        )
        self.tenant_id = tenant_id
        self.states = dict(states)


class RestoreMismatchError(StrataError):
    """The archive was written by tables that are not like those of this database; nothing was attached."""

    def __init__(self, tenant_id: str, what: str, migration: int) -> None:
        super().__init__(
            f"the archive does not fit: {what}",
            where={"tenant": tenant_id, "archived at migration": migration},
            allowed="tables that have every column of the archive as it was, and ask for no more",
            next_command="restore into a stack of that migration, or settle each by a migration; then run the same"
            " command again",
        )
        self.tenant_id = tenant_id


#: Data exception, constraint violated, dependent objects, syntax error or access rule: the same again fails again.
_REFUSED_CLASSES: Final = frozenset({"22", "23", "2B", "42"})


class RestoreFailedError(StrataError):
    """PostgreSQL refused, or the connection broke; what was done stays done."""

    def __init__(self, tenant_id: str, error: psycopg.Error, command: str) -> None:
        abandon = tenant_command("restore", tenant_id, "--abandon")
        stays = (error.sqlstate or "")[:2] in _REFUSED_CLASSES
        super().__init__(
            f"the restore failed: {error.sqlstate}: {' '.join(str(error).split())}",
            where={"tenant": tenant_id},
            next_command=f"settle what is named, then {command}; or give the restore up: {abandon}"
            if stays
            else f"{command}: it goes on from here",
        )
        self.tenant_id = tenant_id
        self.sqlstate = error.sqlstate


class NotArchivedError(StrataError):
    """The tenant is not archived, or not as a whole."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(
            "the tenant is not archived",
            where={"tenant": tenant_id},
            allowed="a tenant whose tables are all in an archive",
            next_command=tenant_command("show", tenant_id),
        )
        self.tenant_id = tenant_id


class ForgetFailedError(StrataError):
    """PostgreSQL refused, or the connection broke; the tenant is archived as before, or forgotten as a whole."""

    def __init__(self, tenant_id: str, error: psycopg.Error) -> None:
        super().__init__(
            f"it is not known whether the tenant is forgotten: {error.sqlstate or 'no answer'}:"
            f" {' '.join(str(error).split())}",
            where={"tenant": tenant_id},
            next_command="run the same command again: it says that the tenant is not archived if it is forgotten",
        )
        self.tenant_id = tenant_id
        self.sqlstate = error.sqlstate
