"""Which stack's database a command works on: ``--database``, or what ``source .strata/env`` exports."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final, cast

import psycopg
import typer

from strata.database import login_as_deployer
from strata.errors import StrataError
from strata.partitions.layout import require_layout
from strata.reference import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.database import Connection
    from strata.partitions.layout import Layout
    from strata.reference import ConnectionParameters

DATABASE_VARIABLE: Final = "STRATA_DATABASE"

#: On every command that works on a deployed database.
DatabaseReference = Annotated[
    str | None,
    typer.Option("--database", envvar=DATABASE_VARIABLE, metavar="ssm:NAME", help="Reference of the stack's database."),
]
#: On every command about one tenant.
TenantId = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's id.")]


_MISSING: Final = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)


class NoDatabaseError(StrataError):
    """Nothing says which stack's database is meant."""

    def __init__(self) -> None:
        super().__init__(
            f"no database is named: {DATABASE_VARIABLE} is not set",
            allowed="--database ssm:/strata/STACK/database",
            next_command="source .strata/env",
        )


class QueryFailedError(StrataError):
    """PostgreSQL refused a command's own query."""

    def __init__(self, error: psycopg.Error) -> None:
        missing = isinstance(error, _MISSING)
        super().__init__(
            f"the database refused: {error.sqlstate}: {' '.join(str(error).split())}",
            allowed="a database with every migration applied" if missing else None,
            next_command="pulumi up" if missing else None,
        )
        self.sqlstate = error.sqlstate


def parameters_of(reference: str | None) -> ConnectionParameters:
    """Return what is known about a stack's database.

    Raises:
        NoDatabaseError: there is no reference.
        DatabaseReferenceError: it leads nowhere.
    """
    if not reference:
        raise NoDatabaseError
    return resolve(reference)


@contextmanager
def opened(reference: str | None) -> Iterator[tuple[Connection, ConnectionParameters]]:
    """Give a connection to a stack's database that acts as the owner, and what is known about it.

    Raises:
        NoDatabaseError: there is no reference.
        DatabaseReferenceError: it leads nowhere.
        DatabaseUnreachableError, LoginRefusedError: nobody answers there, or not to us.
        LayoutMismatchError: the reference is not what the tables are.
        QueryFailedError: PostgreSQL refused what was asked within.
    """
    parameters = parameters_of(reference)
    with login_as_deployer(parameters, acting_as=parameters.owner_role) as connection:
        require_layout(connection, layout_of(parameters))
        try:
            yield connection, parameters
        except psycopg.Error as error:
            raise QueryFailedError(error) from error


def layout_of(parameters: ConnectionParameters) -> Layout:
    """Return the layout that the stack wrote beside its database."""
    return cast("Layout", parameters.layout)
