"""An environment of a benchmark's own, with many tenants, removed at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import yaml  # type: ignore[import-untyped]  # it ships no types

from local.paths import CHECKOUT, Home
from local.variables import process_environment
from strata.engine_contract import TENANT_TYPE
from strata.rollout import BULK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: A tenant of the stack file: an id, or an object with more about it.
Entry = str | Mapping[str, str]


class CommandFailedError(Exception):
    """A command that a benchmark needs failed; the message is what it printed last."""


@dataclass
class Environment:
    """One environment with the stack up.

    Args:
        home: its files.
        tenants: the entries of its stack file.
    """

    home: Home
    tenants: list[Entry] = field(default_factory=list)

    def write_tenants(self, tenants: Sequence[Entry]) -> None:
        """Let the stack file name these tenants; nothing is deployed."""
        self.tenants = list(tenants)
        (self.home.root / "tenants.json").write_text(json.dumps(self.tenants))

    def command(self, name: str, **variables: str) -> None:
        """Run ``python -m local.environment``: up or clean."""
        words = [sys.executable, "-m", "local.environment", name]
        run(words, {**os.environ, "STRATA_HOME": str(self.home.root), **variables}, CHECKOUT)

    def pulumi(self, *arguments: str, folder: Path = CHECKOUT, **variables: str) -> float:
        """Run ``pulumi`` as after ``source .strata/env`` and return how long it took, in seconds."""
        words = [str(self.home.bin / "pulumi"), *arguments, "--non-interactive"]
        environment = {**process_environment(self.home), **variables}
        started = time.monotonic()
        run(words, environment, folder)
        return time.monotonic() - started

    def tenant_resources(self) -> list[dict[str, Any]]:
        """Return the tenants' resources as the stack's state has them."""
        state = run([str(self.home.bin / "pulumi"), "stack", "export"], process_environment(self.home), CHECKOUT)
        return [one for one in json.loads(state)["deployment"]["resources"] if one["type"] == TENANT_TYPE]

    def connect(self, user: str) -> psycopg.Connection[Any]:
        """Return an autocommit connection of a role that logs in by IAM token."""
        address = urlsplit(process_environment(self.home)["STRATA_DATABASE_URL"])
        return psycopg.connect(
            host=address.hostname,
            port=address.port,
            dbname=address.path.removeprefix("/"),
            user=user,
            password="any token",  # noqa: S106 - the local server checks none
            autocommit=True,
        )


@contextmanager
def environment(tenants: Sequence[Entry], settings: Mapping[str, Any] | None = None) -> Iterator[Environment]:
    """Bring an environment up whose stack has these tenants; it is removed at the end, whatever happened.

    Args:
        tenants: entries of the stack file.
        settings: further keys of the stack file.
    """
    # A short path: PostgreSQL's socket is below it.
    home = Home(Path(tempfile.mkdtemp(prefix="strata-bench-")))
    home.marker.touch()
    content = yaml.safe_load((CHECKOUT / home.stack_file.name).read_text())
    file = {"file": str(home.root / "tenants.json")}
    content["config"] |= {"strata:tenants": file, **(settings or {})}
    home.stack_file.write_text(yaml.safe_dump(content, sort_keys=False))
    one = Environment(home)
    one.write_tenants(tenants)
    try:
        print(f"  an environment with {len(tenants)} tenants comes up", flush=True)
        one.command("up", **BULK)
        yield one
    finally:
        one.command("clean", YES="1")


def run(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> str:
    """Run a command to its end and return what it printed on standard output.

    Raises:
        CommandFailedError: it ended with an error.
    """
    done = subprocess.run(
        words, env=dict(environment), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CommandFailedError(f"{Path(words[0]).name} {words[1]}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout
