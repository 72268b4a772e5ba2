"""The AWS provider in this process, in an account of its own, for what needs no plugin around it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from local.providers.aws.provider import Aws
from tests.local.providers.conftest import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(secrets.randbelow(9 * 10**11) + 10**11))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    provider = Aws()
    provider.configure({"region": REGION})
    yield provider
    for client in provider._clients.values():
        client.close()
