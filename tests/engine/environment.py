"""A local environment of a test's own: its own folder, ports, processes and copy of the stack file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from local import postgres, processes, report
from local.edge import process as edge
from local.emulator import server
from local.orphans import end_orphans
from local.paths import CHECKOUT, Home
from local.variables import process_environment

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = """
import sys
from pathlib import Path
from local.environment import main
from local.paths import Home
sys.exit(main(sys.argv[3:], Home(Path(sys.argv[1]), Path(sys.argv[2]))))
"""


class CommandFailedError(AssertionError):
    """A command that should have passed; the message is all that it printed."""


@dataclass(frozen=True)
class Result:
    """What a command printed, both streams as one text, and its exit code."""

    code: int
    output: str

    def __contains__(self, text: str) -> bool:
        return text in self.output


@dataclass(frozen=True)
class EngineEnvironment:
    """One environment, and the commands that its user would type."""

    home: Home

    @classmethod
    def create(cls, project: Path = CHECKOUT) -> EngineEnvironment:
        """Return a new one with nothing running; its path is short, since sockets live below it."""
        home = Home(Path(tempfile.mkdtemp(prefix="strata-", dir="/tmp")), project)
        home.marker.touch()
        shutil.copy(project / home.stack_file.name, home.stack_file)
        return cls(home)

    # -- commands ------------------------------------------------------------------------------------------------

    def command(self, *arguments: str, check: bool = True, timeout_seconds: float = 600, **variables: str) -> Result:
        """Run ``python -m local.environment``: up, down, status, heal or clean."""
        words = [sys.executable, "-c", COMMAND, str(self.home.root), str(self.home.project), *arguments]
        return self._run(words, {**os.environ, **variables}, check, timeout_seconds, CHECKOUT)

    def up(self, *, check: bool = True) -> Result:
        """Run ``make up``."""
        return self.command("up", check=check)

    def pulumi(self, *arguments: str, check: bool = True, timeout_seconds: float = 600, **variables: str) -> Result:
        """Run ``pulumi`` as after ``source .strata/env``."""
        words = [str(self.home.bin / "pulumi"), *arguments]
        environment = {**process_environment(self.home), **variables}
        return self._run(words, environment, check, timeout_seconds, self.home.project)

    def preview(self, *arguments: str, check: bool = True) -> Result:
        """Run ``pulumi preview``."""
        return self.pulumi("preview", "--non-interactive", *arguments, check=check)

    def deploy(self, *arguments: str, check: bool = True) -> Result:
        """Run ``pulumi up`` without a preview of its own, and without starting or healing anything first."""
        return self.pulumi("up", "--yes", "--skip-preview", "--non-interactive", *arguments, check=check)

    def strata(self, *arguments: str, check: bool = True, **variables: str) -> Result:
        """Run ``strata`` as after ``source .strata/env``."""
        environment = {**process_environment(self.home), **variables}
        return self._run([str(self.home.bin / "strata"), *arguments], environment, check, 300, self.home.project)

    def psql(self, sql: str, *, url: str | None = None, check: bool = True) -> str:
        """Run one statement as the owner, or at another URL, and return the rows, columns separated by ``|``."""
        environment = process_environment(self.home)
        words = [str(self.home.bin / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql]
        words.append(url or environment["STRATA_DATABASE_URL"])
        return self._run(words, environment, check, 120, self.home.project).output.strip()

    # -- state ---------------------------------------------------------------------------------------------------

    def edit_config(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the environment's own copy of the stack file; `change` gets the map below ``config``."""
        content = yaml.safe_load(self.home.stack_file.read_text())
        change(content.setdefault("config", {}))
        self.home.stack_file.write_text(yaml.safe_dump(content, sort_keys=False))

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs as the engine prints them."""
        return dict(json.loads(self.pulumi("stack", "output", "--json").output))

    def export(self) -> dict[str, Any]:
        """Return the stack's whole recorded state."""
        return dict(json.loads(self.pulumi("stack", "export").output))

    def running(self) -> dict[str, int]:
        """Return the process ids of what runs, by the names that `status` shows."""
        return {row.name: row.pid for row in report.processes(self.home) if row.pid is not None}

    def remove(self) -> None:
        """Stop everything and remove the folder, whatever state it is in."""
        if not self.home.root.exists():
            return
        end_orphans(self.home)
        edge.stop(self.home)
        try:
            for folder in postgres.folders(self.home.root):
                postgres.stop(folder)
        finally:
            record = server.running(self.home)
            if record is not None:
                processes.stop(record, 5)
            shutil.rmtree(self.home.root)

    @staticmethod
    def _run(
        words: list[str], environment: dict[str, str], check: bool, timeout_seconds: float, folder: Path
    ) -> Result:
        done = subprocess.run(
            words,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        if check and done.returncode != 0:
            raise CommandFailedError(f"{' '.join(words[:1] + words[-3:])} ended with {done.returncode}:\n{done.stdout}")
        return Result(done.returncode, done.stdout)
