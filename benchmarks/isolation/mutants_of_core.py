"""Faults of a cache: of the local edge's core, as a CDN could have them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from benchmarks.isolation.mutant import Mutant
from local.edge import core, freshness, origin
from local.edge.answer import from_store
from local.edge.behaviors import CompiledBehavior
from local.edge.core import Edge
from local.edge.invalidation import InvalidationLog
from local.edge.object_store import ObjectStore, StoredObject
from local.edge.tier import Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from local.edge.answer import Answer, Lookup

_cache_key = core.cache_key
_keep = Tier._keep  # noqa: SLF001 - a fault sits where the code is
_lifetime = freshness.lifetime


def _key_of_path(lookup: Lookup) -> Lookup:
    return replace(lookup, key=lookup.key[:3])


def _patched(target: object, name: str, fault: object) -> Callable[[], AbstractContextManager[object]]:
    return lambda: patch.object(target, name, fault)


def _values(parts: tuple[str, ...]) -> list[str]:
    """Return parts of a key without the names that they begin with."""
    return [*parts[:3], *(part.partition(":")[2] for part in parts[3:])]


def _joined(*about: Any) -> tuple[str, ...]:
    parts = _cache_key(*about)
    return (parts[0], parts[1], "".join(_values(parts)))


def _without_values(*about: Any) -> tuple[str, ...]:
    return tuple(part.partition(":")[0] for part in _cache_key(*about))


def _without_digest(*about: Any) -> tuple[str, ...]:
    return tuple(part for part in _cache_key(*about) if not part.startswith("x-auth-hash"))


def _short_digest(*about: Any) -> tuple[str, ...]:
    return tuple(part[:13] if part.startswith("x-auth-hash") else part for part in _cache_key(*about))


async def _collapse_by_path(self: Tier, lookup: Lookup) -> Answer:
    flights = self._flights
    for key, flight in flights.items():
        if key[:3] == lookup.key[:3]:
            return await flight.task
    return await self._start(lookup).task


async def _collapse_uncacheable(self: Tier, lookup: Lookup) -> Answer:
    flight = self._flights.get(lookup.key) or self._start(lookup)
    return await flight.task


@contextmanager
def _shield_by_path() -> Iterator[None]:
    async def source(self: Edge, lookup: Lookup, stored: StoredObject | None) -> Answer:
        return await real(self, _key_of_path(lookup), stored)

    real = Edge._source  # noqa: SLF001 - see above
    with patch.object(Edge, "_source", source):
        yield


def _invalidate_locations_only(self: Edge) -> tuple[Tier, ...]:
    return tuple(self._locations.values())


def _invalidate_shield_only(self: Edge) -> tuple[Tier, ...]:
    return (self._shield,)


@contextmanager
def _tiers_of_invalidation(tiers: Callable[[Edge], tuple[Tier, ...]]) -> Iterator[None]:
    def invalidate(self: Edge, items: Any) -> int:
        with patch.object(Edge, "_tiers", tiers):
            return real(self, items)

    real = Edge.invalidate
    with patch.object(Edge, "invalidate", invalidate):
        yield


@contextmanager
def _errors_kept() -> Iterator[None]:
    with ExitStack() as faults:
        faults.enter_context(patch.object(CompiledBehavior, "error_ttl_seconds", lambda *_: 10))
        yield


def _keep_errors_by_path(self: Tier, lookup: Lookup, answer: Answer, started: int) -> Answer:
    return _keep(self, lookup if answer.response.status < 400 else _key_of_path(lookup), answer, started)  # noqa: PLR2004 - errors


def _get_by_path(self: ObjectStore, key: tuple[str, ...]) -> StoredObject | None:
    return _get(self, key) or _get(self, key[:3])


_get = ObjectStore.get


@contextmanager
def _errors_across_callers() -> Iterator[None]:
    with ExitStack() as faults:
        faults.enter_context(_errors_kept())
        faults.enter_context(patch.object(Tier, "_keep", _keep_errors_by_path))
        faults.enter_context(patch.object(ObjectStore, "get", _get_by_path))
        yield


def _whatever_it_says(behavior: Any, response: Any, now: float, settings: Any) -> Any:
    said = tuple((name, value) for name, value in response.headers if name != "cache-control")
    told = (*said, ("cache-control", "s-maxage=30, stale-if-error=0"))
    return _lifetime(behavior, replace(response, headers=told), now, settings)


def _head_of_another(self: Tier, key: tuple[str, ...]) -> Answer | None:
    stored = next((one for kept, one in self.objects._objects.items() if kept[:3] == key[:3]), None)  # noqa: SLF001 - see above
    return from_store(stored, 0.0, "hit") if stored is not None else None


def _stale_for_ever(self: StoredObject, _now: float) -> bool:
    return not self.lifetime.is_error


MUTANTS: Final = (
    Mutant(
        "digest-ignored-in-the-key",
        "core",
        "the cache knows the policy and leaves its header out",
        patch=_patched(core, "cache_key", _without_digest),
    ),
    Mutant(
        "values-ignored-in-the-key",
        "core",
        "the key says that a header was there, and not what it was",
        patch=_patched(core, "cache_key", _without_values),
    ),
    Mutant(
        "one-digit-of-the-digest-in-the-key",
        "core",
        "one of sixteen callers shares another's answers",
        patch=_patched(core, "cache_key", _short_digest),
    ),
    Mutant(
        "joined-key",
        "core",
        "the parts of a key run into each other",
        patch=_patched(core, "cache_key", _joined),
    ),
    Mutant(
        "collapses-across-keys",
        "core",
        "who asks for the same path at the same time gets the first one's answer",
        patch=_patched(Tier, "_collapse", _collapse_by_path),
    ),
    Mutant(
        "shares-what-may-not-be-kept",
        "core",
        "who waited gets an answer that was for one request only",
        patch=_patched(Tier, "_collapse", _collapse_uncacheable),
    ),
    Mutant(
        "shield-keyed-by-path",
        "core",
        "the second cache does not know the key of the first",
        patch=_shield_by_path,
    ),
    Mutant(
        "invalidation-forgets-the-shield",
        "core",
        "what was purged comes back from the shield",
        patch=lambda: _tiers_of_invalidation(_invalidate_locations_only),
    ),
    Mutant(
        "invalidation-forgets-the-locations",
        "core",
        "what was purged stays at the edge",
        patch=lambda: _tiers_of_invalidation(_invalidate_shield_only),
    ),
    Mutant(
        "keeps-what-was-invalidated-under-way",
        "core",
        "an answer from before an invalidation is kept after it",
        patch=_patched(InvalidationLog, "named_since", lambda *_: False),
    ),
    Mutant("never-expires", "core", "answers live for ever", patch=_patched(StoredObject, "is_fresh", _stale_for_ever)),
    Mutant(
        "stale-whenever-the-origin-fails",
        "core",
        "stale-if-error=0 is ignored",
        patch=_patched(StoredObject, "is_stale_if_error", _stale_for_ever),
    ),
    Mutant(
        "stale-while-revalidate-for-ever",
        "core",
        "an outdated answer is served while a new one is fetched",
        patch=_patched(StoredObject, "is_stale_while_revalidate", _stale_for_ever),
    ),
    Mutant(
        "keeps-whatever-comes",
        "core",
        "no-store, private and missing words are taken for 30 s",
        patch=_patched(origin, "lifetime", _whatever_it_says),
    ),
    Mutant("keeps-errors", "core", "an error outlives its cause", patch=_errors_kept),
    Mutant(
        "keeps-errors-across-callers", "core", "one caller's failure is every caller's", patch=_errors_across_callers
    ),
    Mutant(
        "head-from-anybodys-get",
        "core",
        "a HEAD is answered with another caller's headers",
        patch=_patched(Tier, "fresh", _head_of_another),
    ),
)
