"""The objects of one cache, by key, the least recently used dropped first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.edge.behaviors import CompiledBehavior
    from local.edge.freshness import Lifetime
    from local.edge.invalidation import Invalidation
    from local.edge.messages import Headers, OriginResponse

Key = tuple[str, ...]


@dataclass(slots=True)
class StoredObject:
    """An answer that is kept.

    Args:
        response: with lower-case names.
        stored_at: when the origin gave or confirmed it, in seconds since the epoch.
        lifetime: counted from then.
        uri: what invalidation paths are compared with.
        tags: in lower case.
        retry_at: until then a failed origin is not asked again and the stale object is served.
        shown: the headers that a viewer gets, with the behavior that made them so; None before the first hit.
    """

    response: OriginResponse
    stored_at: float
    lifetime: Lifetime
    uri: str
    tags: frozenset[str]
    retry_at: float = 0.0
    shown: tuple[CompiledBehavior, Headers] | None = None

    def is_fresh(self, now: float) -> bool:
        """Tell whether it may be served without a word to the origin."""
        return now - self.stored_at < self.lifetime.ttl_seconds

    def is_stale_while_revalidate(self, now: float) -> bool:
        """Tell whether it may be served while a new one is fetched."""
        return now - self.stored_at < self.lifetime.stale_while_revalidate_until

    def is_stale_if_error(self, now: float) -> bool:
        """Tell whether it may stand in for a failing origin."""
        return now - self.stored_at < self.lifetime.stale_if_error_until


class ObjectStore:
    """A bounded map of keys to objects."""

    def __init__(self, max_objects: int) -> None:
        self._objects: OrderedDict[Key, StoredObject] = OrderedDict()
        self._max_objects = max_objects
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, key: Key) -> StoredObject | None:
        """Return the object, now the most recently used one."""
        stored = self._objects.get(key)
        if stored is not None:
            self._objects.move_to_end(key)
        return stored

    def put(self, key: Key, stored: StoredObject) -> None:
        """Keep an object in place of the one before; too many drop the least recently used one."""
        self._objects[key] = stored
        self._objects.move_to_end(key)
        if len(self._objects) > self._max_objects:
            self._objects.popitem(last=False)
            self.evictions += 1

    def drop(self, key: Key) -> None:
        """Forget an object if it is there."""
        self._objects.pop(key, None)

    def invalidate(self, invalidation: Invalidation) -> int:
        """Forget every object that an invalidation names, and return how many."""
        gone = [key for key, stored in self._objects.items() if invalidation.names(stored.uri, stored.tags)]
        for key in gone:
            del self._objects[key]
        return len(gone)
