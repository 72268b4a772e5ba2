"""The deployer's connections, kept open between the calls of one provider process.

The dynamic provider's server has four worker threads; each borrows a connection and gives it back, so that a run of
many tenants logs in a few times, not once per tenant. Nothing here is ever pickled.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

import psycopg

from strata.database import connect_as_deployer

# A cache: idle connections by reference, for the life of the provider process.
_idle_connections: dict[str, LifoQueue[psycopg.Connection]] = {}


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
