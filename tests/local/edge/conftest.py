"""An AWS account of a test's own in an emulator."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from strata import aws
from tests.local.providers.conftest import emulator_url  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"


@pytest.fixture
def account(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: F811 - the fixture above
    """Lead every client of this process to a new account, and return its number."""
    number = str(secrets.randbelow(9 * 10**11) + 10**11)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", number)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    aws._client.cache_clear()  # clients hold the account of the test before
    yield number
    aws._client.cache_clear()
