"""Plugins that outlived a killed engine: the SDK's server of dynamic providers does not notice that nobody is left."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from local.process_table import process_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from local.paths import Home
    from local.process_table import Process


def end_orphans(home: Home) -> list[int]:
    """End this environment's plugins that have no engine, and return their process ids.

    A plugin is known by its path in this environment's `bin`; one whose parent is an engine of it is at work. The
    engine starts each in a process group of its own.
    """
    found = orphans(process_table(), home.bin)
    for pid in found:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)
    return found


def orphans(processes: Iterable[Process], folder: Path) -> list[int]:
    """Return the plugins whose programs are in the folder and whose engine, from there as well, is gone."""
    seen = list(processes)
    engines = {one.pid for one in seen if one.words[:1] == (f"{folder}/pulumi",)}
    return [
        one.pid
        for one in seen
        if one.pid == one.group
        and one.parent not in engines
        and any(word.startswith(f"{folder}/pulumi-") for word in one.words[:2])
    ]
