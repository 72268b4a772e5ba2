"""How fast a tenant's rows go into its archive, against psql and gzip, which keep no checksum and prove nothing."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Final

from benchmarks.archives import TENANT, leaving_tenant
from benchmarks.comparison import Named, in_turns
from benchmarks.server import LAYOUT
from local.postgres import programs
from strata.archives.bucket import ArchiveBucket
from strata.archives.write import write_table
from strata.deadline import Deadline
from strata.partitions.offboard import OFFBOARDING_BUDGET_SECONDS
from strata.partitions.render import leaves

if TYPE_CHECKING:
    from benchmarks.archives import Leaving
    from benchmarks.comparison import Comparison
    from benchmarks.options import Options

_REPEATS: Final = 5
_ROWS: Final = 1_000_000


def measure(options: Options) -> tuple[Comparison, ...]:
    """Write a tenant's rows into a bucket and into files, in turns."""
    rows = options.rows or _ROWS
    with leaving_tenant(rows) as one:
        return (
            in_turns(
                f"a tenant of {rows} rows in four tables",
                "ratio",
                "rows/s",
                Named("archived: ordered, in parts with checksums, into a bucket", lambda: rows / _archived(one)),
                Named("psql COPY ... TO STDOUT | gzip -6", lambda: rows / _piped(one)),
                options.repeats or _REPEATS,
            ),
        )


def _archived(one: Leaving) -> float:
    bucket, deadline = ArchiveBucket(one.place()), Deadline(OFFBOARDING_BUDGET_SECONDS)
    started = time.perf_counter()
    for leaf in leaves(TENANT, LAYOUT):
        write_table(one.connection, leaf, bucket, deadline, _to_nobody)
    return time.perf_counter() - started


def _to_nobody(_table: str, _rows: int) -> None:
    """Report to nobody."""


def _piped(one: Leaving) -> float:
    psql = [str(programs.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", one.server.conninfo]
    started = time.perf_counter()
    for leaf in leaves(TENANT, LAYOUT):
        target = one.server.folder.parent / f"{leaf.table}.copy.gz"
        with (
            target.open("wb") as file,
            subprocess.Popen([*psql, "-c", f"COPY {leaf.qualified_name} TO STDOUT"], stdout=subprocess.PIPE) as reading,
            subprocess.Popen(["gzip", "-6"], stdin=reading.stdout, stdout=file) as packing,
        ):
            assert reading.stdout is not None
            reading.stdout.close()  # psql shall see the end of a gzip that fails
        if reading.returncode or packing.returncode:
            raise subprocess.CalledProcessError(reading.returncode or packing.returncode, "psql | gzip")
    return time.perf_counter() - started
