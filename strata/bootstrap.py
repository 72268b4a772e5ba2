"""The two roles that everything else stands on, made once with the master's password and never with it again.

The deployer logs in by IAM token; the owner has no login and owns schemas and tables. Whether the deployer is missing
is found out without the master: by logging in as the deployer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from strata import sql
from strata.advisory_locks import BOOTSTRAP_KEY
from strata.database import LoginRefusedError, connect_as_master, login_as_deployer
from strata.errors import StrataError
from strata.reference import resolve

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.reference import ConnectionParameters


class BootstrapError(StrataError):
    """The roles cannot be made."""


@dataclass(frozen=True)
class BootstrapResult:
    """What a bootstrap did: nothing, in all runs but the first.

    Args:
        used_master: whether the master logged in, which happens once in the life of a database.
        made_owner: whether the owner's role or its rights were missing.
    """

    used_master: bool
    made_owner: bool


def bootstrap(reference: str) -> BootstrapResult:
    """Make the deployer's login and the owner's role where they are missing; safe to run twice, or by two at once.

    Raises:
        DatabaseReferenceError: the reference leads nowhere.
        DatabaseUnreachableError: nothing answers there.
        MasterSecretError: the deployer is missing, and the master's secret cannot be read.
        BootstrapError: neither deployer nor master may log in, or PostgreSQL refuses what they do.
    """
    parameters = resolve(reference)
    try:
        connection, used_master = login_as_deployer(parameters), False
    except LoginRefusedError as refused:
        used_master = _make_deployer(reference, parameters)
        connection = _login_again(parameters, refused)
    with connection:
        return BootstrapResult(used_master, _make_owner(connection, parameters))


def deployer_can_log_in(reference: str) -> bool:
    """Return whether the deployer can log in and act as the owner.

    Raises:
        DatabaseReferenceError: the reference leads nowhere.
        DatabaseUnreachableError: nothing answers there.
    """
    parameters = resolve(reference)
    try:
        login_as_deployer(parameters, acting_as=parameters.owner_role).close()
    except LoginRefusedError:
        return False
    return True


def _make_deployer(reference: str, parameters: ConnectionParameters) -> bool:
    """Return whether the master made the deployer; it may not log in when somebody else has just done so."""
    try:
        master = connect_as_master(reference)
    except LoginRefusedError:
        return False
    with master:
        _run("bootstrap/deployer.sql.j2", master, parameters)
    return True


def _login_again(parameters: ConnectionParameters, refused: LoginRefusedError) -> Connection:
    try:
        return login_as_deployer(parameters)
    except LoginRefusedError:
        raise BootstrapError(
            f"neither {parameters.deployer_role} nor the master can log in: {refused.reason}",
            where={"host": parameters.host, "port": parameters.port, "database": parameters.database},
            allowed="an IAM token for the deployer (rds-db:connect), or a server whose master still has its password",
            next_command="aws rds modify-db-instance --enable-iam-database-authentication, or check the AWS identity",
        ) from None


def _make_owner(connection: Connection, parameters: ConnectionParameters) -> bool:
    ready = connection.execute(sql.render("bootstrap/owner_is_ready.sql.j2", owner=parameters.owner_role)).fetchone()
    if ready == (True,):
        return False
    _run("bootstrap/owner.sql.j2", connection, parameters)
    return True


def _run(template: str, connection: Connection, parameters: ConnectionParameters) -> None:
    script = sql.render(
        template,
        bootstrap_key=BOOTSTRAP_KEY,
        deployer=parameters.deployer_role,
        owner=parameters.owner_role,
        database=parameters.database,
    )
    try:
        connection.execute(script)
    except psycopg.Error as error:
        raise BootstrapError(
            f"PostgreSQL refuses: {error.sqlstate}: {' '.join(str(error).split())}",
            where={"role": connection.info.user, "database": parameters.database},
            allowed="the RDS master as it was made, or the deployer with CREATEROLE and CREATE on the database",
        ) from error
