"""Giving up a restore that cannot end: what it has made goes, and the tenant is where it was before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg

from strata import sql
from strata.archives.begun import refuse_in_the_way, registered_tables
from strata.archives.restore_errors import AbandonFailedError, NotRestoringError, abandon_command
from strata.archives.restoring import Restoring
from strata.database import connected
from strata.deadline import Deadline
from strata.partitions.inspect import observe

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from strata.partitions.render import Leaf

#: How long it waits for locks in all; what it does itself takes no time.
ABANDON_BUDGET_SECONDS: Final = 300.0


@dataclass(frozen=True)
class AbandonedRestore:
    """A restore that is given up, or would be.

    Args:
        tenant_id: who was being restored.
        archive_uri: where the archive is, whole as before.
        partitions: those that the restore had made.
        is_archived: whether the tenant is archived as before; the registry forgets one that it did not know.
    """

    tenant_id: str
    archive_uri: str
    partitions: tuple[str, ...]
    is_archived: bool


def abandon_restore(
    database: str | Connection, tenant_id: str, layout: Layout, budget_seconds: float = ABANDON_BUDGET_SECONDS
) -> AbandonedRestore:
    """Drop the partitions that a restore has made and not attached, and put the registry back; the archive is kept.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        tenant_id: who is being restored.
        layout: of the stack.
        budget_seconds: how long to wait in all while others hold locks.

    Raises:
        TenantIdError: the id cannot be a partition key.
        NotRestoringError: the tenant is not being restored, or no longer; nothing was changed.
        LeafInTheWayError: a partition is attached, or may be somebody else's; nothing was changed.
        RestoreTimeoutError: others held locks for the whole budget; nothing was changed.
        AbandonFailedError: PostgreSQL refused, or the connection broke.
    """
    with connected(database) as connection:
        run = Restoring(connection, tenant_id, layout, Deadline(budget_seconds), abandon_command(tenant_id))
        try:
            with run.alone():
                return run.change(lambda: _abandon(run))
        except psycopg.Error as error:
            raise AbandonFailedError(tenant_id, error) from error


def find_abandonable(connection: Connection, tenant_id: str, layout: Layout) -> AbandonedRestore:
    """Return what `abandon_restore` would do; change nothing.

    Raises:
        TenantIdError, NotRestoringError, LeafInTheWayError: as it would.
    """
    command = abandon_command(tenant_id)
    return _look(Restoring(connection, tenant_id, layout, Deadline(ABANDON_BUDGET_SECONDS), command))[0]


def _abandon(run: Restoring) -> AbandonedRestore:
    found, leaves = _look(run)
    run.connection.execute(sql.render("archives/abandon.sql.j2", tenant_id=run.tenant_id, leaves=leaves))
    return found


def _look(run: Restoring) -> tuple[AbandonedRestore, list[Leaf]]:
    """Return what there is to give up, and the partitions that go."""
    registered = registered_tables(run.connection, run.tenant_id)
    restoring = {one.table: one for one in registered if one.state == "restoring"}
    if not restoring:
        raise NotRestoringError(run.tenant_id, sorted({one.state for one in registered}))
    wanted = [leaf for leaf in run.leaves if leaf.table in restoring]
    observed = observe(run.connection, (leaf.qualified_name for leaf in wanted))
    refuse_in_the_way(wanted, observed, restoring.keys())
    made = [leaf for leaf in wanted if leaf.qualified_name in observed]
    uri = next(str(one.archive_uri) for one in restoring.values())
    is_archived = any(one.archived_at for one in registered)
    return AbandonedRestore(run.tenant_id, uri, tuple(leaf.name for leaf in made), is_archived), made
