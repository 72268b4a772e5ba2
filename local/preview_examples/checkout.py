"""A checkout of its own with the local stack deployed, in which branches are tried as their authors would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.paths import CHECKOUT, STACK, Home
from local.preview_examples.recording import recorded
from local.variables import process_environment
from strata.engine_contract import CONFIG_FILE_VARIABLE, STREAM_VARIABLE
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.preview_examples.branches import Branch, Edit

#: Of the user's own, these would lead to another environment.
_UNWANTED: Final = ("STRATA_HOME", CONFIG_FILE_VARIABLE)
_AUTHOR: Final = ("-c", "user.name=strata", "-c", "user.email=strata@localhost", "-c", "commit.gpgsign=false")


class CheckoutError(StrataError):
    """A command in the checkout failed that should not."""


@dataclass(frozen=True)
class Preview:
    """What a branch's preview said, and what the report makes of it.

    Args:
        said: by the engine, as it came.
        events: the same, recorded.
        exit_code: of the engine.
        report: made of what is recorded.
    """

    said: str
    events: str
    exit_code: int
    report: str


@dataclass(frozen=True)
class Checkout:
    """A copy of this checkout under a git of its own, with an environment of its own."""

    path: Path

    @property
    def home(self) -> Home:
        """The environment, where `make up` puts it."""
        return Home(self.path / ".strata", self.path)

    def start_from(self, prepare: Edit) -> None:
        """Make an edit what the branches start from."""
        prepare(self.path)
        self._git("commit", "--quiet", "--all", "--message", "what is deployed")

    def up(self) -> None:
        """Bring the environment up, as `make up` does."""
        self._run([sys.executable, "-m", "local.environment", "up"], self._plain())

    def preview(self, branch: Branch) -> Preview:
        """Return what the engine says of a branch, and the report on it."""
        with self._on(branch):
            done = self._engine()
            events = recorded(done.stdout, self.path)
            return Preview(done.stdout, events, done.returncode, self._report(events, done.returncode))

    def report_on(self, branch: Branch, events: str) -> str:
        """Return the report on what the engine once said of a branch."""
        with self._on(branch):
            return self._report(events, exit_code=int('"result": "succeeded"' not in events))

    @contextmanager
    def _on(self, branch: Branch) -> Iterator[None]:
        """Make the branch's edit for a while."""
        try:
            branch.edit(self.path)
            yield
        finally:
            self._git("checkout", "--quiet", "--", ".")
            self._git("clean", "--quiet", "--force", "-d")

    def _report(self, events: str, exit_code: int) -> str:
        words = [sys.executable, "-m", "strata.cli", "preview-report", "--base", "HEAD"]
        return self._run([*words, "--engine-exit-code", str(exit_code)], self._plain(), events).stdout

    def remove(self) -> None:
        """Stop the environment, and remove everything."""
        try:
            if self.home.marker.exists():
                self._run([sys.executable, "-m", "local.environment", "clean"], {**self._plain(), "YES": "1"})
        finally:
            shutil.rmtree(self.path)

    def _engine(self) -> subprocess.CompletedProcess[str]:
        variables = {**process_environment(self.home), STREAM_VARIABLE: "true"}
        words = [str(self.home.bin / "pulumi"), "preview", "--json", "--non-interactive", "--policy-pack", "policy"]
        return subprocess.run(words, cwd=self.path, env=variables, capture_output=True, text=True, check=False)

    def _git(self, *words: str) -> None:
        self._run(["git", *_AUTHOR, *words], self._plain())

    def _plain(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name not in _UNWANTED}

    def _run(
        self, words: Sequence[str], environment: dict[str, str], given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            words, cwd=self.path, env=environment, input=given, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CheckoutError(
                "a command failed", where={"command": " ".join(words), "said": done.stdout + done.stderr}
            )
        return done


@contextmanager
def borrowed_checkout() -> Iterator[Checkout]:
    """Lend a copy of this checkout; its path is short, since sockets live below it."""
    checkout = Checkout(Path(tempfile.mkdtemp(prefix=f"strata-{STACK}-", dir="/tmp")))
    try:
        _copy(checkout.path)
        checkout._git("init", "--quiet")  # noqa: SLF001 - the same file
        # Ours ignore the folder of this name, not a link to it.
        (checkout.path / ".git" / "info" / "exclude").write_text(".venv\n")
        checkout._git("add", "--all")  # noqa: SLF001 - the same file
        checkout._git("commit", "--quiet", "--message", "a checkout")  # noqa: SLF001 - the same file
        (checkout.path / ".venv").symlink_to(CHECKOUT / ".venv")
        yield checkout
    finally:
        checkout.remove()


def _copy(folder: Path) -> None:
    """Copy what git knows or would add: never an environment, nor anything else that is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (CHECKOUT / name).is_file():  # What is deleted and not yet committed is listed too.
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, folder / name)
