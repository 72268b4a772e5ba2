"""A project with one stack, and programs that say what a test lets them say."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import yaml

from strata.doctor.subject import Subject
from tests.local.providers.conftest import emulator_url  # noqa: F401 - a fixture of the session

if TYPE_CHECKING:
    from pathlib import Path

REGION = "eu-west-1"


class MakeSubject(Protocol):
    def __call__(
        self, *, stack: str | None = "dev", database: str | None = None, edge: str | None = None
    ) -> Subject: ...


@pytest.fixture
def write_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that writes Pulumi.dev.yaml; the project is the working directory."""
    (tmp_path / "Pulumi.yaml").write_text("name: strata\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    for name in ("PULUMI_STACK", "PULUMI_OPTION_CONFIG_FILE", "STRATA_EDGE_URL", "AWS_CREDENTIAL_EXPIRATION"):
        monkeypatch.delenv(name, raising=False)

    def write(config: dict[str, Any] | None = None, **top: Any) -> None:
        content = {"config": {"aws:region": REGION, "strata:tenants": ["acme"], **(config or {})}, **top}
        (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(content))

    write()
    return write


@pytest.fixture
def subject(tmp_path: Path, write_stack: Any) -> MakeSubject:
    """Return a function that makes what the doctor looks at, with the environment as it is then."""

    def made(*, stack: str | None = "dev", database: str | None = None, edge: str | None = None) -> Subject:
        return Subject(tmp_path, stack, database, edge, dict(os.environ))

    return made


class Programs:
    """The only programs on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, **answers: str) -> None:
        """Add a program that answers each of its first arguments with a text, and everything else with a failure."""
        cases = "".join(f"{word}) echo '{text}' ;;\n" for word, text in answers.items())
        path = self.folder / name
        path.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}*) echo "cannot" >&2; exit 1 ;;\nesac\n')
        path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Leave no program on PATH but those that a test adds."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return Programs(folder)


@pytest.fixture
def cloud(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: F811 - the fixture
    """An account of the test's own."""
    account = str(secrets.randbelow(9 * 10**11) + 10**11)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account)
    monkeypatch.setenv("AWS_REGION", REGION)
    # Clients are kept by endpoint, and hold the credentials that they were made with.
    from strata import aws  # noqa: PLC0415 - only for its cache

    aws._client.cache_clear()
    yield account
    aws._client.cache_clear()
