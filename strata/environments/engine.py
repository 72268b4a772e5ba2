"""The Pulumi CLI on one environment: run on this terminal, or asked for what it knows."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from strata.engine_contract import OF_ANOTHER_STACK, EngineMissingError
from strata.errors import StrataError
from strata.tunnel.command import ProgramMissingError, run_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class EngineFailedError(StrataError):
    """The engine ended with an error that it has shown."""

    def __init__(self, stack: str, words: Sequence[str], next_command: str) -> None:
        super().__init__(
            f"`pulumi {shlex.join(words[:2])}` failed; its own words are above",
            where={"stack": stack},
            allowed="what was made is kept, and found again",
            next_command=next_command,
        )


class EngineRefusedError(StrataError):
    """The engine did not answer a question."""

    def __init__(self, stack: str, words: Sequence[str], said: str) -> None:
        super().__init__(
            f"`pulumi {shlex.join(words[:2])}` failed: {' '.join(said.split())}",
            where={"stack": stack},
            next_command=f"strata doctor --stack {shlex.quote(stack)}",
        )


@dataclass(frozen=True)
class Engine:
    """The Pulumi CLI for one environment.

    Args:
        project: the folder with Pulumi.yaml.
        stack: the environment's name.
        again: the command that goes on after a failure.
    """

    project: Path
    stack: str
    again: str
    _without: Sequence[str] = field(default=OF_ANOTHER_STACK, repr=False)

    def run(self, words: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
        """Run the engine on this terminal, where it asks what it has to ask.

        Raises:
            EngineMissingError: it is not on PATH.
            EngineFailedError: it ended with an error.
        """
        try:
            code = run_command(self.command(words), variables or {}, folder=self.project, without=self._without)
        except ProgramMissingError:
            raise EngineMissingError from None
        if code:
            raise EngineFailedError(self.stack, words, self.again)

    def command(self, words: Sequence[str]) -> list[str]:
        """Return the whole command, as a person would type it."""
        return ["pulumi", *words, "--stack", self.stack]

    def answer(self, *words: str) -> Any:
        """Return the JSON that the engine answers.

        Raises:
            EngineMissingError: it is not on PATH.
            EngineRefusedError: it ended with an error, whose words are in the message.
        """
        environment = {name: value for name, value in os.environ.items() if name not in self._without}
        try:
            done = subprocess.run(
                ["pulumi", *words], cwd=self.project, env=environment, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            raise EngineMissingError from None
        if done.returncode:
            raise EngineRefusedError(self.stack, words, done.stderr)
        return json.loads(done.stdout)

    def exists(self) -> bool:
        """Return whether the backend knows the stack."""
        listed = self.answer("stack", "ls", "--json", "--non-interactive")
        return self.stack in {str(one["name"]).rpartition("/")[2] for one in listed}

    def resources(self) -> list[dict[str, Any]]:
        """Return the stack's recorded resources."""
        exported = self.answer("stack", "export", "--stack", self.stack)
        return list((exported.get("deployment") or {}).get("resources") or [])
