"""The worlds that the fault matrix runs in, its option, and its line in the summary."""

from __future__ import annotations

import json
import random
import secrets
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.conftest import Database
from tests.local.providers.conftest import emulator_url  # noqa: F401 - a fixture
from tests.strata.archives.conftest import REGION
from tests.strata.conftest import connection_parameters, create_database
from tests.strata.faults.matrix import Matrix
from tests.strata.faults.world import World, new_bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from strata.partitions.layout import Layout
    from tests.conftest import PostgresqlServer

_MATRIX = pytest.StashKey[Matrix]()
_SEED = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults", choices=("sample", "all"), default="sample", help="all: strike at every point, not at a sample"
    )
    parser.addoption("--faults-page", action="store_true", help="write the page of the points")
    parser.addoption("--faults-seed", default=None, help="the seed that a run with a sample printed")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_MATRIX] = Matrix()
    config.stash[_SEED] = config.getoption("--faults-seed", None) or secrets.token_hex(4)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    matrix = config.stash[_MATRIX]
    struck = sum(matrix.struck.values())
    if struck:
        failed = sum(matrix.failed.values())
        result = f"{failed} did not converge" if failed else "all converged"
        terminalreporter.write_line(f"fault matrix: {struck} points, {result} (seed {config.stash[_SEED]})")


@pytest.fixture(scope="session")
def matrix(pytestconfig: pytest.Config) -> Matrix:
    return pytestconfig.stash[_MATRIX]


@pytest.fixture
def chosen(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Callable[[list], list]:
    """Return a function that chooses the points of a list: all, or a sample that the seed and the test's name fix."""
    everything = pytestconfig.getoption("--faults", "sample") == "all"
    sampled = random.Random(f"{pytestconfig.stash[_SEED]} {request.node.name}")  # noqa: S311 - repeatable, no secret

    def choose(points: list, most: int) -> list:
        return points if everything or len(points) <= most else sorted(sampled.sample(points, most))

    return choose


@pytest.fixture(scope="session")
def worlds(
    postgresql_server: PostgresqlServer,
    migrated_template: Callable[[Layout], str],
    emulator_url: str,  # noqa: F811 - the fixture
) -> Iterator[Callable[[Layout], World]]:
    """Return a function that gives the world of a layout, made when it is first asked for."""
    made: dict[Layout, World] = {}
    s3 = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=emulator_url,
        aws_access_key_id="123456789012",
        aws_secret_access_key="nothing",
    )

    def of_layout(layout: Layout) -> World:
        if layout not in made:
            name = f"faults_{layout}"
            create_database(postgresql_server, name, migrated_template(layout))
            made[layout] = World(layout, Database(postgresql_server, name), new_bucket(s3), s3)
        return made[layout]

    yield of_layout
    for world in made.values():
        world.close()
    s3.close()


@pytest.fixture
def open_world(
    worlds: Callable[[Layout], World],
    emulator_url: str,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Layout], World]:
    """Return a function that gives the world of a layout, where the library finds it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    monkeypatch.setattr("strata.archives.write.PART_BYTES", 1)
    monkeypatch.setattr("strata.archives.rows._PIECE_BYTES", 300)

    def of_layout(layout: Layout) -> World:
        world = worlds(layout)
        parameters = connection_parameters(world.database.server, world.database.name)
        monkeypatch.setenv("TEST_DATABASE", json.dumps(parameters))
        return world

    return of_layout


@pytest.fixture
def world(open_world: Callable[[Layout], World], layout: Layout) -> World:
    return open_world(layout)
