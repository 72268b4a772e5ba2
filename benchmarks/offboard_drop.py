"""How long offboarding a tenant takes that keeps no archive.

What a disk takes to get freed blocks back is the disk's: here, with ext4 that discards them at once, most of a drop. So
the server's files are in memory, on both sides, and the same on the machine's own disk stands beside it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.removals import compare_removals

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.options import Options

#: Linux, tmpfs(5).
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder that is made there is the benchmark's alone


def measure(options: Options) -> tuple[Comparison, ...]:
    """Remove tenants both ways, with the files in memory and on a disk; the time in memory decides."""
    in_memory, wal = compare_removals(options, _MEMORY)
    on_disk, _ = compare_removals(options)
    return (replace(in_memory, name="time, files in memory"), replace(on_disk, name="time, files on the disk"), wal)
