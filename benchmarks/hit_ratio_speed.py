"""How many lines of access logs are counted in a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.access_logs import access_logs, ours
from benchmarks.comparison import Comparison, Side

if TYPE_CHECKING:
    from benchmarks.options import Options

_REPEATS: Final = 5
_FORMATS: Final = {"json": "v2, JSON, as the stack delivers it", "legacy": "legacy, 33 fields"}


def measure(options: Options) -> tuple[Comparison, ...]:
    """Count two million lines of each format, after a warm-up, several times."""
    repeats = options.repeats or _REPEATS
    with access_logs() as folders:
        return tuple(
            Comparison(words, "figure", "lines/s", Side("get_cache_metrics by behavior", samples[1:]))
            for name, words in _FORMATS.items()
            for samples in [tuple(ours(folders[name]) for _ in range(repeats + 1))]
        )
