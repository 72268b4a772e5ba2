"""Whether the rows of an archive fit the tables of this database, asked before anything is made for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from strata import sql
from strata.archives.errors import RestoreMismatchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from strata.archives.manifest import ArchivedTable, Column, Manifest
    from strata.database import Connection
    from strata.partitions.render import Leaf


@dataclass(frozen=True)
class _ParentColumn:
    """A column that a new partition gets.

    Args:
        type: as `strata.archives.manifest.Column` has it.
        generated: whether PostgreSQL computes it.
        required: NOT NULL, and without a default.
    """

    type: str
    generated: bool
    required: bool


def archived_leaves(wanted: Sequence[Leaf], manifest: Manifest, tenant_id: str) -> list[tuple[Leaf, ArchivedTable]]:
    """Return each partition that has rows in the archive, with what the manifest says of it.

    Raises:
        RestoreMismatchError: the archive has a table that this database has not.
    """
    archived = {table.table: table for table in manifest.tables}
    unknown = archived.keys() - {leaf.table for leaf in wanted}
    if unknown:
        what = f"this database has no table {', '.join(sorted(unknown))}"
        raise RestoreMismatchError(tenant_id, what, manifest.migration)
    return [(leaf, archived[leaf.table]) for leaf in wanted if leaf.table in archived]


def require_fit(
    connection: Connection, archived: Sequence[tuple[Leaf, ArchivedTable]], manifest: Manifest, tenant_id: str
) -> None:
    """Refuse an archive whose columns the parents of the partitions do not have as they were.

    Raises:
        RestoreMismatchError: one is missing, of another type, generated on one side only, or must have a value that
            the archive does not hold.
    """
    wrong = [
        f"{leaf.table}.{misfit}"
        for leaf, table in archived
        for misfit in _misfits(table, _parent_columns(connection, leaf))
    ]
    if wrong:
        raise RestoreMismatchError(tenant_id, "; ".join(wrong), manifest.migration)


def _parent_columns(connection: Connection, leaf: Leaf) -> dict[str, _ParentColumn]:
    rows = connection.execute(sql.render("archives/parent_columns.sql.j2", leaf=leaf)).fetchall()
    return {name: _ParentColumn(*facts) for name, *facts in rows}


def _misfits(table: ArchivedTable, here: Mapping[str, _ParentColumn]) -> Iterator[str]:
    for column in table.columns:
        misfit = _misfit(column, here.get(column.name))
        if misfit:
            yield f"{column.name} {misfit}"
    archived = {column.name for column in table.columns}
    for name, found in here.items():
        if table.rows and found.required and name not in archived:
            yield f"{name} is NOT NULL without a default, and the archive has no such column"


def _misfit(column: Column, here: _ParentColumn | None) -> str | None:
    if column.generated:
        plain = here is not None and not here.generated
        return "was generated, so the archive has no values of it, and is not generated here" if plain else None
    if here is None:
        return f"is missing and not {column.type}"
    if here.generated:
        return "is generated here, and has values of its own in the archive"
    return None if here.type == column.type else f"is {here.type} and not {column.type}"
