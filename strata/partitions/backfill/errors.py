"""What can go wrong with a backfill as a whole; what goes wrong with one tenant is in that tenant's result.

StrataError
  BackfillSourceError        the source cannot be copied into the table: nothing was
    SourceDeniedError          the role may not read it
    UnstableKeyError           the key of a row is another one each time it is made
    SharedKeyError             rows of it would get the key of another row
  UnmappedRowsError          rows of the source belong to no tenant: nothing was copied
  BackfillBusyError          others hold locks on the source or a partition: what was copied stays
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

    from strata.partitions.backfill.plan import Plan


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


class UnstableKeyError(BackfillSourceError):
    """The key of a row is another one each time it is made, so that no run finds what is there; nothing was copied."""

    def __init__(self, plan: Plan, example: str) -> None:
        key, source_key = ", ".join(plan.key), ", ".join(plan.source_key)
        instance = f"such as that of the row with {example}: every run would copy each row once more"
        super().__init__(
            plan.source,
            plan.table,
            [f"the {key} of a row is another one each time it is made, {instance}"],
            allowed=f"an expression for {key} that gives the same for the same row, at any time",
            next_command=f"make {key} in columns of the source's key ({source_key}) alone, and run again",
        )
        self.example = example


class SharedKeyError(BackfillSourceError):
    """Rows of the source would get the key of another row of their tenant; nothing was copied.

    Copied anyway, all but one of them would be missing, or taken for one that is there.
    """

    def __init__(self, plan: Plan, rows: int, tenant_id: str, example: tuple[str, str]) -> None:
        key, source_key, (one, other) = ", ".join(plan.key), ", ".join(plan.source_key), example
        pair = f"those with {one} and with {other}, of tenant {tenant_id}"
        super().__init__(
            plan.source,
            plan.table,
            [f"{rows} rows would get the {key} of another row of their tenant, such as {pair}"],
            allowed=f"an expression for {key} that differs for any two rows of a tenant",
            next_command=f"make {key} in columns of the source's whole key ({source_key}), and run again",
        )
        self.rows = rows
        self.tenant_id = tenant_id
        self.example = example


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
    """Others hold locks that keep the source, or what is there, from being read; what was copied stays."""

    def __init__(self, source: str, table: str, error: psycopg.Error) -> None:
        super().__init__(
            f"reading met a lock: {' '.join(str(error).split())}",
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
    " tenant_from or the key that refuses"
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
