"""Rows that the partitions hold under a tenant that the source gives them to no longer.

They stay until somebody deletes them, and meanwhile one customer's rows are visible to another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from strata import sql
from strata.lock_retry import with_lock_retries
from strata.partitions.backfill.errors import BackfillBusyError
from strata.partitions.backfill.results import TenantBackfill

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from strata.database import Connection
    from strata.partitions.backfill.plan import Plan

#: How long the look at the partitions tries while others hold locks on them.
LOCK_BUDGET_SECONDS: Final = 60.0


@dataclass(frozen=True)
class MovedRows:
    """How many there are in one tenant's partition, and the key of one of them."""

    rows: int
    example: str


def find_moved(connection: Connection, plan: Plan, tenant_id: str | None) -> dict[str, MovedRows]:
    """Return, by the tenant whose partition holds them, the rows that the source gives to other tenants alone.

    Args:
        connection: that has the map, in autocommit.
        plan: how rows become rows.
        tenant_id: whose partition alone is looked at, if the map has this tenant's rows alone.

    Raises:
        BackfillBusyError: others held locks on a partition for the whole budget.
    """

    def look() -> dict[str, MovedRows]:
        template = "moved" if tenant_id is None else "moved_of_tenant"
        query = sql.render(f"backfill/{template}.sql.j2", plan=plan, tenant_id=tenant_id)
        with connection.transaction():
            connection.execute(sql.render("backfill/limits.sql.j2"))
            return {whose: MovedRows(rows, example) for whose, rows, example in connection.execute(query).fetchall()}

    return with_lock_retries(
        connection, look, LOCK_BUDGET_SECONDS, lambda error: BackfillBusyError(plan.source, plan.table, error)
    )


def with_moved(
    tenants: Iterable[TenantBackfill], moved: Mapping[str, MovedRows], table: str
) -> tuple[TenantBackfill, ...]:
    """Return the results with what was found moved; a tenant that has no row in the source any more has one, too."""
    known = {tenant.tenant_id: tenant for tenant in tenants}
    for tenant_id, found in moved.items():
        result = known.get(tenant_id, TenantBackfill(tenant_id, table, 0))
        known[tenant_id] = replace(result, moved=found.rows, moved_example=found.example)
    return tuple(sorted(known.values(), key=lambda tenant: tenant.tenant_id.encode()))
