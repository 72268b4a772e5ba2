"""A GitHub on loopback, for each test a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from strata.github.client import GitHubSettings
from tests.strata.github.server import REPOSITORY, TOKEN, GitHub, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving() as one:
        yield one


@pytest.fixture
def settings(github: GitHub) -> GitHubSettings:
    """Settings that are not patient: a test waits for no rate limit."""
    return GitHubSettings(REPOSITORY, TOKEN, github.url, retries=2, longest_wait_seconds=2, secondary_wait_seconds=0)
