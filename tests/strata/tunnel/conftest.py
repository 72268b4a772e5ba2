"""A `session-manager-plugin` that really carries bytes, and a Systems Manager that starts sessions."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from strata.reference import ConnectionParameters
from tests.strata.aws_stub import serving
from tests.strata.conftest import connection_parameters
from tests.strata.tunnel.fake_plugin import ENDPOINT, install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SESSION = {"SessionId": "deployer-0a1b", "TokenValue": "token-of-a-session", "StreamUrl": "wss://ssm.example/0a1b"}


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_server) -> Callable[..., Path]:
    """Install the fake plugin as the only one on PATH; it leads to the test's server."""

    def installed(**behavior: Any) -> Path:
        folder = install(tmp_path / "bin", f"{postgresql_server.host}:{postgresql_server.port}", **behavior)
        monkeypatch.setenv("PATH", str(folder))
        return folder

    return installed


@pytest.fixture
def systems_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Start sessions for whoever asks, and give the calls."""
    with _sessions(monkeypatch) as calls:
        yield calls


@contextmanager
def _sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    with serving({"StartSession": SESSION}) as (address, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        yield calls


@pytest.fixture
def private(fresh_database) -> ConnectionParameters:
    """The test's database as a private one: under a name that no resolver knows, behind a jump host."""
    known = ConnectionParameters(**connection_parameters(fresh_database.server, fresh_database.name))
    return replace(known, host=ENDPOINT, port=5432, jump_host_id="i-0a1b2c3d")


@pytest.fixture
def private_reference(private: ConnectionParameters, monkeypatch: pytest.MonkeyPatch) -> str:
    """A reference to the private database."""
    monkeypatch.setenv("PRIVATE_DATABASE", json.dumps(vars(private)))
    return "env:PRIVATE_DATABASE"
