"""The local environment's commands: ``python -m local.environment up | down | status | clean | heal``."""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from local import postgres, report, shims, stack
from local.edge import process as edge
from local.emulator import server
from local.engine.install import find_or_make, link_into
from local.locks import exclusive
from local.orphans import end_orphans
from local.paths import Home, home_from_environment
from local.settling import settle
from local.variables import environment_file, process_environment
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: A PostgreSQL data folder with its first write-ahead log, and the emulator's state, need about half of this.
NEEDED_BYTES: Final = 300 * 1024 * 1024


class HomeError(StrataError):
    """The folder of the environment cannot be used."""


class DiskFullError(StrataError):
    """No room is left for the environment."""


def up(home: Home, *, refresh: bool = False) -> None:
    """Bring the environment up, healing what was killed or interrupted, and show how to use it.

    Args:
        home: the environment.
        refresh: whether the engine compares its state with reality first, even if nothing says that it must.

    Raises:
        StrataError: the first thing that stands in the way; everything that was done is kept.
    """
    started = time.monotonic()
    _prepare(home)
    with _alone(home):
        _start(home)
        environment = process_environment(home)
        stack.ensure_stack(home, environment)
        _heal(home, environment)
        _deploy(home, environment, refresh=refresh)
        edge.start(home, environment, _say)
        _write_environment_file(home)
    _say(report.summary(home, time.monotonic() - started))


def _prepare(home: Home) -> None:
    if home.root.is_dir() and any(home.root.iterdir()) and not home.marker.exists():
        raise HomeError(
            "this folder is not empty and no Strata environment",
            where={"STRATA_HOME": home.root},
            allowed="a new or empty folder, or an environment made by `make up`",
            next_command="STRATA_HOME=/another/folder make up",
        )
    home.logs.mkdir(parents=True, exist_ok=True)
    home.marker.touch()
    free = shutil.disk_usage(home.root).free
    if free < NEEDED_BYTES:
        raise _disk_full(home, f"{free // 2**20} MiB are left")
    if not home.stack_file.exists():
        shutil.copy(home.project / home.stack_file.name, home.stack_file)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    try:
        with exclusive(home.lock, wait=False):
            yield
    except BlockingIOError:
        raise HomeError(
            "another command works on this environment now",
            where={"home": home.root},
            next_command="wait for it to end, then the same command again",
        ) from None


def _start(home: Home) -> None:
    engine = find_or_make()
    link_into(home, engine)
    shims.write(home)
    record = server.start(home, _say)
    _say(f"AWS emulator: http://localhost:{record.port}")
    _start_databases(home)
    _write_environment_file(home)


def _start_databases(home: Home) -> None:
    ports = {folder: postgres.describe(folder).port for folder in postgres.folders(home.root)}
    postgres.start_all(home.root)
    for folder, port in ports.items():
        instance = postgres.describe(folder)
        _say(f"PostgreSQL {instance.identifier}: {instance.host}:{instance.port}")
        if instance.port != port:
            _say(f"port {port} now belongs to another program; the server moved to {instance.port}, its data is kept")
            home.stale_marker.touch()


def _write_environment_file(home: Home) -> None:
    draft = home.environment_file.with_suffix(".new")
    draft.write_text(environment_file(home))
    draft.replace(home.environment_file)


def _heal(home: Home, environment: dict[str, str]) -> None:
    if stack.release_abandoned_lock(home):
        _say("released the lock of a run of pulumi that was killed")
    end_orphans(home)
    pending = stack.pending_operations(home)
    if pending:
        _say(f"{len(pending)} operations of an interrupted run are settled first")
        settle(home, environment)


def _deploy(home: Home, environment: dict[str, str], *, refresh: bool) -> None:
    if home.stale_marker.exists():
        _make_forgotten(home, environment)
    stack.run(home, environment, "up", *stack.QUIETLY, *(["--refresh"] if refresh else []))


def _make_forgotten(home: Home, environment: dict[str, str]) -> None:
    """Make again what the emulator has forgotten.

    In three steps, since a refresh of the whole stack would fail on what is gone: reading a tenant or a role needs
    the connection parameter, and reading the DB instance its groups.
    """
    held_by_emulator, instances = stack.emulated(home)
    if held_by_emulator:
        stack.run(home, environment, "refresh", *stack.QUIETLY, *stack.targets(held_by_emulator))
    if instances:
        stack.run(home, environment, "up", *stack.QUIETLY)
        stack.run(home, environment, "refresh", *stack.QUIETLY, *stack.targets(instances))
    home.stale_marker.unlink()


def down(home: Home) -> None:
    """Stop every process of the environment and keep its data.

    Raises:
        StackBusyError: the engine works on the stack.
    """
    if not home.marker.exists():
        _say(f"there is no environment in {home.root}")
        return
    with _alone(home):
        _stop(home)
    _say("stopped; the data is kept; next: make up")


def _stop(home: Home) -> None:
    stack.release_abandoned_lock(home)
    # Before the emulator, which takes its last access logs.
    edge.stop(home)
    end_orphans(home)
    postgres.stop_all(home.root)
    server.stop(home)


def clean(home: Home, *, confirmed: bool) -> None:
    """Stop every process of the environment and remove its folder with all data, once the user agreed.

    Raises:
        HomeError: the folder is no environment, or nobody agreed.
    """
    if not home.root.exists():
        _say(f"there is nothing in {home.root}")
        return
    if not home.marker.exists():
        raise HomeError("this folder is no Strata environment and is left alone", where={"home": home.root})
    if not confirmed and not _agrees(home):
        raise HomeError("nothing was removed", where={"home": home.root}, next_command="make clean YES=1")
    with _alone(home):
        _stop(home)
        shutil.rmtree(home.root)
    _say(f"removed {home.root}")


def _agrees(home: Home) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"Remove {home.root} with every database in it? [y/N] ").strip().lower() in {"y", "yes"}


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the command tells its user


def _disk_full(home: Home, detail: str) -> DiskFullError:
    return DiskFullError(
        f"the disk is full: {detail}",
        where={"home": home.root},
        allowed=f"{NEEDED_BYTES // 2**20} MiB free",
        next_command="free some space, or STRATA_HOME=/another/disk make up; nothing was lost",
    )


def explain(home: Home, error: OSError) -> StrataError:
    """Turn an error of the system into one line with the next command."""
    if error.errno == errno.ENOSPC:
        return _disk_full(home, str(error.filename or "no space left on device"))
    return HomeError(str(error.strerror or error), where={"file": error.filename}, next_command="make up")


def main(arguments: Sequence[str] | None = None, home: Home | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 refused or failed, 2 usage, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m local.environment", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status", "clean", "heal"))
    command = parser.parse_args(arguments).command
    home = home or home_from_environment()
    actions = {
        "up": lambda: up(home),
        "heal": lambda: up(home, refresh=True),
        "down": lambda: down(home),
        "status": lambda: _say(report.status(home)),
        "clean": lambda: clean(home, confirmed=os.environ.get("YES") == "1"),
    }
    try:
        actions[command]()
    except StrataError as error:
        return _fail(error)
    except OSError as error:
        return _fail(explain(home, error))
    except KeyboardInterrupt:
        _say("\ninterrupted; nothing is lost; next: make up")
        return 130
    return 0


def _fail(error: StrataError) -> int:
    print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201 - what the command tells its user
    return 1


if __name__ == "__main__":
    sys.exit(main())
