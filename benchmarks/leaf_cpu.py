"""What one more leaf costs the server's processor at 5,000 tenants, in buckets and in one flat list."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.comparison import Named, in_turns
from benchmarks.server import server
from strata.partitions.render import PARTS, leaves, render_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.comparison import Comparison
    from benchmarks.options import Options
    from strata.partitions.layout import Layout

_REPEATS: Final = 10
_TENANTS: Final = 5_000
#: Leaves of one sample, which is their mean.
_LEAVES: Final = 10


def measure(options: Options) -> tuple[Comparison, ...]:
    """Create leaves of payments in two servers, in turns."""
    tenants = options.tenants or _TENANTS
    with ExitStack() as open_until_the_end:
        bucketed, flat = (_Leaves(open_until_the_end, layout, tenants).milliseconds for layout in ("bucketed", "list"))
        return (
            in_turns(
                f"a leaf beside {tenants} of its table",
                "ratio",
                "ms",
                Named("bucketed", bucketed),
                Named("list", flat),
                options.repeats or _REPEATS,
            ),
        )


class _Leaves:
    """A server with the leaves of many tenants, and a session that makes more of them."""

    def __init__(self, open_until_the_end: ExitStack, layout: Layout, tenants: int) -> None:
        one = open_until_the_end.enter_context(server(layout, tenants))
        self._layout = layout
        self._names: Iterator[str] = (f"tenant-{number:05}" for number in count(1))
        self._connection = open_until_the_end.enter_context(one.connect())
        print(f"  {tenants} leaves, {layout}", flush=True)
        self._create(tenants)

    def milliseconds(self) -> float:
        """Return what a leaf costs: milliseconds of the session's process on a processor."""
        pid = self._connection.info.backend_pid
        before = _processor_nanoseconds(pid)
        self._create(_LEAVES)
        return (_processor_nanoseconds(pid) - before) / _LEAVES / 1e6

    def _create(self, number: int) -> None:
        for _ in range(number):
            leaf = leaves(next(self._names), self._layout)[0]
            with self._connection.transaction():
                self._connection.execute("\n".join(render_part(part, leaf) for part in PARTS))


def _processor_nanoseconds(pid: int) -> int:
    """Return how long a process has run so far (Linux, Documentation/scheduler/sched-stats)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
