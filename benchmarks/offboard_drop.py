"""How long offboarding a tenant takes that keeps no archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.removals import compare_removals

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.options import Options


def measure(options: Options) -> tuple[Comparison, ...]:
    """Remove tenants both ways; the time decides."""
    seconds, wal = compare_removals(options)
    return (seconds, wal)
