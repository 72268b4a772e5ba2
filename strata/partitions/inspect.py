"""What a tenant's partitions are, and how that differs from what they should be.

A leaf is compared with the parent it hangs from, column by name, so a migration of the parent is no drift.
Its digest says "as it should be", or lists what is not, so that the wanted digest needs no database.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg.rows import namedtuple_row

from strata import sql
from strata.partitions.compare import WRITES_REFUSED, Difference, compare
from strata.partitions.layout import bucket_of, how_to_make_again
from strata.partitions.render import Leaf, leaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from strata.database import Connection
    from strata.partitions.layout import Layout


@dataclass(frozen=True)
class ObservedTenant:
    """A tenant's partitions as they are.

    Args:
        tenant_id: whose.
        partitions: name by table, of those that exist.
        digests: digest by table, of those that exist; equal to the wanted one when nothing differs.
        differences: by table, each difference and how to settle it; tables without any are left out.
    """

    tenant_id: str
    partitions: dict[str, str]
    digests: dict[str, str]
    differences: dict[str, tuple[str, ...]]


def inspect_tenant(connection: Connection, tenant_id: str, layout: Layout) -> ObservedTenant:
    """Return the tenant's partitions as they are, from one catalog query.

    Raises:
        TenantIdError: the id cannot be a partition key.
    """
    wanted = leaves(tenant_id, layout)
    differences = _allowed_to_leave(connection, tenant_id, find_differences(connection, wanted))
    present = [leaf for leaf in wanted if differences[leaf.table] is not None]
    return ObservedTenant(
        tenant_id,
        {leaf.table: leaf.name for leaf in present},
        {leaf.table: _digest(leaf, differences[leaf.table] or ()) for leaf in present},
        {table: _messages(found) for table, found in differences.items() if found != ()},
    )


def wanted_digests(tenant_id: str, layout: Layout) -> dict[str, str]:
    """Return by table the digest that `inspect_tenant` finds when nothing differs; needs no database.

    Raises:
        TenantIdError: the id cannot be a partition key.
    """
    return {leaf.table: _digest(leaf, ()) for leaf in leaves(tenant_id, layout)}


def find_differences(connection: Connection, wanted: Sequence[Leaf]) -> dict[str, tuple[Difference, ...] | None]:
    """Return by table how each leaf of a tenant differs from what it should be; None for one that does not exist."""
    return {leaf.table: found for leaf, found in compare_leaves(connection, wanted)}


def compare_leaves(connection: Connection, wanted: Sequence[Leaf]) -> list[tuple[Leaf, tuple[Difference, ...] | None]]:
    """Return how each leaf, whosever it is, differs from what it should be; None for one that does not exist."""
    observed = observe(connection, (name for leaf in wanted for name in (leaf.qualified_name, leaf.qualified_parent)))
    return [(leaf, _compared(leaf, observed) if leaf.qualified_name in observed else None) for leaf in wanted]


def _compared(leaf: Leaf, observed: Mapping[str, Any]) -> tuple[Difference, ...]:
    parent = observed.get(leaf.qualified_parent)
    if parent is None:
        bucket = bucket_of(leaf.tenant_id) if leaf.qualified_parent != leaf.top else None
        what = f"{leaf.qualified_parent}, which it belongs to, is not there"
        return (Difference(what, how_to_make_again(leaf.table, bucket)),)
    return compare(leaf, observed[leaf.qualified_name], parent)


def observe(connection: Connection, relations: Iterable[str]) -> dict[str, Any]:
    """Return the rows of ``partitions/inspect.sql.j2`` by relation, of those that exist."""
    query = sql.render("partitions/inspect.sql.j2", relations=list(dict.fromkeys(relations)))
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(query).fetchall()
    return {row.relation: row for row in rows}


_Differences = dict[str, tuple[Difference, ...] | None]


def _allowed_to_leave(connection: Connection, tenant_id: str, differences: _Differences) -> _Differences:
    """Return the differences without the refusal of writes where the tenant's removal has begun: there it is meant."""
    if not any(one.what == WRITES_REFUSED for found in differences.values() for one in found or ()):
        return differences
    leaving = "SELECT FROM strata.tenant_partitions WHERE tenant_id = %s AND state <> 'active'"
    if connection.execute(leaving, (tenant_id,)).fetchone() is None:
        return differences
    return {
        table: found and tuple(one for one in found if one.what != WRITES_REFUSED)
        for table, found in differences.items()
    }


_MISSING: Final = "there is no such partition; settle: pulumi up --refresh creates it"


def _messages(found: tuple[Difference, ...] | None) -> tuple[str, ...]:
    return (_MISSING,) if found is None else tuple(map(str, found))


def _digest(leaf: Leaf, found: tuple[Difference, ...]) -> str:
    facts = [leaf.table, leaf.tenant_id, leaf.name, leaf.qualified_parent, [difference.what for difference in found]]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
