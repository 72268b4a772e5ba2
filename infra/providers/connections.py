"""The deployer's connections, kept open between the calls of one provider process.

The dynamic provider's server has four worker threads; each borrows a connection and gives it back, so that a run of
many tenants logs in a few times, not once per tenant. Nothing here is ever pickled.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from threading import Lock
from typing import Final

import psycopg

from strata.database import connect_as_deployer

# A cache: idle connections by reference, for the life of the provider process.
_idle_connections: dict[str, LifoQueue[psycopg.Connection]] = {}

#: Longer than any onboarding takes that waits for nobody.
_TURN_SECONDS: Final = 5.0


class _Turns:
    """One worker after another, as long as none takes long: nobody waits for a worker that waits itself."""

    def __init__(self) -> None:
        self._lock = Lock()

    @contextmanager
    def take(self) -> Iterator[None]:
        lock = self._lock
        while not lock.acquire(timeout=_TURN_SECONDS):
            if lock is self._lock:  # its holder goes on alone, and the others queue anew
                self._lock = Lock()
            lock = self._lock
        try:
            yield
        finally:
            lock.release()


_turns: Final = _Turns()


@contextmanager
def onboarding_connection(reference: str) -> Iterator[psycopg.Connection]:
    """Lend a connection to one worker after another; they would wait for the database's onboarding lock anyway.

    So one session does all. With one for each worker, each forgets what it knows of the catalog whenever another one
    has changed it, which costs the server a third more processor time (docs/benchmarks.md, bulk_onboarding).

    Raises:
        DatabaseUnreachableError: the database does not answer.
    """
    with _turns.take(), deployer_connection(reference) as connection:
        yield connection


@contextmanager
def deployer_connection(reference: str) -> Iterator[psycopg.Connection]:
    """Lend a connection that acts as the owner of the schemas.

    Raises:
        DatabaseUnreachableError: the database does not answer.
    """
    idle = _idle_connections.setdefault(reference, LifoQueue())
    connection = _usable(idle) or connect_as_deployer(reference)
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
    idle.put(connection)


def _usable(idle: "LifoQueue[psycopg.Connection]") -> psycopg.Connection | None:
    """Return an idle connection that still answers, if there is one."""
    while True:
        try:
            connection = idle.get_nowait()
        except Empty:
            return None
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            connection.close()
        else:
            return connection
