"""Dropping a tenant's partitions with all their rows, without making others wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg

from strata.database import connected
from strata.deadline import Deadline
from strata.partitions import errors
from strata.partitions.detach import Removal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strata.database import Connection
    from strata.partitions.detach import Registered
    from strata.partitions.layout import Layout

#: How long one run works; the engine's queued calls end at 30 minutes.
OFFBOARDING_BUDGET_SECONDS: Final = 1200.0


@dataclass(frozen=True)
class DroppedTenant:
    """A tenant without partitions.

    Args:
        tenant_id: whose they were.
        archive_left: where an archive of its rows was begun and never finished, which stays; None when there is none.
    """

    tenant_id: str
    archive_left: str | None


def _tell_nobody(_uri: str) -> None:
    """Leave it to the result."""


def drop_tenant(
    database: str | Connection,
    tenant_id: str,
    layout: Layout,
    tell: Callable[[str], None] = _tell_nobody,
    budget_seconds: float = OFFBOARDING_BUDGET_SECONDS,
) -> DroppedTenant:
    """Drop the tenant's partitions and all their rows; what is gone already, or in an archive, is no error.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        tenant_id: whose partitions.
        layout: of the stack.
        tell: called with the place of an archive that was begun, before the drop: nothing knows of it afterwards.
        budget_seconds: how long to work in all; a later run goes on from there.

    Raises:
        TenantIdError: the id cannot be a partition key.
        TenantArchivedError: the tenant is on its way back from an archive; nothing was changed.
        PartitionMismatchError: a partition hangs from another parent, something else depends on it, or nothing proves
            that a table of its name holds this tenant's rows only; nothing was changed, or nothing was dropped.
        OffboardingTimeoutError: others held locks for the rest of the budget.
        OffboardingFailedError: PostgreSQL refused; what was done stays done.
        ConnectionLostError: the connection broke; what was done stays done.
    """
    with connected(database) as connection:
        removal = Removal(connection, tenant_id, layout, Deadline(budget_seconds))
        try:
            with removal.alone():
                left = _archive_left(removal.registered())
                present = removal.take_out_of_service()
                if left is not None:
                    tell(left)
                removal.drop("offboarding/drop_leaves", present)
        except psycopg.Error as error:
            raise errors.offboarding_failure(tenant_id, error, lost=connection.broken) from error
    return DroppedTenant(tenant_id, left)


def _archive_left(registered: Mapping[str, Registered]) -> str | None:
    """Return where an archive was begun; one that holds a table is no rest, and the registry keeps its place."""
    finished = {one.archive_uri for one in registered.values() if one.state == "archived"}
    begun = {one.archive_uri for one in registered.values() if one.archive_uri is not None} - finished
    return min(begun) if begun else None
