"""The hit ratio of shared data: kept 300 s, and served for 60 s more while a new answer is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison, Side
from benchmarks.hit_ratio_simulation import Zipf, hit_percent, play

if TYPE_CHECKING:
    from benchmarks.options import Options


def measure(_options: Options) -> tuple[Comparison, ...]:
    """Return the share of hits of 20 minutes that begin with empty caches."""
    traffic = Zipf()
    statistics = play(traffic.requests())
    name = f"{statistics.requests:,} requests, {traffic.objects} objects, exponent {traffic.exponent:g}"
    return (Comparison("20 minutes, from empty caches", "figure", "%", Side(name, (hit_percent(statistics),))),)
