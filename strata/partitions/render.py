"""The statements that give a tenant its partitions, exactly as they are executed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from strata import sql
from strata.partitions.layout import Layout, immediate_parent
from strata.partitions.tables import PARTITIONED_TABLES
from strata.tenants import partition_name

#: The parts of an onboarding, in the order in which they run.
PARTS: Final = ("create_leaf", "leaf_check", "leaf_row_level_security", "attach_leaf", "register_leaf")


@dataclass(frozen=True)
class Leaf:
    """One tenant's partition of one table, as it should be.

    Args:
        table: the partitioned table, in schema ``app``.
        tenant_id: the only value its rows may have.
        name: its name, in schema ``partitions``.
        parent_schema: schema of what it is attached to.
        parent: what it is attached to: the table, or the tenant's bucket of it.
    """

    table: str
    tenant_id: str
    name: str
    parent_schema: str
    parent: str

    @property
    def qualified_name(self) -> str:
        """The leaf, quoted, as `to_regclass` reads it."""
        return f"partitions.{sql.identifier(self.name)}"

    @property
    def qualified_parent(self) -> str:
        """The immediate parent, quoted, as `to_regclass` reads it."""
        return f"{self.parent_schema}.{sql.identifier(self.parent)}"

    @property
    def top(self) -> str:
        """The partitioned table, quoted, as `to_regclass` reads it."""
        return f"app.{sql.identifier(self.table)}"

    @property
    def bound(self) -> str:
        """The partition bound as PostgreSQL writes it."""
        return f"FOR VALUES IN ({sql.literal(self.tenant_id)})"


def leaves(tenant_id: str, layout: Layout) -> tuple[Leaf, ...]:
    """Return the partitions that the tenant should have, in the order in which they are made.

    Raises:
        TenantIdError: the id cannot be a partition key.
    """
    return tuple(
        Leaf(table, tenant_id, partition_name(table, tenant_id), *immediate_parent(table, tenant_id, layout))
        for table in PARTITIONED_TABLES
    )


def render_part(part: str, leaf: Leaf) -> str:
    """Return the SQL of one of `PARTS` for a leaf."""
    return sql.render(f"partitions/{part}.sql.j2", leaf=leaf)


def render_onboarding(tenant_id: str, layout: Layout) -> dict[str, str]:
    """Return by table, in order, the SQL that makes the tenant's partition, exactly as it is executed.

    Raises:
        TenantIdError: the id cannot be a partition key.
    """
    return {leaf.table: "\n".join(render_part(part, leaf) for part in PARTS) for leaf in leaves(tenant_id, layout)}
