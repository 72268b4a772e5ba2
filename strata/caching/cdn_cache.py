"""The presets that mark a route with a cache class, and the tags that a handler adds to its answer.

``@cdn_cache.user_data()`` on an endpoint function, an endpoint class, one of its methods or a whole ASGI app; a route
without a mark is `none`. `strata.caching.middleware.CdnCacheMiddleware` reads the marks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from strata.caching.answer_headers import lifetime_headers, tag_headers
from strata.caching.classes import NONE, REALTIME, STATIC_DATA, USER_DATA, CacheClass
from strata.caching.request_tags import add_tags
from strata.caching.tags import tag_set
from strata.caching.vary import covered_names
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from strata.caching.answer_headers import RawHeaders

Endpoint = TypeVar("Endpoint")

_MARK: Final = "__strata_cdn_cache__"
_NO_ATTRIBUTES: Final[Mapping[str, Any]] = MappingProxyType({})


class PresetError(StrataError):
    """A preset that would keep answers longer than its class, or a second one on the same endpoint."""


@dataclass(frozen=True)
class Preset:
    """A cache class as one route uses it; called with an endpoint, it marks it.

    Args:
        cache_class: from the table, or narrower in time.
        tags: on every answer of the route.
    """

    cache_class: CacheClass
    tags: tuple[str, ...] = ()

    def __call__(self, endpoint: Endpoint) -> Endpoint:
        """Mark an endpoint and return it as it is.

        Raises:
            PresetError: when it has a mark already, perhaps through ``functools.wraps``.
        """
        if _own_mark(endpoint) is not None:
            name = getattr(endpoint, "__qualname__", repr(endpoint))
            raise PresetError("this endpoint has a preset already", where={"endpoint": name}, allowed="one of them")
        setattr(endpoint, _MARK, self)
        return endpoint

    @cached_property
    def headers(self) -> RawHeaders:
        """What says that an answer may be kept, where its handler says nothing about caches itself."""
        return lifetime_headers(self.cache_class)

    @cached_property
    def tag_headers(self) -> RawHeaders:
        """The tags of an answer to which its handler adds none."""
        return tag_headers(self.tags)

    @cached_property
    def covered_names(self) -> frozenset[str]:
        """Request headers that an answer may vary by."""
        return covered_names(self.cache_class)


def none() -> Preset:
    """Mark what is never kept, as every route without a preset is."""
    return UNMARKED


def realtime(*, seconds: int | None = None, tags: Iterable[str] = ()) -> Preset:
    """Mark a caller's own data that is polled: kept for `seconds`, which the class limits.

    Raises:
        PresetError: for more seconds than the class has, or fewer than 1.
        strata.caching.tags.InvalidTagError: for a tag that a provider would refuse.
        strata.caching.tags.TooManyTagsError: for more than 50.
    """
    return _preset(REALTIME, seconds, tags)


def user_data(*, seconds: int | None = None, tags: Iterable[str] = ()) -> Preset:
    """Mark a caller's own data; arguments and errors as of `realtime`."""
    return _preset(USER_DATA, seconds, tags)


def static_data(*, seconds: int | None = None, tags: Iterable[str] = ()) -> Preset:
    """Mark data that is the same for everybody, whoever asks; arguments and errors as of `realtime`."""
    return _preset(STATIC_DATA, seconds, tags)


def presets() -> Mapping[str, Callable[..., Preset]]:
    """Return every preset by the name of its cache class."""
    return _PRESETS


def tag(request: Any, *tags: str) -> None:
    """Add tags to the answer of this request, before its header is sent.

    A tag that a provider would refuse, or one too many, raises nothing here: the answer becomes uncacheable, and the
    log says so once for the route.

    Args:
        request: a Starlette or FastAPI request, or an ASGI scope.
        tags: for example ``payment:123``.

    Raises:
        strata.caching.request_tags.LateTagError: when the answer's header is already sent.
    """
    scope = request if isinstance(request, dict) else request.scope
    add_tags(scope, tags)


def preset_of(endpoint: Any, method: str) -> Preset | None:
    """Return the mark of an endpoint.

    An endpoint class's own mark, else that of its method for this request. A mark is not inherited: who derives an
    endpoint from a marked class decides anew.
    """
    # As `_own_mark`, without the call: every request comes through here, and few endpoints are classes.
    found: Preset | None = getattr(endpoint, "__dict__", _NO_ATTRIBUTES).get(_MARK)
    if found is not None or not isinstance(endpoint, type):
        return found
    if method == "HEAD" and not hasattr(endpoint, "head"):
        method = "GET"  # which is how Starlette answers it
    return _own_mark(getattr(endpoint, method.lower(), None))


def _preset(cache_class: CacheClass, seconds: int | None, tags: Iterable[str]) -> Preset:
    fresh = cache_class.fresh_seconds if seconds is None else seconds
    if not 1 <= fresh <= cache_class.fresh_seconds:
        raise PresetError(
            f"{fresh} seconds",
            where={"preset": cache_class.name},
            allowed=f"1 to {cache_class.fresh_seconds}: a preset narrows its class and never widens it",
        )
    return Preset(replace(cache_class, fresh_seconds=fresh), tag_set(tags))


def _own_mark(endpoint: Any) -> Preset | None:
    """Return the mark that was put on this very object (for a bound method: on its function)."""
    mark: Preset | None = getattr(endpoint, "__dict__", _NO_ATTRIBUTES).get(_MARK)
    return mark


#: A route without a preset.
UNMARKED: Final = Preset(NONE)

_PRESETS: Final[Mapping[str, Callable[..., Preset]]] = MappingProxyType(
    {"none": none, "realtime": realtime, "user_data": user_data, "static_data": static_data}
)
