"""Connections from a reference: where the database is, who logs in, and which limits every session has.

A reference is a constant string such as ``ssm:/strata/dev/database``; it is resolved only when something runs.
Passwords and tokens live in local variables of this module for the time of one login and nowhere else.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg

from strata import aws
from strata.callers_connection import WRITTEN_FOR, settled
from strata.errors import StrataError
from strata.reference import ConnectionParameters, resolve
from strata.tunnel.route import LOOPBACK, route_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Connection = psycopg.Connection[tuple[Any, ...]]

#: What every session sets before its first statement, so that no statement waits or runs for ever.
#: `jit = on` makes catalog queries 5 times slower.
SESSION_SETTINGS: Final[Mapping[str, str]] = {
    "statement_timeout": "600s",
    "idle_in_transaction_session_timeout": "120s",
    "jit": "off",
    "client_min_messages": "warning",
    **WRITTEN_FOR,
}
CONNECT_TIMEOUT_SECONDS: Final = 10
#: Names a login that may only read, for a process that inspects and changes nothing: it acts as nobody else.
READER_VARIABLE: Final = "STRATA_DATABASE_READER"
#: A peer that is gone is noticed after 30 + 3 * 10 seconds.
KEEPALIVES: Final[Mapping[str, int]] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

# libpq gives no SQLSTATE for a refused login, only the server's words: PostgreSQL's, RDS's (PAM, by token), and what
# it says when the login's own SET ROLE is refused.
_REFUSED: Final = re.compile(
    r"authentication failed|role .* does not exist|not permitted to log in|no pg_hba\.conf entry"
    r"|permission denied to set role|parameter \"role\""
)
# What separates options for libpq.
_ESCAPED: Final = re.compile(r"([\\ ])")
_BACKSLASHED: Final = r"\\\1"


class DatabaseUnreachableError(StrataError):
    """Nothing that answers as the database is at the address."""

    def __init__(self, parameters: ConnectionParameters, reason: str) -> None:
        loopback = parameters.host in {"localhost", "127.0.0.1", "::1"}
        super().__init__(
            f"the database cannot be reached: {reason}",
            where={"host": parameters.host, "port": parameters.port, "database": parameters.database},
            next_command="make up" if loopback else _way_in(parameters),
        )
        self.host = parameters.host
        self.port = parameters.port
        self.reason = reason


def _way_in(parameters: ConnectionParameters) -> str:
    if parameters.jump_host_id:
        return "strata database tunnel -- and this command"
    return "run again from inside the network, or through a tunnel to it"


class LoginRefusedError(StrataError):
    """The database answers, and does not let this role in."""

    def __init__(self, parameters: ConnectionParameters, user: str, reason: str) -> None:
        super().__init__(
            f"the database refuses the login: {reason}",
            where={"role": user, "host": parameters.host, "port": parameters.port, "database": parameters.database},
            allowed="a role that exists; with an IAM token, an AWS identity that may rds-db:connect as it",
            next_command="pulumi up (it makes the missing logins)",
        )
        self.user = user
        self.reason = reason


def connect_as_deployer(reference: str) -> Connection:
    """Connect as the deployer by IAM token, acting as the owner of schemas and tables; autocommit.

    Where `READER_VARIABLE` is set, that login is used instead, and whatever would write is refused by the server.

    Raises:
        DatabaseReferenceError: the reference leads nowhere.
        DatabaseUnreachableError: nothing answers there.
        LoginRefusedError: the deployer may not log in, or is not yet what `strata.bootstrap` makes it.
    """
    parameters = resolve(reference)
    reader = os.environ.get(READER_VARIABLE)
    if reader:
        token = aws.database_token(parameters.region, parameters.host, parameters.port, reader)
        return _connect(parameters, reader, token, None)
    return login_as_deployer(parameters, acting_as=parameters.owner_role)


@contextmanager
def connected(database: str | Connection) -> Iterator[Connection]:
    """Give a connection that acts as the owner: the caller's own, or a new one for a reference, closed at the end.

    Raises:
        DatabaseReferenceError, DatabaseUnreachableError, LoginRefusedError: as `connect_as_deployer`.
        ConnectionNotFreeError: the caller's own is not in autocommit, or in the middle of something.
    """
    if isinstance(database, str):
        with connect_as_deployer(database) as connection:
            yield connection
    else:
        with settled(database) as connection:
            yield connection


def login_as_deployer(parameters: ConnectionParameters, acting_as: str | None = None) -> Connection:
    """Connect as the deployer by IAM token, acting as a role it is a member of when one is named.

    Raises:
        DatabaseUnreachableError: nothing answers there.
        LoginRefusedError: the deployer may not log in or not act as the role.
    """
    token = aws.database_token(parameters.region, parameters.host, parameters.port, parameters.deployer_role)
    return _connect(parameters, parameters.deployer_role, token, acting_as)


def connect_as_master(reference: str) -> Connection:
    """Connect as the RDS master with the password from its secret; only `strata.bootstrap` has a reason to.

    Raises:
        DatabaseReferenceError: the reference leads nowhere.
        MasterSecretError: the secret cannot be read.
        DatabaseUnreachableError: nothing answers there.
        LoginRefusedError: the master may no longer use its password, which is so once the deployer exists.
    """
    parameters = resolve(reference)
    secret = json.loads(aws.secret(parameters.master_secret_arn, parameters.region))
    return _connect(parameters, secret["username"], secret["password"], None)


def login_variables(parameters: ConnectionParameters, user: str | None = None) -> dict[str, str]:
    """Return libpq's environment variables for a login by IAM token, as psql reads them.

    Args:
        parameters: where the database is.
        user: who logs in; by default the deployer, who then acts as the owner.

    Raises:
        AwsCallError: there are no credentials to sign a token with.
    """
    role = user or parameters.deployer_role
    token = aws.database_token(parameters.region, parameters.host, parameters.port, role)
    known = {**_address(parameters), "user": role, "password": token, "application_name": "strata"}
    if user is None:
        known["options"] = login_options({"role": parameters.owner_role})
    names = {"dbname": "PGDATABASE", "application_name": "PGAPPNAME"}
    return {names.get(key, f"PG{key.upper()}"): str(value) for key, value in known.items()}


def _address(parameters: ConnectionParameters) -> dict[str, Any]:
    """Return where libpq finds the database, and how it knows that it is the right one."""
    address: dict[str, Any] = {
        "host": parameters.host,
        "port": parameters.port,
        "dbname": parameters.database,
        "sslmode": parameters.sslmode,
    }
    if parameters.sslrootcert is not None:
        address["sslrootcert"] = parameters.sslrootcert
    route = route_to(parameters.host, parameters.port)
    if route is not None:
        # The host stays what TLS compares the certificate with, and what the token was signed for.
        address |= {"hostaddr": LOOPBACK, "port": route.local_port}
    return address


def _connect(parameters: ConnectionParameters, user: str, password: str, role: str | None) -> Connection:
    login: dict[str, Any] = {
        **_address(parameters),
        "user": user,
        "password": password,
        "options": login_options(SESSION_SETTINGS if role is None else {**SESSION_SETTINGS, "role": role}),
        "client_encoding": WRITTEN_FOR["client_encoding"],  # said here, it outdoes PGCLIENTENCODING
        "application_name": "strata",
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        **KEEPALIVES,
    }
    try:
        return _with_iso_dates(psycopg.connect(autocommit=True, **login))
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).replace(password, "***").split())
        if _REFUSED.search(reason):
            raise LoginRefusedError(parameters, user, reason) from None
        raise DatabaseUnreachableError(parameters, reason) from None


def _with_iso_dates(connection: Connection) -> Connection:
    """Return the connection as its login's options say it is: libpq sends PGDATESTYLE after them."""
    if not (connection.info.parameter_status("DateStyle") or "").startswith("ISO"):
        connection.execute("SET datestyle = 'ISO'")
    return connection


def login_options(settings: Mapping[str, str]) -> str:
    """Return libpq's `options`: settings sent with the login itself, which saves a round trip for each."""
    return " ".join(f"-c {name}={_ESCAPED.sub(_BACKSLASHED, value)}" for name, value in settings.items())
