"""What can go wrong with a backfill as a whole; what goes wrong with one tenant is in that tenant's result.

StrataError
  BackfillSourceError        the source cannot be copied into the table: nothing was
    SourceDeniedError          the role may not read it
  UnmappedRowsError          rows of the source belong to no tenant: nothing was copied
  BackfillBusyError          others hold locks on the source: what was copied stays
  BackfillFailedError        PostgreSQL refused: what was copied stays
  BackfillInterruptedError   the connection broke: what was copied stays
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from strata.errors import StrataError
from strata.lock_retry import is_lock_failure

if TYPE_CHECKING:
    from collections.abc import Sequence


_FITTING = "a table with a primary key, whose columns become the table's by name, by columns, or are left_out"
_NAME_IT = "name what is missing in the Source, and run again"


class BackfillSourceError(StrataError):
    """The source does not fit the table; nothing was copied."""

    def __init__(
        self, source: str, table: str, problems: Sequence[str], *, allowed: str = _FITTING, next_command: str = _NAME_IT
    ) -> None:
        super().__init__(
            f"the source cannot be copied: {'; '.join(problems)}",
            where={"source": source, "table": f"app.{table}"},
            allowed=allowed,
            next_command=next_command,
        )
        self.problems = tuple(problems)


class SourceDeniedError(BackfillSourceError):
    """The role may not read the source, or not every row of it; nothing was copied."""

    def __init__(self, source: str, table: str, reason: str, statements: Sequence[str]) -> None:
        given = f"as a role that may: {'; '.join(statements)}" if statements else "settle what it says"
        super().__init__(
            source,
            table,
            [reason],
            allowed="a source of which the role that copies may read every row, and expressions that it may run",
            next_command=f"{given}; then run again",
        )
        self.statements = tuple(statements)


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


class BackfillBusyError(StrataError):
    """Others hold locks that keep the source from being read; what was copied stays."""

    def __init__(self, source: str, table: str, error: psycopg.Error) -> None:
        super().__init__(
            f"the source met a lock: {' '.join(str(error).split())}",
            where={"source": source, "table": f"app.{table}"},
            next_command="let the session that holds it end, and run again: what is there is found there",
        )


class BackfillFailedError(StrataError):
    """PostgreSQL refused; what was copied stays.

    An expression that refuses a value does so while the source is read, once for all tenants: nothing was copied.
    """

    def __init__(self, source: str, table: str, error: psycopg.Error) -> None:
        refused_value = isinstance(error, psycopg.DataError)
        reason = error.diag.message_primary or " ".join(str(error).split())
        super().__init__(
            f"reading the source was refused: {error.sqlstate or 'no answer'}: {reason}",
            where={"source": source, "table": f"app.{table}"},
            allowed="expressions that give a value for every row that is read" if refused_value else None,
            next_command=_MEND_THE_VALUE if refused_value else "settle what it says, and run again",
        )
        self.sqlstate = error.sqlstate


_MEND_THE_VALUE = (
    "mend the row or the expression, and run again; other tenants can be copied before, one by one, unless it is"
    " tenant_from that refuses"
)


class BackfillInterruptedError(StrataError):
    """The connection broke in between; each batch is there as a whole or not at all."""

    def __init__(self, source: str, table: str, error: psycopg.Error) -> None:
        super().__init__(
            f"the connection to the database broke: {' '.join(str(error).split())}",
            where={"source": source, "table": f"app.{table}"},
            next_command="run again: what is there is found there, and the rest is copied",
        )


def backfill_failure(source: str, table: str, error: psycopg.Error, *, lost: bool) -> StrataError:
    """Return what a failure outside of any tenant's batches means to whoever runs the backfill."""
    if lost:
        return BackfillInterruptedError(source, table, error)
    return (BackfillBusyError if is_lock_failure(error) else BackfillFailedError)(source, table, error)
