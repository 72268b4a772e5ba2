"""Processes that outlive the command which starts them, known again by process id and start time.

A process id alone may belong to somebody else by the time it is read back from a file, so nothing is ever
signalled on its account alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class ProcessRecord:
    """A process that was started.

    Args:
        pid: the process id.
        start: what the system says about its start, which together with the pid names it for good.
        since: seconds since the epoch.
        port: the TCP port that it listens on.
    """

    pid: int
    start: str
    since: float
    port: int

    @property
    def is_running(self) -> bool:
        """Whether this very process, and no later one of its number, still runs."""
        return process_start(self.pid) == self.start


def process_start(pid: int) -> str | None:
    """Return what identifies a running process beside its number, or None when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _start_by_ps(pid)
    try:
        # The name in parentheses may hold anything; state and start time are fields 3 and 22 (proc(5)).
        fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else fields[19]


def _start_by_ps(pid: int) -> str | None:
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def spawn(command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, port: int) -> ProcessRecord:
    """Start a process that stays when this one ends, with its output appended to a log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Nobody here waits for its end; without a code, the object would complain of that when it is collected.
    process.returncode = 0
    return ProcessRecord(process.pid, process_start(process.pid) or "", time.time(), port)


def stop(record: ProcessRecord, grace_seconds: float) -> bool:
    """Stop a process and say whether it left by itself; one that does not in time is killed."""
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 10.0)):
        if not record.is_running:
            return False
        os.kill(record.pid, number)
        if _gone(record, seconds):
            return number is signal.SIGTERM
    return False


def _gone(record: ProcessRecord, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(ChildProcessError):
            os.waitpid(record.pid, os.WNOHANG)  # a child of this very process stays a zombie otherwise
        if not record.is_running:
            return True
        time.sleep(0.02)
    return False


def read_record(path: Path) -> ProcessRecord | None:
    """Return the record in a file, or None when there is none or its writer was interrupted."""
    try:
        return ProcessRecord(**json.loads(path.read_text()))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


def write_record(path: Path, record: ProcessRecord) -> None:
    """Store a record."""
    path.write_text(json.dumps(record.__dict__) + "\n")
