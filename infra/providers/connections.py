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

#: Longer than any onboarding that waits for nobody; the turn of one that does wait is not waited for.
_TURN_SECONDS: Final = 5.0
_turn: Final = Lock()


@contextmanager
def in_turn() -> Iterator[None]:
    """Let one worker after another onboard, while none takes long: they would wait for the database's lock anyway.

    So the last connection used is the next one lent, and one session does all. With four, each forgets what it knows of
    the catalog whenever another one has changed it, which costs the server a third more processor time.
    """
    has_turn = _turn.acquire(timeout=_TURN_SECONDS)
    try:
        yield
    finally:
        if has_turn:
            _turn.release()


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
