"""What Origin Shield spares the origin: the same traffic with it and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison, Side
from benchmarks.hit_ratio_simulation import Polling, Zipf, play

if TYPE_CHECKING:
    from benchmarks.options import Options


def measure(_options: Options) -> tuple[Comparison, ...]:
    """Return the ratios for shared data at four locations, and for callers who stay at one each."""
    return (_ratio("shared data", Zipf(requests_per_second=10)), _ratio("callers' own data", Polling(callers=60)))


def _ratio(name: str, traffic: Zipf | Polling) -> Comparison:
    sides = [
        Side(words, (play(traffic.requests(), origin_shield=has_shield).origin_requests,))
        for words, has_shield in (("with Origin Shield", True), ("without it", False))
    ]
    return Comparison(name, "ratio", "origin requests", *sides)
