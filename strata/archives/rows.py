"""The rows of one partition as COPY text in the order of its primary key: the same rows are always the same bytes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata import sql
from strata.archives.manifest import Column
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from psycopg import Copy

    from strata.database import Connection
    from strata.deadline import Deadline
    from strata.partitions.render import Leaf

#: Rows are handed on in pieces of about this size: large enough that hashing and compressing them costs the
#: interpreter nothing, small enough that a few of them are no memory.
_PIECE_BYTES: Final = 1 << 18
#: How much longer than its run a statement may take: long enough that the run stops by itself, and says how to go on.
_MARGIN_SECONDS: Final = 300.0


class NoPrimaryKeyError(StrataError):
    """A partition whose rows have no order, so that nothing proves that two reads of them are the same."""


@dataclass(frozen=True)
class Shape:
    """What a partition's rows look like: all its columns, and the names of those of its primary key in its order."""

    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def copied_columns(self) -> tuple[str, ...]:
        """The names of the columns that are copied: those that PostgreSQL does not compute."""
        return tuple(column.name for column in self.columns if not column.generated)


@dataclass(frozen=True)
class Piece:
    """Whole rows as COPY text, and how many they are."""

    text: bytes
    rows: int


def read_shape(connection: Connection, leaf: Leaf) -> Shape:
    """Return the columns of a partition.

    Raises:
        NoPrimaryKeyError: it has no primary key, or does not exist.
    """
    found = connection.execute(sql.render("archives/columns.sql.j2", leaf=leaf)).fetchall()
    key = sorted((position, name) for name, _, _, position in found if position is not None)
    if not key:
        raise NoPrimaryKeyError(
            "no table with a primary key",
            where={"partition": leaf.qualified_name},
            allowed="a primary key, which gives the rows of an archive their order",
        )
    columns = tuple(Column(name, kind, generated) for name, kind, generated, _ in found)
    return Shape(columns, tuple(name for _, name in key))


def statement_timeout(deadline: Deadline) -> str:
    """Return the SQL after which a statement of the same transaction may take as long as its run may."""
    seconds = max(deadline.left_seconds, 0.0) + _MARGIN_SECONDS
    return sql.render("archives/statement_timeout.sql.j2", milliseconds=round(1000 * seconds))


@contextmanager
def exact_text(connection: Connection, deadline: Deadline) -> Iterator[None]:
    """Run a transaction in which every value is written and read to the bit, and in which there is time for a table."""
    with connection.transaction():
        connection.execute(f"{sql.render('archives/exact_text.sql.j2')}\n{statement_timeout(deadline)}")
        yield


@contextmanager
def copy_out(
    connection: Connection, leaf: Leaf, shape: Shape, columns: Iterable[str], skipped: int
) -> Iterator[Iterator[Piece]]:
    """Give the rows of a partition in pieces; however the block ends, the connection is free then.

    Args:
        connection: inside of `exact_text`.
        leaf: the partition; nobody writes to it.
        shape: its own.
        columns: which ones, in which order.
        skipped: how many rows from the first on are left out.
    """
    query = sql.render("archives/copy_out.sql.j2", leaf=leaf, columns=list(columns), key=shape.key, skipped=skipped)
    # Only the end of the block ends the COPY: an iterator that an error's traceback still holds would keep it, and the
    # rollback would wait for its lock for ever.
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        yield _in_pieces(copy)


def _in_pieces(copy: Copy) -> Iterator[Piece]:
    rows: list[bytes] = []
    size = 0
    for row in copy:  # libpq hands out one row at a time
        rows.append(bytes(row))
        size += len(row)
        if size >= _PIECE_BYTES:
            yield Piece(b"".join(rows), len(rows))
            rows.clear()
            size = 0
    if rows:
        yield Piece(b"".join(rows), len(rows))
