"""The manifest of an archive: what was archived, from where, and the checksums that prove it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Written into every manifest; a reader refuses one that it does not know.
FORMAT: Final = 1
#: What brings an object of an archive back that is gone or damaged.
BRING_BACK: Final = "bring an earlier version of the object back: the bucket keeps them"


class ManifestError(StrataError):
    """A manifest that is none, does not agree with itself, or has a format that this version does not read."""

    @classmethod
    def damaged(cls, what: str, uri: str) -> ManifestError:
        """Return the error of a manifest that cannot be what was written."""
        return cls(what, where={"manifest": uri}, allowed="what `strata` has written there", next_command=BRING_BACK)


@dataclass(frozen=True)
class Column:
    """A column as it was.

    Args:
        name: its name.
        type: as `format_type` writes it, with the collation where it is not the type's own.
        generated: whether PostgreSQL computes it; then no part holds it.
    """

    name: str
    type: str
    generated: bool


@dataclass(frozen=True)
class Part:
    """One object of the archive: consecutive rows of a table, in the order of its primary key.

    Args:
        key: of the object.
        rows: how many it holds.
        bytes: of the object, compressed.
        sha256: of the object.
        content_bytes: of the rows as COPY text.
        content_sha256: of the rows as COPY text.
    """

    key: str
    rows: int
    bytes: int
    sha256: str
    content_bytes: int
    content_sha256: str


@dataclass(frozen=True)
class ArchivedTable:
    """A table of the archive.

    Args:
        table: its name.
        columns: all of them, in their order.
        rows: the sum over its parts.
        parts: in the order of the rows.
        partition_was_gone: whether somebody else had dropped the tenant's partition before the archive was made.
    """

    table: str
    columns: tuple[Column, ...]
    rows: int
    parts: tuple[Part, ...]
    partition_was_gone: bool = False

    @property
    def copied_columns(self) -> tuple[str, ...]:
        """The names of the columns that the parts hold, in their order."""
        return tuple(column.name for column in self.columns if not column.generated)


@dataclass(frozen=True)
class Manifest:
    """All that is known about an archive.

    Args:
        tenant_id: whose rows these are.
        layout: of the stack they came from; it does not matter to a restore.
        postgresql_version: of the server, for example ``18.6``.
        migration: number of the last migration that was applied there.
        created_at: ISO 8601, UTC.
        tables: in the order of the stack's tables.
    """

    tenant_id: str
    layout: str
    postgresql_version: str
    migration: int
    created_at: str
    tables: tuple[ArchivedTable, ...]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """Compressed bytes of all parts."""
        return sum(part.bytes for table in self.tables for part in table.parts)

    @property
    def gone(self) -> tuple[str, ...]:
        """Tables whose partition somebody else had dropped before."""
        return tuple(table.table for table in self.tables if table.partition_was_gone)

    def to_json(self) -> str:
        """Return the manifest as it is stored."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def read_manifest(stored: bytes, uri: str) -> Manifest:
    """Return the manifest that an object holds.

    Args:
        stored: JSON.
        uri: where it is, for messages.

    Raises:
        ManifestError: it is no manifest, does not agree with itself, or is of another format.
    """
    try:
        values = json.loads(stored)
        found = values.pop("format")
        if found != FORMAT:
            raise ManifestError(
                f"the archive has format {found!r}", where={"manifest": uri}, allowed=f"format {FORMAT}"
            )
        manifest = Manifest(**{**values, "tables": tuple(map(_table, values["tables"]))})
        for what in _contradictions(manifest.tables):
            raise ManifestError.damaged(what, uri)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError.damaged(f"not a manifest of an archive: {error}", uri) from None
    return manifest


def _table(values: dict[str, Any]) -> ArchivedTable:
    return ArchivedTable(
        values["table"],
        tuple(Column(**column) for column in values["columns"]),
        values["rows"],
        tuple(Part(**part) for part in values["parts"]),
        values.get("partition_was_gone", False),
    )


def _contradictions(tables: Iterable[ArchivedTable]) -> Iterator[str]:
    """Yield what a manifest says against itself: whoever believes it would drop rows that no part holds."""
    named = set()
    for table in tables:
        in_parts = sum(part.rows for part in table.parts)
        if table.rows != in_parts:
            yield f"the manifest says {table.rows!r} rows of {table.table}, and {in_parts} in its parts"
        if table.table in named:
            yield f"the manifest names {table.table} twice"
        named.add(table.table)
