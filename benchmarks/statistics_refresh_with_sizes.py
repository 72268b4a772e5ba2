"""How long a refresh of the registry's figures takes that measures every partition's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.registries import compare_refreshes

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.options import Options


def measure(options: Options) -> tuple[Comparison, ...]:
    """Refresh rows, measured bytes, and times."""
    return compare_refreshes(options, with_sizes=True)
