"""The registry compared with the catalog: one pass over both, cheap enough for every partition of a stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg.rows import namedtuple_row

from strata import sql
from strata.figures import label
from strata.partitions.compare import OFFBOARDING_TRIGGER
from strata.partitions.layout import Layout, immediate_parent
from strata.tenant_command import tenant_command
from strata.tenants import partition_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.database import Connection

#: States in which a partition is there and hangs from nothing.
_DETACHED: Final = frozenset({"detached", "verified", "restoring"})


@dataclass(frozen=True)
class RegistryDifference:
    """One thing that the registry and the catalog do not agree on, or that is not as it should be.

    Args:
        partition: name of the partition, or of what partitions hang from.
        tenant_id: whose, as the registry has it; None for a partition that it does not know.
        table: likewise.
        state: likewise.
        what: the fact.
        settle: what brings the two together.
        schema: of the partition.
    """

    partition: str
    tenant_id: str | None
    table: str | None
    state: str | None
    what: str
    settle: str
    schema: str = "partitions"

    def __str__(self) -> str:
        owner = "" if self.tenant_id is None else f" (tenant {self.tenant_id}, {self.state})"
        # One line, whatever the id and the names hold: what goes to a terminal can neither move it nor forge a line.
        return label(f"{self.schema}.{self.partition}{owner}: {self.what}; settle: {self.settle}")


def find_registry_differences(
    connection: Connection, layout: Layout, tenant_id: str | None = None
) -> tuple[RegistryDifference, ...]:
    """Return all that the registry and the catalog do not agree on, ordered by partition; nothing when they agree.

    Orphan partitions, rows without a partition, states that the catalog contradicts, names, bounds and parents that
    are another tenant's, and active partitions that still refuse writes. Columns and indexes are compared, tenant by
    tenant, by `strata.partitions.inspect.inspect_tenant`.

    Args:
        connection: as the owner of the tables.
        layout: of the stack.
        tenant_id: only this tenant's; then partitions that the registry does not know are left out.
    """
    query = sql.render("statistics/registry_and_catalog.sql.j2", trigger=OFFBOARDING_TRIGGER, tenant_id=tenant_id)
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(query).fetchall()
    return tuple(
        RegistryDifference(row.partition_name, row.tenant_id, row.table_name, row.state, what, settle)
        for row in rows
        for what, settle in (_unknown(row) if row.tenant_id is None else _known(row, layout))
    )


def _unknown(row: Any) -> Iterator[tuple[str, str]]:
    place = f"attached to {row.parent_schema}.{row.parent} {row.bound}" if row.parent else "attached to nothing"
    yield (
        f"the registry does not know it; {place}",
        "pulumi up --refresh with its tenant in the config adopts it; or find out whose rows it holds, and drop it",
    )


def _known(row: Any, layout: Layout) -> Iterator[tuple[str, str]]:
    wanted = partition_name(row.table_name, row.tenant_id)
    if row.partition_name != wanted:
        yield f"this tenant's partition is named {wanted}", "find out whose rows it holds"
    if row.state == "archived":
        if row.exists:
            yield "archived, and still there", "find out whose rows it holds before it is dropped"
    elif not row.exists:
        yield "there is no such partition", _SETTLE_MISSING.get(row.state) or _restore_or_not(row)
    elif row.state in _DETACHED:
        if row.parent:
            yield f"attached to {row.parent_schema}.{row.parent}", _SETTLE_ATTACHED.get(row.state) or _detach_first(row)
    else:
        yield from _in_place(row, layout)


def _in_place(row: Any, layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with where an active partition hangs, or one whose removal has begun and may have ended."""
    if row.parent is None:
        if row.state == "active":
            yield "not attached", "pulumi up --refresh attaches it"
        return
    bound = f"FOR VALUES IN ({sql.literal(row.tenant_id)})"
    if (row.parent_schema, row.parent, row.bound) != (*immediate_parent(row.table_name, row.tenant_id, layout), bound):
        yield f"attached to {row.parent_schema}.{row.parent} {row.bound}", "find out whose rows it holds"
    if row.pending:
        yield "half detached", _finish_detach(row)
    if row.state == "active" and row.refuses_writes:
        yield "writes to it are refused", f"DROP TRIGGER {OFFBOARDING_TRIGGER} ON {_qualified(row)}"


def _finish_detach(row: Any) -> str:
    if row.state != "active":
        return "run its removal again, unless it is running: pulumi up"
    return f"{_detach(row)} FINALIZE, then pulumi up --refresh"


def _detach_first(row: Any) -> str:
    restore = tenant_command("restore", row.tenant_id)
    return f"find out who attached it; {_detach(row)} CONCURRENTLY, then {restore}, which makes it as it should be"


def _restore_or_not(row: Any) -> str:
    restore, abandon = tenant_command("restore", row.tenant_id), tenant_command("restore", row.tenant_id, "--abandon")
    return f"{restore} makes it anew; or, to give the restore up, {abandon}"


def _detach(row: Any) -> str:
    parent = f"{row.parent_schema}.{sql.identifier(row.parent)}"
    return f"ALTER TABLE {parent} DETACH PARTITION {_qualified(row)}"


def _qualified(row: Any) -> str:
    return f"partitions.{sql.identifier(row.partition_name)}"


_RUN_AGAIN: Final = "run its removal again: pulumi up"
_GO_ON_WITHOUT: Final = f"{_RUN_AGAIN}; it goes on with what is there, and names this table"
_SETTLE_MISSING: Final = {
    "active": "pulumi up --refresh creates it, empty; restore its rows first when they are wanted",
    "offboarding": _GO_ON_WITHOUT,
    "detached": _GO_ON_WITHOUT,
    "verified": _RUN_AGAIN,
}
_SETTLE_ATTACHED: Final = {
    "detached": _RUN_AGAIN,
    "verified": "find out who attached it: rows written since then are not in its archive",
}
