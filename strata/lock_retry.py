"""Work that may meet a lock: tried again, with pauses that grow, until a budget of time is spent."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Final, TypeVar

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from strata.database import Connection

Result = TypeVar("Result")

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0


def with_lock_retries(
    connection: Connection,
    work: Callable[[], Result],
    budget_seconds: float,
    out_of_time: Callable[[psycopg.Error], Exception],
    also: tuple[type[psycopg.Error], ...] = (),
) -> Result:
    """Return what the work returns; roll back and try again while a lock stands in its way.

    Args:
        connection: the work's own; no transaction is open on it between tries.
        work: one whole transaction, or one statement outside of any.
        budget_seconds: no new try starts later than this.
        out_of_time: makes the error to raise from the last failure.
        also: further failures that mean "try again" for this work.
    """
    deadline = time.monotonic() + budget_seconds
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return work()
        except psycopg.Error as error:
            roll_back(connection)
            if not (is_lock_failure(error) or isinstance(error, also)):
                raise
            pause = pause_seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, so that rivals part; no secret
            if time.monotonic() + pause > deadline:
                raise out_of_time(error) from error
        time.sleep(pause)
        pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)


def is_lock_failure(error: psycopg.Error) -> bool:
    """Return whether the same work may succeed when others have gone on.

    Concurrent GRANT, CREATE OR REPLACE FUNCTION and ALTER ROLE on one object fail with XX000 and this one text.
    """
    if isinstance(error, errors.LockNotAvailable | errors.DeadlockDetected | errors.SerializationFailure):
        return True
    return isinstance(error, errors.InternalError_) and "tuple concurrently updated" in str(error)


def roll_back(connection: Connection) -> None:
    """End a transaction that failed, if the connection still stands and one is open."""
    if connection.info.transaction_status in {TransactionStatus.INERROR, TransactionStatus.INTRANS}:
        connection.execute("ROLLBACK")
