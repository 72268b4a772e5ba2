"""The manifest of an archive: what was archived, from where, and the checksums that prove it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from strata.errors import StrataError

#: Written into every manifest; a reader refuses one that it does not know.
FORMAT: Final = 1


class ManifestError(StrataError):
    """A manifest that is none, or of a format that this version does not read."""


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
    """A table of the archive; ``rows`` is the sum over its parts."""

    table: str
    columns: tuple[Column, ...]
    rows: int
    parts: tuple[Part, ...]

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

    def to_json(self) -> str:
        """Return the manifest as it is stored."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def read_manifest(text: str, uri: str) -> Manifest:
    """Return the manifest that a text holds.

    Args:
        text: JSON.
        uri: where it is, for messages.

    Raises:
        ManifestError: it is no manifest, or of another format.
    """
    try:
        values = json.loads(text)
        found = values.pop("format")
        if found != FORMAT:
            raise ManifestError(
                f"the archive has format {found!r}", where={"manifest": uri}, allowed=f"format {FORMAT}"
            )
        return Manifest(**{**values, "tables": tuple(map(_table, values["tables"]))})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(
            f"not a manifest of an archive: {error}", where={"manifest": uri}, allowed="what `strata` has written there"
        ) from None


def _table(values: dict[str, Any]) -> ArchivedTable:
    return ArchivedTable(
        values["table"],
        tuple(Column(**column) for column in values["columns"]),
        values["rows"],
        tuple(Part(**part) for part in values["parts"]),
    )
