"""What runs on this machine: read from /proc where there is one, since a small machine has no `ps`."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC: Final = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process: its number, its parent's, its group's, and the words that it was started with."""

    pid: int
    parent: int
    group: int
    words: tuple[str, ...]


def process_table() -> list[Process]:
    """Return every process that can be seen; one that ends meanwhile is left out."""
    return list(_by_proc() if (_PROC / "self" / "stat").exists() else _by_ps())


def words_of(pid: int) -> tuple[str, ...]:
    """Return the words that a process was started with; none when it is gone."""
    return next((one.words for one in process_table() if one.pid == pid), ())


def _by_proc() -> Iterator[Process]:
    for folder in _PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The name in parentheses may hold anything; parent and group are fields 4 and 5 (proc(5)).
            _, parent, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        yield Process(int(folder.name), int(parent), int(group), tuple(word for word in words if word))


def _by_ps() -> Iterator[Process]:
    listing = subprocess.run(["ps", "-axo", "pid=,ppid=,pgid=,args="], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        pid, parent, group, *words = line.split()
        yield Process(int(pid), int(parent), int(group), tuple(words))
