"""What the origin has answered, for whom and when, and what was purged since: every answer is held to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from local.edge.invalidation import Invalidation, parse_invalidation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.isolation.asked import Asked

#: Longer than any class keeps an answer, stale or not: one that is served later is one that is not known.
REMEMBERED_SECONDS: Final = 1_000.0


@dataclass(slots=True)
class Made:
    """One answer of the origin.

    Args:
        number: in its ``x-answer`` header.
        asked: the request that it was made for.
        path: as the origin saw it.
        query: likewise.
        tags: of the answer.
        fresh_seconds: how long it may be served; 0 for nobody but whom it was made for.
        revalidate_seconds: how long it may be served after that, while a new one is fetched.
        error_seconds: how long after that first time it may stand in for a failing origin.
        at: when it was made, or confirmed by a 304.
        sequence: which answer or confirmation it was, the first is 1.
        confirmed_for: the requests that a 304 confirmed it for.
    """

    number: int
    asked: Asked
    path: str
    query: str
    tags: tuple[str, ...]
    fresh_seconds: float
    revalidate_seconds: float
    error_seconds: float
    at: float
    sequence: int
    confirmed_for: set[int] = field(default_factory=set)

    def oldest_seconds(self, *, is_failing: bool) -> float:
        """Return the age at which it is outdated."""
        windows = (self.revalidate_seconds, self.error_seconds if is_failing else 0.0)
        return self.fresh_seconds + max(windows)

    @property
    def remembered_seconds(self) -> float:
        """How long it may have to be known: without end where it may stand in for a failing origin without end."""
        return max(REMEMBERED_SECONDS, self.error_seconds)

    def may_be_reused(self, *, is_failing: bool) -> bool:
        """Tell whether it may answer another request at all."""
        return self.fresh_seconds > 0 or (is_failing and self.error_seconds > 0)


@dataclass(slots=True)
class Ledger:
    """All answers that may still be served, and all invalidations that they must not outlive.

    Args:
        sequence: how many answers and confirmations there were.
        made: the answers by their number.
        invalidations: how many there were.
    """

    sequence: int = 0
    made: dict[int, Made] = field(default_factory=dict)
    _invalidations: list[tuple[int, int, float, Invalidation]] = field(default_factory=list)
    invalidations: int = 0

    def add(self, made: Made) -> None:
        """Remember an answer."""
        self.sequence += 1
        self.made[made.number] = made

    def confirm(self, made: Made, number: int, now: float) -> None:
        """Note that a 304 to a request made an answer as new as a new one."""
        self.sequence += 1
        made.at, made.sequence = now, self.sequence
        made.confirmed_for.add(number)

    def invalidate(self, items: Sequence[str], now: float) -> None:
        """Note what no later request may get any more."""
        self.invalidations += 1
        self._invalidations.append((self.invalidations, self.sequence, now, parse_invalidation(items)))

    def is_purged(self, made: Made, started: int) -> bool:
        """Tell whether an answer was invalidated after it was made and before a request came.

        Args:
            made: the answer.
            started: how many invalidations there were when the request came.
        """
        uri = f"{made.path}?{made.query}" if made.query else made.path
        tags = frozenset(made.tags)
        return any(
            count <= started and made.sequence <= sequence and invalidation.names(uri, tags)
            for count, sequence, _, invalidation in self._invalidations
        )

    def forget(self, now: float) -> None:
        """Forget what can be served no more."""
        self.made = {number: one for number, one in self.made.items() if now - one.at < one.remembered_seconds}
        self._invalidations = [one for one in self._invalidations if now - one[2] < REMEMBERED_SECONDS]
