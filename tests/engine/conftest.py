"""Environments for the tests that run the real engine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from local.paths import CHECKOUT
from tests.engine.environment import EngineEnvironment
from tests.engine.project_copy import project_copy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def _environment(project: Path = CHECKOUT) -> Iterator[EngineEnvironment]:
    environment = EngineEnvironment.create(project)
    try:
        yield environment
    finally:
        environment.remove()


@pytest.fixture(scope="module")
def environment() -> Iterator[EngineEnvironment]:
    """An environment that a module's tests share, with the stack up; each test leaves it as it found it."""
    with _environment() as one:
        one.up()
        yield one


@pytest.fixture
def fresh_environment() -> Iterator[EngineEnvironment]:
    """An environment for one test, with nothing in it."""
    with _environment() as one:
        yield one


@pytest.fixture(scope="module")
def environment_of_a_copy() -> Iterator[EngineEnvironment]:
    """An environment with the stack up, on a copy of the project: for new stacks, and for edits of templates."""
    with project_copy() as project, _environment(project) as one:
        one.up()
        yield one


@pytest.fixture
def restored_config(environment: EngineEnvironment) -> Iterator[EngineEnvironment]:
    """The shared environment for a change that is refused: its stack file is put back, and nothing was deployed."""
    before = environment.home.stack_file.read_text()
    yield environment
    environment.home.stack_file.write_text(before)
