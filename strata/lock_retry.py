"""Work that may meet a lock: tried again, with pauses that grow, until a budget of time is spent.

Meanwhile the log says who holds it: a warning, so that it is on stderr where nobody has set up logging, as in the
command and in the engine's providers.
"""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, runtime_checkable

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from strata.figures import label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strata.database import Connection

Result = TypeVar("Result")

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0
#: How often it is said who holds the lock.
_REPORT_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


@runtime_checkable
class _HeldByOthers(Protocol):
    """An error that says who holds the lock."""

    what: str
    where: Mapping[str, object]
    blockers: tuple[object, ...]


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
        out_of_time: makes the error to raise from the last failure, and, while there is time left, the one to take from
            who holds the lock: its ``blockers``.
        also: further failures that mean "try again" for this work.
    """
    deadline = time.monotonic() + budget_seconds
    pause_seconds = _FIRST_PAUSE_SECONDS
    report = _Report(out_of_time)
    while True:
        try:
            return work()
        except psycopg.Error as error:
            roll_back(connection)
            if not (is_lock_failure(error) or isinstance(error, also)):
                raise
            pause = pause_seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, so that rivals part; no secret
            left_seconds = deadline - time.monotonic()
            if pause > left_seconds:
                raise out_of_time(error) from error
            report.waits(error, left_seconds)
        time.sleep(pause)
        pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)


class _Report:
    """Says who holds the lock: when somebody is found to do so first, and once a minute from then on."""

    def __init__(self, out_of_time: Callable[[psycopg.Error], Exception]) -> None:
        self._out_of_time = out_of_time
        self._quiet_until = 0.0

    def waits(self, error: psycopg.Error, left_seconds: float) -> None:
        if time.monotonic() < self._quiet_until:
            return
        failure = self._out_of_time(error)
        if isinstance(failure, _HeldByOthers) and failure.blockers:
            place = ", ".join(f"{name} {value}" for name, value in failure.where.items())
            text = f"{failure.what} ({place}); it is tried again, for {left_seconds:.0f} s at most"
            _log.warning("%s", label(text))
            self._quiet_until = time.monotonic() + _REPORT_SECONDS


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
