"""Where rows come from, whose they are, and which column of them becomes which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg.sql import Composable  # noqa: TC002 - part of a public type, which readers of its hints resolve

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class TenantJoin:
    """Rows belong to the tenant of what they refer to, for example to that of their user.

    Args:
        table: what they refer to, as ``schema.table``.
        on: column of the source -> column of the table; these are unique by an index, so that no row has two tenants.
        column: the table's column that holds the tenant.
    """

    table: str
    on: Mapping[str, str]
    column: str = "tenant_id"


@dataclass(frozen=True)
class Source:
    """An unpartitioned table with a primary key, and how its rows become rows of a partitioned one.

    Args:
        table: the source, as ``schema.table``.
        tenant_from: whose a row is: a column of the source, a join, or an SQL expression over the source, ``s``.
        fallback: the tenant of rows that map to none; without one, such rows are refused.
        columns: column of the partitioned table -> column of the source, or an SQL expression over the source, ``s``;
            those not named here come from the column of the same name.
        left_out: columns of the source that are not wanted.
    """

    table: str
    tenant_from: str | TenantJoin | Composable = "tenant_id"
    fallback: str | None = None
    columns: Mapping[str, str | Composable] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
