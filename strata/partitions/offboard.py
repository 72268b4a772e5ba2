"""Dropping a tenant's partitions with all their rows, without making others wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg

from strata.database import connected
from strata.deadline import Deadline
from strata.partitions import errors
from strata.partitions.detach import Removal

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.layout import Layout

#: How long one run works; the engine's queued calls end at 30 minutes.
OFFBOARDING_BUDGET_SECONDS: Final = 1200.0


def drop_tenant(
    database: str | Connection, tenant_id: str, layout: Layout, budget_seconds: float = OFFBOARDING_BUDGET_SECONDS
) -> None:
    """Drop the tenant's partitions and all their rows; what is gone already, or in an archive, is no error.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        tenant_id: whose partitions.
        layout: of the stack.
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
                removal.registered()
                present = removal.take_out_of_service()
                removal.drop("offboarding/drop_leaves", present)
        except psycopg.Error as error:
            raise errors.offboarding_failure(tenant_id, error, lost=connection.broken) from error
