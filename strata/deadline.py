"""A point in time after which work stops by itself, and says so."""

from __future__ import annotations

import time


class Deadline:
    """How long something may still take; made when it begins."""

    def __init__(self, budget_seconds: float) -> None:
        self.budget_seconds = budget_seconds
        self._end = time.monotonic() + budget_seconds

    @property
    def left_seconds(self) -> float:
        """Seconds that are left, 0 or less when none is."""
        return self._end - time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return self.left_seconds <= 0
