"""The hit ratio of a caller's own data, kept 30 s, when each caller asks every 5 s: at most 5 of 6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison, Side
from benchmarks.hit_ratio_simulation import Polling, hit_percent, play

if TYPE_CHECKING:
    from benchmarks.options import Options


def measure(_options: Options) -> tuple[Comparison, ...]:
    """Return the share of hits of 20 minutes that begin with empty caches."""
    traffic = Polling()
    statistics = play(traffic.requests())
    name = f"{statistics.requests:,} requests of {traffic.callers} callers"
    return (Comparison("20 minutes, from empty caches", "figure", "%", Side(name, (hit_percent(statistics),))),)
