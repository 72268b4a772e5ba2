"""A connection that the caller brings: what it must be, and what is set on it while the library works there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import IsolationLevel
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row

from strata.errors import StrataError
from strata.lock_retry import roll_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from strata.database import Connection

#: What the statements of the library, and what it reads of their answers, are written for, whatever the server, the
#: database, the role or the environment says. `row_security = off` turns rows hidden from an owner into an error.
#: With a snapshot older than a wait for a lock, a statement decides from what was there before that wait.
WRITTEN_FOR: Final[Mapping[str, str]] = {
    "standard_conforming_strings": "on",
    "row_security": "off",
    "default_transaction_isolation": "read committed",
    "quote_all_identifiers": "off",
    "client_encoding": "UTF8",
    "datestyle": "ISO",  # whether day or month comes first stays the caller's
    "lock_timeout": "10s",  # the most that a statement may wait which sets nothing of its own
}

_SWAP: Final = """
SELECT name, current_setting(name), set_config(name, value, false)
FROM unnest(%(names)s::text[], %(values)s::text[]) AS wanted (name, value)
"""


class ConnectionNotFreeError(StrataError):
    """On this connection somebody else says when a transaction begins, how it reads, or when it ends."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"this connection {reason}",
            allowed="one in autocommit that is outside of any transaction and pipeline, of isolation level READ"
            " COMMITTED: each step here is a transaction of its own",
            next_command="psycopg.connect(..., autocommit=True), or give the reference in place of a connection",
        )
        self.reason = reason


@contextmanager
def settled(connection: Connection) -> Iterator[Connection]:
    """Give the caller's connection with the settings of `WRITTEN_FOR`, and set back what it had at the end.

    One that is closed, or turns out to be, is given as it is: the first statement on it says so.

    Raises:
        ConnectionNotFreeError: it is not in autocommit, or in the middle of something.
    """
    if connection.closed:
        yield connection
        return
    _refuse_what_is_not_free(connection)
    before = _swapped(connection, WRITTEN_FOR)
    try:
        yield connection
    finally:
        _swapped(connection, before)


def _refuse_what_is_not_free(connection: Connection) -> None:
    if not connection.autocommit:
        raise ConnectionNotFreeError("is not in autocommit")
    if connection.info.pipeline_status is not PipelineStatus.OFF:
        raise ConnectionNotFreeError("is in pipeline mode")
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ConnectionNotFreeError("is inside a transaction")
    level = connection.isolation_level
    if level is not None and level is not IsolationLevel.READ_COMMITTED:
        raise ConnectionNotFreeError(f"begins its transactions at isolation level {level.name}")


def _swapped(connection: Connection, settings: Mapping[str, str]) -> dict[str, str]:
    """Return what the settings were until now; nothing when the connection is gone, and its settings with it."""
    values = {"names": list(settings), "values": list(settings.values())}
    try:
        roll_back(connection)  # what the block left open when it failed
        with connection.cursor(row_factory=tuple_row) as cursor:
            return {name: before for name, before, _ in cursor.execute(_SWAP, values)}
    except psycopg.OperationalError:
        if not connection.closed:
            raise
        return {}
