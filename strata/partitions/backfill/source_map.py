"""The map: a temporary table that holds what is copied, ordered by tenant and by the source's key.

The source is read for it once. Whatever is wrong with the rows taken together is found here, before one is copied.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata import sql
from strata.partitions.backfill.errors import SharedKeyError, UnmappedRowsError, UnstableKeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.database import Connection
    from strata.partitions.backfill.plan import Plan

#: How many rows have their keys made again, to see that they stay.
_TRIED_ROWS: Final = 100


@dataclass(frozen=True)
class TenantRange:
    """Where one tenant's rows are: behind the first position, up to the last.

    Args:
        tenant_id: whose.
        first: the position before its first row.
        last: the position of its last row.
    """

    tenant_id: str
    first: int
    last: int

    @property
    def rows(self) -> int:
        """How many it has."""
        return self.last - self.first


@contextmanager
def mapped(connection: Connection, plan: Plan, tenant_id: str | None) -> Iterator[tuple[TenantRange, ...]]:
    """Make the map, and give the tenants' ranges in it; it is gone at the end.

    Args:
        connection: as the owner of the tables, in autocommit.
        plan: how rows become rows.
        tenant_id: whose rows alone are read; all when None.

    Raises:
        UnmappedRowsError: rows of the source belong to no tenant.
        UnstableKeyError: the key of a row is another one each time it is made.
        SharedKeyError: rows of the source would get the key of another row of their tenant.
    """
    with connection.transaction():
        connection.execute(sql.render("backfill/limits.sql.j2"))
        connection.execute(sql.render("backfill/map.sql.j2", plan=plan, tenant_id=tenant_id))
        ranges = _ranges(connection, plan)
        _refuse_shared_keys(connection, plan)
    try:
        _refuse_unstable_keys(connection, plan)
        yield ranges
    finally:
        if not connection.closed:
            connection.execute("DROP TABLE IF EXISTS pg_temp.strata_backfill")


def source_key(connection: Connection, plan: Plan, position: int) -> str:
    """Return the source's primary key of one row of the map, as text for people."""
    (values,) = connection.execute(sql.render("backfill/key.sql.j2", plan=plan, position=position)).fetchall()
    return ", ".join(f"{name} = {value}" for name, value in zip(plan.source_key, values, strict=True))


def _ranges(connection: Connection, plan: Plan) -> tuple[TenantRange, ...]:
    ranges = []
    for tenant_id, first, last in connection.execute(sql.render("backfill/ranges.sql.j2")).fetchall():
        if tenant_id is None:
            raise UnmappedRowsError(plan.source, plan.table, last - first)
        ranges.append(TenantRange(tenant_id, first, last))
    return tuple(ranges)


def _refuse_shared_keys(connection: Connection, plan: Plan) -> None:
    if plan.keeps_keys_apart:
        return
    found = connection.execute(sql.render("backfill/shared_keys.sql.j2", plan=plan)).fetchone()
    if found:
        rows, tenant_id, *positions = found
        one, other = (source_key(connection, plan, position) for position in positions)
        raise SharedKeyError(plan, rows, tenant_id, (one, other))


def _refuse_unstable_keys(connection: Connection, plan: Plan) -> None:
    if all(column.origin for column in plan.key_columns):
        return
    query = sql.render("backfill/keys_again.sql.j2", plan=plan, rows=_TRIED_ROWS)
    # Two transactions, as now() stays through one; one right after the other, as the source may be in use.
    once, again = ({position: key for position, *key in connection.execute(query).fetchall()} for _ in range(2))
    for position in sorted(once.keys() & again.keys()):
        if once[position] != again[position]:
            raise UnstableKeyError(plan, source_key(connection, plan, position))
