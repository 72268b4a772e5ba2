"""A plugin process on an empty database of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.providers.conformance import World
from tests.local.providers.plugin import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database


@pytest.fixture
def postgresql_world(fresh_database: Database) -> Iterator[World]:
    """Return an empty database with a plugin that logs in as the deployer by IAM token."""
    credentials = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "local"}
    with running("local.providers.postgresql", credentials) as plugin:
        plugin.configure(
            {
                "host": fresh_database.host,
                "port": str(fresh_database.port),
                "database": fresh_database.name,
                "username": "strata_deployer",
                "sslmode": "disable",
                "superuser": "false",
                "awsRdsIamAuth": "true",
                "awsRdsIamRegion": "eu-west-1",
            }
        )
        world = World(plugin, database=fresh_database)
        yield world
        world.clean_up()
