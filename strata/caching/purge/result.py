"""What a purge tells while it runs, and when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strata.caching.purge.plan import PurgeCost


@dataclass(frozen=True)
class PurgeProgress:
    """How far a purge is.

    Args:
        batches: how many there are.
        submitted: how many the provider has accepted.
        completed: how many have reached every cache, where the provider tells.
        note: what the purge is waiting for, if it waits.
    """

    batches: int
    submitted: int
    completed: int
    note: str = ""


@dataclass(frozen=True)
class PurgeResult:
    """A purge that was made.

    Args:
        provider: name of the provider.
        target: which of its caches.
        soft: whether answers were marked stale instead of removed.
        paths: how many paths and wildcards it named.
        tags: how many tags.
        ids: what the provider calls the purges, in their order.
        completed: whether it said that every cache is purged; otherwise it accepted the purge, no more.
        cost: list price.
        idempotency_key: with it, the same purge sends nothing twice where the provider can tell.
        seconds: how long it took.
    """

    provider: str
    target: str
    soft: bool
    paths: int
    tags: int
    ids: tuple[str, ...]
    completed: bool
    cost: PurgeCost
    idempotency_key: str
    seconds: float
