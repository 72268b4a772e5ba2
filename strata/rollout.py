"""The first rollout of many tenants: looked at first, and then deployed with the state written once, at the end.

Without a checkpoint per change a run that is killed leaves no record of what it has done. That is safe for tenants,
whose creation adopts what is there, and for nothing else: so every other change is refused.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from strata.engine_contract import (
    CONFIG_FILE_VARIABLE,
    STACK_VARIABLE,
    STREAM_VARIABLE,
    TENANT_TYPE,
    EngineMissingError,
)
from strata.errors import StrataError
from strata.stack_file import project_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    #: Called with how many tenants are done.
    Report = Callable[[int], None]

#: The state is written at the end only. Never in a profile: any other change that is killed would be forgotten.
BULK: Final = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
#: Of a backend of files, and of Pulumi Cloud.
_LOCKED: Final = ("the stack is currently locked", "Another update is currently in progress")
_MOST_MESSAGES: Final = 5
_MOST_EXAMPLES: Final = 5


class NotOnlyTenantsError(StrataError):
    """The change is more than new tenants, and a killed run would forget that it has made the rest."""

    def __init__(self, stack: str, others: Mapping[str, int], examples: tuple[str, ...]) -> None:
        counted = ", ".join(f"{count} to {op}" for op, count in sorted(others.items()))
        named = ", ".join(examples) + (", ..." if sum(others.values()) > len(examples) else "")
        super().__init__(
            f"the change is more than new tenants: {counted} ({named})",
            where={"stack": stack},
            allowed="new tenants only; nothing was changed",
            next_command="take the new tenants out, pulumi up, put them back, and run this again",
        )
        self.others = dict(others)


class StackLockedError(StrataError):
    """Another update holds the stack, or one that was killed has left its lock."""

    def __init__(self, stack: str, said: str) -> None:
        super().__init__(
            f"another update has the stack: {' '.join(said.removeprefix('error: ').split())}",
            where={"stack": stack},
            allowed="one update at a time; nothing was changed",
            next_command=f"wait for that update; if it was killed: pulumi cancel --stack {shlex.quote(stack)}, then"
            " this again",
        )


class RolloutFailedError(StrataError):
    """The engine refused or failed; tenants that are made stay, and the next run finds them."""

    def __init__(self, stack: str, step: str, messages: tuple[str, ...]) -> None:
        said = " | ".join(" ".join(message.split()) for message in messages) or "without a message"
        super().__init__(
            f"{step} failed: {said}",
            where={"stack": stack},
            next_command="settle what it says, then run this again: tenants that are there are found and kept",
        )
        self.messages = messages


class RolloutKilledError(StrataError):
    """The engine was killed in the middle; the database has what the state does not know."""

    def __init__(self, stack: str, signal_name: str, done: int) -> None:
        super().__init__(
            f"the engine was ended by {signal_name} after {done:,} tenants",
            where={"stack": stack},
            next_command=f"pulumi cancel --stack {shlex.quote(stack)}, since its lock is left; then run this again:"
            " tenants that are there are found and kept",
        )


class RolloutIncompleteError(StrataError):
    """The engine says that all is done, and its own preview does not."""

    def __init__(self, stack: str, left: int) -> None:
        super().__init__(
            f"{left} changes are left after the run", where={"stack": stack}, next_command="pulumi preview --diff"
        )


@dataclass(frozen=True)
class Plan:
    """What a preview says that an update would do.

    Args:
        tenant_ids: of the tenants that are new.
        others: how many other changes there are, by what would be done.
        examples: some of them.
    """

    tenant_ids: tuple[str, ...]
    others: Mapping[str, int]
    examples: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.tenant_ids and not self.others


@dataclass(frozen=True)
class Rollout:
    """The engine on one stack.

    Args:
        stack: its name.
        folder: of the project.
        variables: environment of the engine.
    """

    stack: str
    folder: Path
    variables: Mapping[str, str]

    @classmethod
    def of(cls, stack: str, folder: Path, variables: Mapping[str, str] = os.environ) -> Rollout:
        """Return the engine for a stack of the project around a folder.

        Raises:
            EngineMissingError: there is none.
        """
        if shutil.which("pulumi", path=variables.get("PATH")) is None:
            raise EngineMissingError
        # A copy of the stack file belongs to the stack that the environment names.
        kept = variables.get(STACK_VARIABLE) == stack
        own = {name: value for name, value in variables.items() if kept or name != CONFIG_FILE_VARIABLE}
        return cls(stack, project_folder(folder), own)

    def plan(self) -> Plan:
        """Return what would change; no database is asked.

        Raises:
            NotOnlyTenantsError: more than new tenants.
            RolloutFailedError: the preview failed.
        """
        plan = self.changes()
        if plan.others:
            raise NotOnlyTenantsError(self.stack, plan.others, plan.examples)
        return plan

    def changes(self) -> Plan:
        """Return what would change, whatever it is.

        Raises:
            RolloutFailedError: the preview failed.
        """
        tenant_ids: list[str] = []
        others: Counter[str] = Counter()
        examples: list[str] = []

        def take(event: Mapping[str, Any]) -> None:
            change = event.get("resourcePreEvent", {}).get("metadata", {"op": "same"})
            if change["op"] == "create" and change["type"] == TENANT_TYPE:
                tenant_ids.append(change["new"]["inputs"]["tenant_id"])
            elif change["op"] != "same":
                others[change["op"]] += 1
                examples.append(change["urn"].rpartition("::")[2])

        ended = self._run(("preview",), {STREAM_VARIABLE: "true"}, take)
        if ended.code:
            raise RolloutFailedError(self.stack, "the preview", ended.messages)
        return Plan(tuple(sorted(tenant_ids)), others, tuple(examples[:_MOST_EXAMPLES]))

    def deploy(self, report: Report) -> int:
        """Make the new tenants, and return how many were made; the state is written when all are done.

        Args:
            report: called after each tenant with how many are done.

        Raises:
            StackLockedError: another update is at work, or was killed.
            RolloutFailedError: a tenant failed, or the engine; the others are made, and the state has them.
            RolloutKilledError: the engine was killed; the state has none of them, and the next run adopts them.
        """
        done = 0

        def take(event: Mapping[str, Any]) -> None:
            nonlocal done
            made = event.get("resOutputsEvent", {}).get("metadata", {"type": None})
            if made["type"] == TENANT_TYPE and made["op"] == "create":
                done += 1
                report(done)

        ended = self._run(("up", "--yes", "--skip-preview"), BULK, take)
        if ended.code < 0:
            raise RolloutKilledError(self.stack, signal.Signals(-ended.code).name, done)
        if ended.code and any(words in message for words in _LOCKED for message in ended.messages):
            raise StackLockedError(self.stack, ended.messages[-1])
        if ended.code:
            raise RolloutFailedError(self.stack, f"the update, after {done:,} tenants,", ended.messages)
        return done

    def _run(
        self, words: tuple[str, ...], variables: Mapping[str, str], take: Callable[[Mapping[str, Any]], None]
    ) -> _Ended:
        """Run the engine to its end, and hand over each of its events."""
        messages: list[str] = []
        with (
            tempfile.TemporaryFile("w+") as stderr,
            subprocess.Popen(
                ["pulumi", *words, "--stack", self.stack, "--non-interactive", "--json"],
                cwd=self.folder,
                env={**self.variables, **variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            ) as engine,
            _left_to(engine),
        ):
            for line in engine.stdout or ():
                if not line.endswith("\n"):  # of an engine that was killed as it wrote
                    break
                event = json.loads(line)
                diagnostic = event.get("diagnosticEvent", {})
                if diagnostic.get("severity") == "error":
                    messages.append(diagnostic["message"])
                take(event)
            code = engine.wait()
            stderr.seek(0)
            said = stderr.read().strip()
        return _Ended(code, (*messages[:_MOST_MESSAGES], *([said] if said else [])))


@dataclass(frozen=True)
class _Ended:
    """How the engine ended: below 0 by that signal; and the errors that it told of."""

    code: int
    messages: tuple[str, ...]


@contextmanager
def _left_to(engine: subprocess.Popen[str]) -> Iterator[None]:
    """Let the engine answer Ctrl-C, which it hears too, and pass a SIGTERM on: it then writes the state and ends."""
    interrupted = signal.signal(signal.SIGINT, lambda *_: None)
    terminated = signal.signal(signal.SIGTERM, lambda *_: engine.send_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, interrupted)
        signal.signal(signal.SIGTERM, terminated)


@dataclass(frozen=True)
class Done:
    """What a rollout did: tenants, and seconds of the update alone."""

    tenants: int
    seconds: float

    @property
    def tenants_per_second(self) -> float:
        """The pace."""
        return self.tenants / self.seconds if self.seconds else 0.0


def roll_out(rollout: Rollout, plan: Plan, report: Report) -> Done:
    """Make the tenants of a plan, and see by another preview that nothing is left to do.

    Raises:
        StackLockedError, RolloutFailedError, RolloutKilledError: as `Rollout.deploy`.
        RolloutIncompleteError: changes are left.
    """
    started = time.monotonic()
    made = rollout.deploy(report) if plan.tenant_ids else 0
    seconds = time.monotonic() - started
    left = rollout.changes()
    if not left.is_empty:
        raise RolloutIncompleteError(rollout.stack, len(left.tenant_ids) + sum(left.others.values()))
    return Done(made, seconds)
