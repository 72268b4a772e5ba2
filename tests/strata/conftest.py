"""A database as the library meets it: reached by a reference, logged in to by token, migrated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from strata import migrations
from strata.database import connect_as_deployer
from tests.conftest import MASTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.conftest import Database, PostgresqlServer


def connection_parameters(server: PostgresqlServer, database: str) -> dict[str, object]:
    return {
        "host": server.host,
        "port": server.port,
        "database": database,
        "sslmode": "disable",
        "region": "eu-west-1",
        "owner_role": "strata_owner",
        "deployer_role": "strata_deployer",
        "master_secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1",
        "layout": "list",
        "archive_bucket": "archive-0a1b2c3",
    }


@pytest.fixture(autouse=True)
def aws_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test AWS credentials that open nothing, and no way to the metadata service."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def reference(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the reference of an empty database whose logins are there."""
    monkeypatch.setenv("TEST_DATABASE", json.dumps(connection_parameters(fresh_database.server, fresh_database.name)))
    return "env:TEST_DATABASE"


@pytest.fixture(params=["list", "bucketed"])
def layout(request: pytest.FixtureRequest) -> Layout:
    return request.param


@pytest.fixture
def connection(reference: str) -> Iterator[Connection]:
    """Return a connection to an empty database, acting as the owner."""
    with connect_as_deployer(reference) as opened:
        yield opened


@pytest.fixture(scope="session")
def migrated_template(postgresql_server: PostgresqlServer) -> Callable[[Layout], str]:
    """Return a function that names a migrated database of a layout, made when it is first asked for."""
    templates: dict[Layout, str] = {}

    def of_layout(layout: Layout) -> str:
        if layout not in templates:
            name = f"template_{layout}"
            create_database(postgresql_server, name, "template1")
            with postgresql_server.connect("strata_deployer", database=name) as deployer:
                deployer.execute("SET ROLE strata_owner")
                migrations.apply(deployer, migrations.load(layout))
            templates[layout] = name
        return templates[layout]

    return of_layout


def create_database(server: PostgresqlServer, name: str, template: str) -> None:
    """Make a database with the rights that the bootstrap gives."""
    with server.admin("postgres") as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name} OWNER {MASTER} TEMPLATE {template}")
        admin.execute(f"GRANT CREATE ON DATABASE {name} TO strata_deployer WITH GRANT OPTION")
        admin.execute(f"GRANT CREATE ON DATABASE {name} TO strata_owner")


@pytest.fixture
def migrated(
    fresh_database: Database, reference: str, layout: Layout, migrated_template: Callable[[Layout], str]
) -> Iterator[Connection]:
    """Return a connection to a migrated database of this layout, acting as the owner."""
    create_database(fresh_database.server, fresh_database.name, migrated_template(layout))
    with connect_as_deployer(reference) as opened:
        yield opened
