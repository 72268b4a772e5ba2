"""The postmaster as a process: whether it runs, that it is ours, and how it ends.

A process id alone proves nothing, it may have been given to somebody else since: a postmaster is ours when it works
in our data folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_POLL_SECONDS: Final = 0.05


def postmaster(data: Path) -> int | None:
    """Return the process id of the postmaster that runs on a data folder, or None."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _works_in(pid, data) else None


def forget_dead(data: Path, socket_folder: Path, patience_seconds: float = 10) -> None:
    """Remove the lock files of a postmaster that was killed, once none of its children is left.

    PostgreSQL does so itself, but not where the process id is in use again or belongs to a zombie.
    """
    deadline = time.monotonic() + patience_seconds
    while _anybody_in(data) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    if not _anybody_in(data):
        for stale in (data / "postmaster.pid", *socket_folder.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)


def stop(data: Path, patience_seconds: float = 60) -> None:
    """End the postmaster with a checkpoint; one that does not end in time is stopped at once and recovers later."""
    for sign in (signal.SIGINT, signal.SIGQUIT):
        pid = postmaster(data)
        if pid is None:
            return
        os.kill(pid, sign)
        deadline = time.monotonic() + patience_seconds
        while postmaster(data) is not None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _works_in(pid: int, data: Path) -> bool:
    if _PROC.is_dir():
        try:
            return (_PROC / str(pid) / "cwd").readlink() == data.resolve()
        except OSError:
            return False
    command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(data) in command.stdout


def _anybody_in(data: Path) -> bool:
    if not _PROC.is_dir():
        return postmaster(data) is not None
    return any(_works_in(int(entry.name), data) for entry in _PROC.iterdir() if entry.name.isdigit())
