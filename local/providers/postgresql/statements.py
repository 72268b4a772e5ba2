"""How statements run: one writer at a time, again when a catalog row was changed under it, with the server's words.

PostgreSQL fails concurrent changes of one catalog row with XX000 "tuple concurrently updated" (upstream's issues 178
and 520). An advisory lock keeps the writers of one database apart; roles are shared between databases, so a few
repetitions are left.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from local.providers.resource import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection
    from psycopg.sql import SQL, Composable, Composed

_Answer = TypeVar("_Answer")

#: Any number that nobody else uses: "pulumi-p" as eight bytes.
_LOCK_KEY: Final = int.from_bytes(b"pulumi-p", "big")
_ATTEMPTS: Final = 6
_FIRST_PAUSE_SECONDS: Final = 0.05
_CONCURRENT_UPDATE: Final = "tuple concurrently updated"


def change(provider: Any, what: str, work: Callable[[Connection], _Answer], database: str | None = None) -> _Answer:
    """Run work in one transaction that no other change of this provider runs beside.

    Args:
        provider: the provider.
        what: the action and its objects, for the message.
        work: gets the connection.
        database: the database to connect to, by default the provider's.

    Raises:
        ProviderError: one line with the action, the SQLSTATE and the server's words.
    """
    import psycopg  # noqa: PLC0415 - a plugin has to start in half a second

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with provider.connect(database) as connection:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_KEY])
                return work(connection)
        except psycopg.Error as error:
            if _CONCURRENT_UPDATE not in str(error) or attempt == _ATTEMPTS:
                raise ProviderError(f"{what}: {provider.explain(error)}") from error
        time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
    raise AssertionError("unreachable: the last attempt raises")


def look(provider: Any, what: str, query: str, parameters: Sequence[Any], database: str | None = None) -> list[Any]:
    """Return the rows of a query.

    Raises:
        ProviderError: the server refused it.
    """
    import psycopg  # noqa: PLC0415 - see change

    try:
        with provider.connect(database) as connection:
            rows: list[Any] = connection.execute(query.encode(), parameters).fetchall()
            return rows
    except psycopg.Error as error:
        raise ProviderError(f"{what}: {provider.explain(error)}") from error


def database_exists(provider: Any, name: str) -> bool:
    """Say whether the server has a database."""
    query = "SELECT FROM pg_database WHERE datname = %s"
    return name == provider.database or bool(look(provider, f"looking for database {name}", query, [name]))


def compose(text: str, *names: str, **parts: Composable) -> Composed:
    """Return a statement: ``{}`` takes a name as an identifier, ``{part}`` an already composed part."""
    from psycopg import sql  # noqa: PLC0415 - see change

    return sql.SQL(text).format(*map(sql.Identifier, names), **parts)


def words(text: str) -> SQL:
    """Return SQL that is ours and not the program's."""
    from psycopg import sql  # noqa: PLC0415 - see change

    return sql.SQL(text)


def grantee(role: str) -> Composable:
    """Return a role as GRANT takes it; ``public`` is the keyword for all roles."""
    return words("PUBLIC") if role == "public" else compose("{}", role)
