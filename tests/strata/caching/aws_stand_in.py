"""The AWS emulator of the session as the library meets it: through the environment, in an account of its own."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from strata import aws
from tests.local.providers.conftest import emulator_url

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["aws_stand_in", "emulator_url"]


@pytest.fixture
def aws_stand_in(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the emulator's address, with the environment set as an environment of Strata sets it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(secrets.randbelow(9 * 10**11) + 10**11))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    aws._client.cache_clear()  # its clients hold the account of another test
    yield emulator_url
    aws._client.cache_clear()
