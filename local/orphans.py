"""Plugins that outlived a killed engine: the SDK's server of dynamic providers does not notice that nobody is left."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from local.paths import Home


def end_orphans(home: Home) -> list[int]:
    """End this environment's plugins that have no engine, and return their process ids.

    A plugin is known by its path in this environment's `bin`; one whose parent is an engine of it is at work. The
    engine starts each in a process group of its own.
    """
    listing = subprocess.run(["ps", "-axo", "pid=,ppid=,pgid=,args="], capture_output=True, text=True, check=True)
    found = orphans(listing.stdout, home.bin)
    for pid in found:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)
    return found


def orphans(listing: str, folder: Path) -> list[int]:
    """Return the plugins without an engine among lines of pid, parent, process group and arguments."""
    lines = [line.split(maxsplit=3) for line in listing.splitlines()]
    rows = [(int(pid), int(parent), int(group), words.split()) for pid, parent, group, words in lines]
    engines = {pid for pid, _, _, words in rows if words[0] == f"{folder}/pulumi"}
    return [
        pid
        for pid, parent, group, words in rows
        if pid == group and parent not in engines and any(one.startswith(f"{folder}/pulumi-") for one in words[:2])
    ]
