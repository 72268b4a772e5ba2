"""How a run of the benchmarks differs from the one that is recorded."""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class Options:
    """Sizes; a run with other than these defaults is a try, and is not recorded.

    Args:
        tenants: of the stack, with the reserved one; None leaves it to the benchmark.
        rows: of the tenant that is measured; None leaves it to the benchmark.
        repeats: samples of each side; None leaves it to the benchmark.
        window_seconds: how long one window of traffic lasts.
    """

    tenants: int | None = None
    rows: int | None = None
    repeats: int | None = None
    window_seconds: float = WINDOW_SECONDS

    @property
    def is_recorded(self) -> bool:
        """Whether results of a run with these options are kept."""
        return self == Options()
