"""One cache: what it has, who waits for what, and what it does when the next one fails.

The edge location is one, the Origin Shield is another with the same keys; the shield's source is the origin.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from local.edge.answer import Answer, from_store
from local.edge.invalidation import InvalidationLog
from local.edge.object_store import ObjectStore

if TYPE_CHECKING:
    from local.edge.answer import Lookup
    from local.edge.invalidation import Invalidation
    from local.edge.messages import Clock
    from local.edge.object_store import Key, StoredObject

_FIRST_SERVER_ERROR: Final = 500
#: Answers to a part of an object, which say nothing about what is kept of the whole.
_PARTIAL: Final = frozenset({206, 416})


class Source(Protocol):
    """What a cache asks for what it does not have."""

    async def __call__(self, lookup: Lookup, stored: StoredObject | None) -> Answer:
        """Return an answer; ``stored`` is a stale object that may be confirmed."""


@dataclass(frozen=True, slots=True)
class _Flight:
    """A request under way that others wait for."""

    task: asyncio.Task[Answer]
    started: int


class Tier:
    """A cache in front of a source."""

    def __init__(self, clock: Clock, source: Source, max_objects: int) -> None:
        self.objects = ObjectStore(max_objects)
        self.collapsed = 0
        self._clock = clock
        self._source = source
        self._invalidations = InvalidationLog()
        self._flights: dict[Key, _Flight] = {}
        self._under_way: dict[object, int] = {}
        self._background: set[asyncio.Task[Answer]] = set()

    async def answer(self, lookup: Lookup) -> Answer:
        """Return what the cache has, or else what its source gives."""
        stored = self.objects.get(lookup.key)
        if stored is not None:
            answer = self._from_store(lookup, stored)
            if answer is not None:
                return answer
        if lookup.byte_range is not None or not lookup.behavior.collapses:
            return await self._fetch(lookup)
        return await self._collapse(lookup)

    def fresh(self, key: Key) -> Answer | None:
        """Return what the cache has and may serve without asking, None without it."""
        stored = self.objects.get(key)
        now = self._clock()
        return from_store(stored, now, "hit") if stored is not None and stored.is_fresh(now) else None

    def invalidate(self, invalidation: Invalidation) -> int:
        """Forget what an invalidation names, also of what is under way, and return how many objects there were."""
        oldest = min(self._under_way.values(), default=None)
        self._invalidations.add(invalidation, oldest)
        return self.objects.invalidate(invalidation)

    async def settle(self) -> None:
        """Wait for what was started in the background."""
        while self._background:
            await asyncio.wait(self._background)

    def _from_store(self, lookup: Lookup, stored: StoredObject) -> Answer | None:
        now = self._clock()
        if stored.is_fresh(now):
            return from_store(stored, now, "hit")
        if now < stored.retry_at and stored.is_stale_if_error(now):
            return from_store(stored, now, "stale-until-retry")
        if stored.is_stale_while_revalidate(now):
            if lookup.key not in self._flights:
                self._start(lookup)
            return from_store(stored, now, "stale-while-revalidate")
        return None

    async def _collapse(self, lookup: Lookup) -> Answer:
        """Wait for the first request for the same key; its answer is shared only while it is a kept and usable one."""
        flight = self._flights.get(lookup.key)
        if flight is None or self._invalidations.may_have_named_since(flight.started, lookup.uri):
            return await asyncio.shield(self._start(lookup).task)
        answer = await asyncio.shield(flight.task)
        now = self._clock()
        if answer.stored is None or not (answer.stored.is_fresh(now) or answer.age_seconds is not None):
            return await self._fetch(lookup)
        self.collapsed += 1
        return from_store(answer.stored, now, "collapsed")

    def _start(self, lookup: Lookup) -> _Flight:
        """Ask the source in a task of its own: a viewer who leaves takes nobody's answer along."""
        flight = _Flight(asyncio.ensure_future(self._fly(lookup)), self._invalidations.sequence)
        self._flights[lookup.key] = flight
        self._background.add(flight.task)
        flight.task.add_done_callback(self._background.discard)
        return flight

    async def _fly(self, lookup: Lookup) -> Answer:
        try:
            return await self._fetch(lookup)
        finally:
            flight = self._flights.get(lookup.key)
            if flight is not None and flight.task is asyncio.current_task():
                del self._flights[lookup.key]

    async def _fetch(self, lookup: Lookup) -> Answer:
        """Ask the source, and keep what may be kept."""
        stored = self.objects.get(lookup.key)
        started, token = self._invalidations.sequence, object()
        self._under_way[token] = started
        try:
            answer = await self._source(lookup, stored)
        finally:
            del self._under_way[token]
        if stored is not None and answer.response.status >= _FIRST_SERVER_ERROR:
            stale = self._stale_instead(lookup, stored, answer)
            if stale is not None:
                return stale
        return self._keep(lookup, answer, started)

    def _stale_instead(self, lookup: Lookup, stored: StoredObject, failure: Answer) -> Answer | None:
        """Return the stale object in place of a server error where that is allowed."""
        now = self._clock()
        if stored.lifetime.is_error or not stored.is_stale_if_error(now):
            return None
        stored.retry_at = now + lookup.behavior.error_ttl_seconds(failure.response.status)
        answer = from_store(stored, now, *failure.reasons, _stale_rule(stored))
        return replace(answer, origin_requests=failure.origin_requests)

    def _keep(self, lookup: Lookup, answer: Answer, started: int) -> Answer:
        if answer.stored is not None:
            if self._invalidations.named_since(started, lookup.uri, answer.stored.tags):
                return replace(answer, stored=None, reasons=(*answer.reasons, "invalidated-under-way"))
            self.objects.put(lookup.key, answer.stored)
        elif answer.response.status < _FIRST_SERVER_ERROR and answer.response.status not in _PARTIAL:
            self.objects.drop(lookup.key)
        return answer


def _stale_rule(stored: StoredObject) -> str:
    if "ttl-forbidden" in stored.lifetime.reasons:
        return "forbidden-served-stale"
    return "stale-on-error" if stored.lifetime.stale_if_error_until == math.inf else "stale-if-error"
