"""What can go wrong with a backfill as a whole; what goes wrong with one tenant is in that tenant's result.

StrataError
  BackfillSourceError        the source cannot be copied into the table: nothing was
  UnmappedRowsError          rows of the source belong to no tenant: nothing was copied
  BackfillInterruptedError   the connection broke: what was copied stays
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg


class BackfillSourceError(StrataError):
    """The source does not fit the table; nothing was copied."""

    def __init__(self, source: str, table: str, problems: Sequence[str]) -> None:
        super().__init__(
            f"the source cannot be copied: {'; '.join(problems)}",
            where={"source": source, "table": f"app.{table}"},
            allowed="a table with a primary key, whose columns become the table's by name, by columns, or are left_out",
            next_command="name what is missing in the Source, and run again",
        )
        self.problems = tuple(problems)


class UnmappedRowsError(StrataError):
    """Rows of the source belong to no tenant; nothing was copied."""

    def __init__(self, source: str, table: str, rows: int) -> None:
        super().__init__(
            f"{rows} rows belong to no tenant",
            where={"source": source, "table": f"app.{table}"},
            allowed="a tenant for each row, or a fallback",
            next_command='name the tenant that takes them, for example fallback="system", and run again',
        )
        self.rows = rows


class BackfillInterruptedError(StrataError):
    """The connection broke in between; each batch is there as a whole or not at all."""

    def __init__(self, source: str, table: str, error: psycopg.Error) -> None:
        super().__init__(
            f"the connection to the database broke: {' '.join(str(error).split())}",
            where={"source": source, "table": f"app.{table}"},
            next_command="run again: what is there is found there, and the rest is copied",
        )
