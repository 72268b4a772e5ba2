"""How much memory a process has at most that archives five million rows, proves the archive and drops them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from benchmarks.archives import TENANT, leaving_tenant
from benchmarks.comparison import Comparison, Side
from benchmarks.server import LAYOUT

if TYPE_CHECKING:
    from benchmarks.archives import Leaving
    from benchmarks.options import Options

_ROWS: Final = 5_000_000
_REMOVAL: Final = """
import resource, sys
from strata.archives.bucket import ArchiveLocation
from strata.archives.remove import archive_tenant
tenant, layout, uri, region = sys.argv[1:]
place = ArchiveLocation.parse(uri, region)
archived = archive_tenant("env:STRATA_BENCHMARK_DATABASE", tenant, layout, place, lambda table, rows: None)
print(sum(archived.rows.values()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure(options: Options) -> tuple[Comparison, ...]:
    """Archive one tenant in a process of its own, as the engine's plugin does."""
    rows = options.rows or _ROWS
    with leaving_tenant(rows) as one:
        archived, mebibytes = _removed(one)
    if archived != rows:
        raise ValueError(f"{archived} of {rows} rows were archived")
    side = Side("archive_tenant, from connect to drop", (mebibytes,))
    return (Comparison(f"memory at its most, {rows} rows in four tables", "figure", "MiB", side),)


def _removed(one: Leaving) -> tuple[int, float]:
    """Return the rows that are archived and gone, and the memory of the process at its most, in MiB."""
    place = one.place()
    words = [sys.executable, "-c", _REMOVAL, TENANT, LAYOUT, place.uri, place.region]
    environment = {**os.environ, **one.variables}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    rows, kibibytes = map(int, done.stdout.split())
    return rows, kibibytes / 1024
