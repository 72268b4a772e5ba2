"""The local edge's time: the machine's, moved on or stopped by who tries what happens later."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass
class AdjustableClock:
    """Seconds since the epoch; it is a `Clock`.

    It is never set back but by `be_real`: what was stored would then come from the future.
    """

    _ahead_seconds: float = 0.0
    _frozen_at: float | None = None

    def __call__(self) -> float:
        """Return the present."""
        return time.time() + self._ahead_seconds if self._frozen_at is None else self._frozen_at

    @property
    def is_frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen_at is not None

    @property
    def ahead_seconds(self) -> float:
        """How far it is ahead of the machine's clock."""
        return self() - time.time()

    def freeze(self) -> None:
        """Stop at the present."""
        self._frozen_at = self()

    def advance(self, seconds: float) -> None:
        """Move on, frozen or not."""
        if self._frozen_at is None:
            self._ahead_seconds += seconds
        else:
            self._frozen_at += seconds

    def be_real(self) -> None:
        """Go back to the machine's time."""
        self._ahead_seconds, self._frozen_at = 0.0, None
