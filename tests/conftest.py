"""What every test can use: an RDS-like PostgreSQL server for the session, and empty databases on it."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from local import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A check of a change answers for the change: it tries the same examples each time. To look for new ones:
# pytest --hypothesis-profile=explore
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", print_blob=True)
settings.load_profile("repeatable")

MASTER = "strata_master"
MASTER_PASSWORD = "correct-horse-battery-staple"


@dataclass(frozen=True)
class PostgresqlServer:
    """A running RDS-like server; `folder` is what `local.postgres` takes."""

    folder: Path
    host: str
    port: int
    database: str
    master_username: str
    master_password: str

    def admin(self, database: str | None = None) -> psycopg.Connection:
        """Return an autocommit connection of the superuser, who is on no RDS: for arranging and looking only."""
        return postgres.connect(postgres.describe(self.folder), database or self.database)

    def connect(self, user: str, password: str = "", database: str | None = None) -> psycopg.Connection:
        """Return an autocommit connection over TCP, as a program would connect."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=user,
            password=password,
            dbname=database or self.database,
            autocommit=True,
        )


@dataclass(frozen=True)
class Database:
    """An empty database on the session's server.

    The roles that the bootstrap makes are there: strata_deployer (LOGIN, rds_iam, CREATEROLE), strata_owner,
    strata_app and strata_readonly (LOGIN, rds_iam). Nothing is in the database but the right to create schemas.
    """

    server: PostgresqlServer
    name: str

    @property
    def host(self) -> str:
        return self.server.host

    @property
    def port(self) -> int:
        return self.server.port

    def admin(self) -> psycopg.Connection:
        """Return a connection of the superuser."""
        return self.server.admin(self.name)

    def connect(self, user: str) -> psycopg.Connection:
        """Return a connection of a role that is a member of rds_iam."""
        return self.server.connect(user, database=self.name)

    def deployer(self) -> psycopg.Connection:
        """Return a connection of the deployer, acting as the owner as the library does."""
        connection = self.connect("strata_deployer")
        connection.execute("SET ROLE strata_owner")
        return connection


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresqlServer]:
    """Start a server as the stand-in of RDS does, with the roles of Strata: its master can no longer log in."""
    with _server(tmp_path_factory.mktemp("postgresql") / "server") as server:
        _bootstrap(server)
        yield server


@pytest.fixture(scope="session", autouse=True)
def no_server_outlives_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Stop the servers of environments that a failed test left under its temporary folder."""
    yield
    for environment in tmp_path_factory.getbasetemp().iterdir():
        postgres.stop_all(environment)


@pytest.fixture
def new_postgresql_server(tmp_path: Path) -> Iterator[PostgresqlServer]:
    """Start a server of the test's own, as RDS hands it over: no role of Strata yet, the master logs in."""
    with _server(tmp_path / "server") as server:
        yield server


@pytest.fixture
def fresh_database(postgresql_server: PostgresqlServer) -> Iterator[Database]:
    """Make a new empty database, and drop it with every connection that a test left open."""
    name = f"test_{secrets.token_hex(6)}"
    identifier = sql.Identifier(name)
    with postgresql_server.admin("postgres") as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(identifier, sql.Identifier(MASTER)))
        admin.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO strata_deployer WITH GRANT OPTION").format(identifier))
        admin.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO strata_owner").format(identifier))
    try:
        yield Database(postgresql_server, name)
    finally:
        with postgresql_server.admin("postgres") as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


@contextmanager
def _server(folder: Path) -> Iterator[PostgresqlServer]:
    instance = postgres.create(
        folder,
        identifier="strata-test",
        master_username=MASTER,
        master_password=MASTER_PASSWORD,
        database="strata",
        parameters={
            "max_locks_per_transaction": "1024",
            "plan_cache_mode": "force_custom_plan",
            "fsync": "off",  # a test's data need not outlive a crash of the machine
            "max_connections": "200",
        },
    )
    try:
        yield PostgresqlServer(
            folder, instance.host, instance.port, instance.database, instance.master_username, MASTER_PASSWORD
        )
    finally:
        postgres.remove(folder)


def _bootstrap(server: PostgresqlServer) -> None:
    """Make the roles in the order that design and RDS ask for: the master first, then the deployer."""
    with server.connect(MASTER, server.master_password) as master, master.transaction():
        master.execute("CREATE ROLE strata_deployer LOGIN CREATEROLE")
        master.execute("GRANT rds_iam TO strata_deployer WITH ADMIN OPTION")
        master.execute("GRANT pg_monitor TO strata_deployer WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        master.execute("GRANT CREATE ON DATABASE strata TO strata_deployer WITH GRANT OPTION")
    with server.connect("strata_deployer") as deployer:
        deployer.execute("CREATE ROLE strata_owner NOLOGIN")
        deployer.execute("GRANT strata_owner TO strata_deployer WITH INHERIT TRUE, SET TRUE")
        deployer.execute("GRANT pg_monitor TO strata_owner WITH INHERIT TRUE, SET FALSE")
        deployer.execute("GRANT CREATE ON DATABASE strata TO strata_owner")
        for name in ("strata_app", "strata_readonly"):
            deployer.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
            deployer.execute(sql.SQL("GRANT rds_iam TO {}").format(sql.Identifier(name)))
