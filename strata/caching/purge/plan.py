"""What a purge will send: batches under the provider's limits, and what they cost; without a network."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from strata.caching.purge.items import PurgeItem, parse_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager


@dataclass(frozen=True)
class PurgeCost:
    """What a purge costs, as far as a list price says.

    Args:
        at_least_usd: when nothing of a month's free allowance is used yet.
        at_most_usd: when all of it is.
        source: whose price it is, and when it was read.
    """

    at_least_usd: Decimal
    at_most_usd: Decimal
    source: str


@dataclass(frozen=True)
class PurgeBatch:
    """One call.

    Args:
        kind: what the provider calls its content, ``tags`` for one.
        items: what it purges.
        values: the items as they are sent, in the same order.
        spacing_seconds: how long after it the next call starts, at the soonest.
    """

    kind: str
    items: tuple[PurgeItem, ...]
    values: tuple[str, ...]
    spacing_seconds: float = 0.0


@dataclass(frozen=True)
class PurgePlan:
    """A purge, ready to run.

    Args:
        provider: name of the provider.
        target: which of its caches, readable.
        soft: whether answers are marked stale instead of removed.
        batches: the calls in their order.
        cost: list price of all of them.
    """

    provider: str
    target: str
    soft: bool
    batches: tuple[PurgeBatch, ...]
    cost: PurgeCost

    @property
    def items(self) -> tuple[PurgeItem, ...]:
        """What is purged, each once."""
        return tuple(item for batch in self.batches for item in batch.items)


class Connection(Protocol):
    """A provider's API, open for one purge."""

    def submit(self, batch: PurgeBatch, soft: bool, reference: str) -> tuple[str, ...]:
        """Send a batch and return the provider's ids for it; the same reference and batch may be sent again.

        Raises:
            CallFailure: it was not accepted, or nobody knows.
        """

    def is_complete(self, purge_id: str) -> bool:
        """Return whether the purge with this id has reached every cache.

        Raises:
            CallFailure: the provider did not say.
        """


class Provider(Protocol):
    """A cache of one of the providers: `CloudFront`, `Cloudflare` or `Fastly`."""

    @property
    def name(self) -> str:
        """The provider's name."""

    @property
    def target(self) -> str:
        """Which of its caches, readable."""

    @property
    def reports_completion(self) -> bool:
        """Whether it tells when a purge has reached every cache; otherwise it tells only that it was accepted."""

    @property
    def credentials(self) -> str:
        """Which credentials it takes, for people."""

    def batches(self, items: Sequence[PurgeItem], soft: bool) -> tuple[PurgeBatch, ...]:
        """Return the calls for these items.

        Raises:
            PurgeInputError: it cannot purge one of them.
            SoftPurgeUnavailableError: it has no soft purge.
        """

    def cost(self, item_count: int) -> PurgeCost:
        """Return what so many items cost."""

    def connect(self) -> AbstractContextManager[Connection]:
        """Open its API.

        Raises:
            MissingSdkError: its SDK is not installed.
            PurgeInputError: there is no token where the reference leads.
        """

    def status_command(self, purge_id: str) -> str | None:
        """Return the command that shows how far a purge is, if there is one."""


def plan_purge(
    provider: Provider, paths: Iterable[str] = (), tags: Iterable[str] = (), soft: bool = False
) -> PurgePlan:
    """Return what a purge would send and cost; nothing is sent, and no credentials are read.

    Args:
        provider: `CloudFront`, `Cloudflare` or `Fastly`.
        paths: URL paths that begin with ``/``; a ``*`` at the end stands for all that begin alike.
        tags: tags as the origin writes them.
        soft: mark answers stale, so that they may still be served while a new one is fetched.

    Raises:
        PurgeInputError: nothing to purge, or something that this provider cannot purge.
        SoftPurgeUnavailableError: the provider has no soft purge.
    """
    batches = provider.batches(parse_items(paths, tags), soft)
    item_count = sum(len(batch.items) for batch in batches)
    return PurgePlan(provider.name, provider.target, soft, batches, provider.cost(item_count))


def batches_of(
    kind: str, values: Mapping[PurgeItem, str], size: int, spacing_seconds: Callable[[int], float] = lambda _: 0.0
) -> Iterator[PurgeBatch]:
    """Yield items and what is sent for them in order, at most so many at a time.

    Args:
        kind: of the batches.
        values: what is sent for each item.
        size: most items of one batch.
        spacing_seconds: how long after a batch of so many items the next one starts.
    """
    pairs = list(values.items())
    for start in range(0, len(pairs), size):
        items, sent = zip(*pairs[start : start + size], strict=True)
        yield PurgeBatch(kind, items, sent, spacing_seconds(len(items)))


def free_of_charge(source: str) -> PurgeCost:
    """Return the cost of a purge that has no list price."""
    return PurgeCost(Decimal(0), Decimal(0), source)
