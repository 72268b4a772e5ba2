"""How a run of the benchmarks differs from the one that is recorded."""

from __future__ import annotations

from dataclasses import dataclass

TENANTS = 1_000
WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class Options:
    """Sizes; a run with other than these defaults is a try, and is not recorded.

    Args:
        tenants: of the stack, with the reserved one.
        repeats: samples of each side; None leaves it to the benchmark.
        window_seconds: how long one window of traffic lasts.
    """

    tenants: int = TENANTS
    repeats: int | None = None
    window_seconds: float = WINDOW_SECONDS

    @property
    def is_recorded(self) -> bool:
        """Whether results of a run with these options are kept."""
        return self == Options()
