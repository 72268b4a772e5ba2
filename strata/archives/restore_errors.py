"""What stands in the way of a restore, and of giving one up.

StrataError
  ArchivedElsewhereError    the registry names another archive of the tenant, and would lose sight of it
  LeafInTheWayError         a table has the name of a partition, and is none that a restore has made
  ArchiveMismatchError
    RestoredOtherwiseError  what was loaded is not what the archive holds
  RestoreTimeoutError       others held locks
  NotRestoringError         there is nothing to give up
  AbandonFailedError        PostgreSQL refused to give it up
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.archives.errors import ArchiveMismatchError
from strata.errors import StrataError
from strata.partitions.blockers import describe, how_to_end
from strata.tenant_command import option, tenant_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from strata.partitions.blockers import Blocker

#: The class of a connection that broke; 57 is that of a session that was ended.
_BROKEN: Final = "08"


def restore_command(archived_tenant: str, uri: str, tenant_id: str) -> str:
    """Return the command that brings an archive back, whatever the registry knows of it.

    Args:
        archived_tenant: whose rows it holds.
        uri: where it is.
        tenant_id: the tenant that they belong to from now on.
    """
    new_id = () if tenant_id == archived_tenant else option("--as", tenant_id)
    return tenant_command("restore", archived_tenant, "--from", uri, *new_id)


def abandon_command(tenant_id: str) -> str:
    """Return the command that gives up the restore of a tenant."""
    return tenant_command("restore", tenant_id, "--abandon")


class ArchivedElsewhereError(StrataError):
    """The registry is all that leads to the tenant's archive, and a restore of another one would overwrite it."""

    def __init__(self, tenant_id: str, state: str, registered_uri: str, uri: str) -> None:
        forget = tenant_command("forget", tenant_id, *option("--confirm", tenant_id))
        archived = state == "archived"
        first = f"{forget}, which keeps that archive and prints its place" if archived else abandon_command(tenant_id)
        super().__init__(
            f"the tenant is {'archived' if archived else 'being restored from an archive'} in another place",
            where={"tenant": tenant_id, "its archive": registered_uri, "asked for": uri},
            allowed="the archive that the registry names, or a tenant that it has none of",
            next_command=f"{tenant_command('restore', tenant_id)}, to have that archive back; or, for the other one,"
            f" first {first}",
        )
        self.tenant_id = tenant_id
        self.registered_uri = registered_uri
        self.uri = uri


class LeafInTheWayError(StrataError):
    """A table has the name of the tenant's partition, and nothing says that a restore has made it."""

    def __init__(self, tenant_id: str, doubts: Mapping[str, str]) -> None:
        listed = " | ".join(f"{table}: {doubt}" for table, doubt in doubts.items())
        super().__init__(
            f"what has the name of a partition is none that the restore has made: {listed}",
            where={"tenant": tenant_id},
            allowed="no such table, or one that this restore has made and that is attached to nothing",
            next_command="settle each as it says, then run the same command again",
        )
        self.tenant_id = tenant_id
        self.doubts = dict(doubts)


class RestoredOtherwiseError(ArchiveMismatchError):
    """What was loaded is not what the archive holds: somebody wrote to the partition, and nothing was attached."""

    def __init__(self, mismatch: ArchiveMismatchError, command: str) -> None:
        super().__init__(mismatch.tenant_id, mismatch.table, "")
        self.what = mismatch.what
        self.next_command = f"{abandon_command(mismatch.tenant_id)}, then {command}: it loads all anew"


class RestoreTimeoutError(StrataError):
    """Others held locks; what was done stays done, and the next run goes on from there."""

    def __init__(self, tenant_id: str, blockers: Sequence[Blocker], reason: str, command: str) -> None:
        super().__init__(
            f"the restore met a lock: {' '.join(reason.split())}; held by {describe(blockers)}",
            where={"tenant": tenant_id},
            next_command=f"{how_to_end(blockers)}{command}",
        )
        self.tenant_id = tenant_id
        self.blockers = tuple(blockers)


class NotRestoringError(StrataError):
    """No restore of the tenant has begun, or it is done, or given up already."""

    def __init__(self, tenant_id: str, states: Sequence[str]) -> None:
        super().__init__(
            f"the tenant is not being restored: {', '.join(states) or 'the registry does not know it'}",
            where={"tenant": tenant_id},
            allowed="a tenant whose partitions are restoring",
            next_command=tenant_command("show", tenant_id) if states else "strata tenant list",
        )
        self.tenant_id = tenant_id
        self.states = tuple(states)


class AbandonFailedError(StrataError):
    """PostgreSQL refused, and nothing was changed; or the connection broke, and all was done or nothing."""

    def __init__(self, tenant_id: str, error: psycopg.Error) -> None:
        abandon = abandon_command(tenant_id)
        refused = (error.sqlstate or _BROKEN)[:2] not in {_BROKEN, "57"}
        super().__init__(
            f"{'the restore is not given up' if refused else 'it is not known whether the restore is given up'}:"
            f" {error.sqlstate or 'no answer'}: {' '.join(str(error).split())}",
            where={"tenant": tenant_id},
            next_command=f"settle what is named, then {abandon}"
            if refused
            else f"{abandon}: it says that the tenant is not being restored if it is done",
        )
        self.tenant_id = tenant_id
        self.sqlstate = error.sqlstate
