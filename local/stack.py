"""The engine's stack `local`: its recorded state, what an interrupted run left behind, and running the engine on it."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any, Final

import yaml  # type: ignore[import-untyped]  # it ships no types

from local.paths import STACK
from local.process_table import words_of
from local.processes import process_start
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.paths import Home

#: The commands ask nothing, and `report` shows the outputs.
QUIETLY: Final = ("--yes", "--skip-preview", "--suppress-outputs")


class StackBusyError(StrataError):
    """Another run of the engine works on the stack."""


class EngineRunError(StrataError):
    """The engine ended with an error that it has already shown."""


def _folder(home: Home, kind: str) -> Path:
    project = yaml.safe_load((home.project / "Pulumi.yaml").read_text())["name"]
    return home.state / ".pulumi" / kind / str(project)


def _checkpoint_file(home: Home) -> Path:
    return _folder(home, "stacks") / f"{STACK}.json"


def _latest(home: Home) -> dict[str, Any]:
    try:
        checkpoint = json.loads(_checkpoint_file(home).read_text())
    except FileNotFoundError:
        return {}
    return dict(checkpoint["checkpoint"].get("latest") or {})


def resources(home: Home) -> list[dict[str, Any]]:
    """Return the recorded resources; none before the first run."""
    return list(_latest(home).get("resources") or [])


def pending_operations(home: Home) -> list[dict[str, Any]]:
    """Return what an interrupted run left: each with its ``type``, for example ``creating``, and its ``resource``."""
    return list(_latest(home).get("pending_operations") or [])


def emulated(home: Home) -> tuple[list[str], list[str]]:
    """Return the URNs of recorded resources that exist in the AWS emulator alone, and those of DB instances.

    A DB instance is a server with its data as well, and the emulator holds no more than a record of it.
    """
    found = [one for one in resources(home) if one.get("custom") and str(one["type"]).startswith("aws:")]
    instances = [str(one["urn"]) for one in found if one["type"] == "aws:rds/instance:Instance"]
    return sorted({str(one["urn"]) for one in found} - set(instances)), instances


def targets(urns: list[str]) -> list[str]:
    """Return the options that restrict a run of the engine to some resources."""
    return [option for urn in urns for option in ("--target", urn)]


def outputs(home: Home) -> dict[str, Any]:
    """Return the stack's outputs as recorded; none before the first run."""
    root = next((one for one in resources(home) if one["type"] == "pulumi:pulumi:Stack"), {})
    return dict(root.get("outputs") or {})


def ensure_stack(home: Home, environment: Mapping[str, str]) -> None:
    """Make the stack unless it is there.

    Raises:
        EngineRunError: the engine refused.
    """
    home.state.mkdir(parents=True, exist_ok=True)
    if not _checkpoint_file(home).exists():
        run(home, environment, "stack", "init", STACK, "--non-interactive")


def release_abandoned_lock(home: Home) -> bool:
    """Remove the lock of a run of the engine that was killed, and say whether there was one.

    Raises:
        StackBusyError: the run is alive.
    """
    locks = list((home.state / ".pulumi" / "locks").glob(f"*/*/{STACK}/*.json"))
    for lock in locks:
        pid = _holder(lock)
        if pid is not None and _is_engine(pid):
            raise StackBusyError(
                f"another run of pulumi works on stack {STACK}",
                where={"pid": pid},
                next_command="wait for it or press Ctrl-C in its terminal, then make up",
            )
    for lock in locks:
        lock.unlink(missing_ok=True)
    return bool(locks)


def _holder(lock: Path) -> int | None:
    try:
        return int(json.loads(lock.read_text())["pid"])
    except (FileNotFoundError, json.JSONDecodeError, KeyError):
        return None  # gone meanwhile, or its writer was killed while it wrote


def _is_engine(pid: int) -> bool:
    return process_start(pid) is not None and any("pulumi" in word for word in words_of(pid))


def run(home: Home, environment: Mapping[str, str], *arguments: str) -> None:
    """Run the engine with its output on this terminal.

    On Ctrl-C the engine gets to finish what it has begun: this process waits for it.

    Raises:
        EngineRunError: it ended with an error.
        KeyboardInterrupt: the user interrupted it.
    """
    interrupted = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        command = [str(home.bin / "pulumi"), *arguments]
        code = subprocess.Popen(command, env=dict(environment), cwd=home.project).wait()
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted.is_set():
        raise KeyboardInterrupt
    if code != 0:
        raise EngineRunError(
            f"`pulumi {' '.join(arguments[:2])}` failed; the cause is shown above",
            where={"stack": STACK, "stack file": home.stack_file},
            next_command="make up (after a correction; what was made is kept)",
        )
