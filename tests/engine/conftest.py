"""Environments for the tests that run the real engine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.engine.environment import EngineEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _environment() -> Iterator[EngineEnvironment]:
    environment = EngineEnvironment.create()
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
