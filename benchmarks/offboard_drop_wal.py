"""How much WAL offboarding a tenant writes that keeps no archive: what replicas and backups have to carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.removals import compare_removals

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.options import Options


def measure(options: Options) -> tuple[Comparison, ...]:
    """Remove tenants both ways; the WAL decides."""
    seconds, wal = compare_removals(options)
    return (wal, seconds)
