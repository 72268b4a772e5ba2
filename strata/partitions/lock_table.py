"""How many tenants a layout and a lock table carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from strata.partitions.layout import Layout

#: Most tenants of each layout. Measured: with `list`, every new partition makes each session rebuild the parent, and a
#: creation costs 10 ms of CPU more per 1,000 tenants; with `bucketed`, both are those of a 64th of the tenants.
LAYOUT_LIMITS: Final[dict[Layout, int]] = {"list": 1_000, "bucketed": 10_000}

#: Values of `max_locks_per_transaction` that are used: steps, because a change needs a restart of the instance.
STEPS: Final = (64, 256, 512, 1024, 2048)
# The lock table has max_locks_per_transaction * (max_connections + max_prepared_transactions + auxiliary processes)
# slots; the last two make about 22 on RDS.
_AUXILIARY_SLOTS: Final = 22
# The dearest statement takes 12 locks per tenant and table: measured, DROP TABLE of a parent with two indexes fails
# at 1,000 leaves with 64 * 100 slots. A query that cannot prune takes 3 in each session that runs it.
_LOCKS_PER_LEAF: Final = 12


class LockTableError(StrataError):
    """More tenants than any step of the lock table takes."""


#: RDS's for 4 GiB, ``LEAST(DBInstanceClassMemory / 9531392, 5000)``.
USUAL_CONNECTIONS: Final = 450


def max_locks_per_transaction(capacity: int, tables: int, max_connections: int = USUAL_CONNECTIONS) -> int:
    """Return the `max_locks_per_transaction` with which one transaction can touch every partition of every table.

    Args:
        capacity: most tenants the stack will ever have.
        tables: number of partitioned tables.
        max_connections: of the instance.

    Raises:
        LockTableError: no step is enough.
    """
    needed = _LOCKS_PER_LEAF * capacity * tables
    for step in STEPS:
        if step * (max_connections + _AUXILIARY_SLOTS) >= needed:
            return step
    raise LockTableError(
        f"{capacity} tenants in {tables} tables need {needed} locks",
        where={"max_connections": max_connections},
        allowed=f"{STEPS[-1] * (max_connections + _AUXILIARY_SLOTS) // (_LOCKS_PER_LEAF * tables)} tenants",
    )
