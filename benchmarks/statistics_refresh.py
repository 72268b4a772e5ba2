"""How long a refresh of the registry's figures takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.registries import compare_refreshes

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.options import Options


def measure(options: Options) -> tuple[Comparison, ...]:
    """Refresh rows, bytes as the planner knows them, and times."""
    return compare_refreshes(options, with_sizes=False)
