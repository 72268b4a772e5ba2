"""A database as the library meets it: reached by a reference, logged in to by token, migrated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from strata import migrations
from strata.database import connect_as_deployer

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.fixture
def migrated(connection: Connection, layout: Layout) -> Connection:
    """Return a connection to a migrated database of this layout, acting as the owner."""
    migrations.apply(connection, migrations.load(layout))
    return connection
