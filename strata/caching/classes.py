"""The one table of cache classes: how long CloudFront keeps an answer, and what tells two answers apart.

Cache policies, the origin's middleware, the edge simulator and the docs are made from it.
Every policy has a minimum and a default TTL of 0, so an answer is kept only when the origin says so.
An object is served for min(``s-maxage``, the maximum TTL) seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Digest of the caller's identity, set by the edge function; a part of the cache key.
AUTH_HASH_HEADER: Final = "x-auth-hash"
#: The caller's own Authorization, copied by the edge function for the origin; never a part of the cache key.
RELAY_HEADER: Final = "x-origin-authorization"
#: What else a cached path's origin gets to see: it must not change the answer to a GET, because it is not in the key.
FORWARDED_HEADERS: Final = ("content-type", "idempotency-key", "traceparent", "x-request-id")


@dataclass(frozen=True)
class CacheClass:
    """One class of answers.

    Args:
        name: snake_case, as in config and code.
        purpose: one line for people who choose a class.
        max_ttl_seconds: the longest CloudFront keeps an answer, whatever the origin says; 0 never caches.
        fresh_seconds: ``s-maxage`` that the origin sends.
        stale_while_revalidate_seconds: how long a stale answer may be served while a new one is fetched.
        stale_if_error_seconds: how long a stale answer may stand in for a failing origin.
        keyed_by_caller: whether callers have answers of their own.
        query_strings: query parameters that tell answers apart; others reach no origin on a cached path.
    """

    name: str
    purpose: str
    max_ttl_seconds: int
    fresh_seconds: int
    stale_while_revalidate_seconds: int
    stale_if_error_seconds: int
    keyed_by_caller: bool
    query_strings: tuple[str, ...]

    @property
    def is_cached(self) -> bool:
        """Whether CloudFront keeps answers of this class at all."""
        return self.max_ttl_seconds > 0

    @property
    def origin_cache_control(self) -> str:
        """The Cache-Control that the origin sends.

        Without ``stale-if-error=0`` CloudFront serves an earlier answer even for no-store when the origin is down
        (CloudFront Developer Guide, "Manage how long content stays in the cache").
        """
        if not self.is_cached:
            return "private, no-store, stale-if-error=0"
        parts = ["max-age=0", f"s-maxage={self.fresh_seconds}"]
        if self.stale_while_revalidate_seconds:
            parts.append(f"stale-while-revalidate={self.stale_while_revalidate_seconds}")
        return ", ".join([*parts, f"stale-if-error={self.stale_if_error_seconds}"])

    @property
    def viewer_cache_control(self) -> str | None:
        """The Cache-Control that replaces the origin's on its way to the viewer; None leaves it as it is.

        ``s-maxage`` would also let a shared cache between CloudFront and the caller keep an answer to a request with
        Authorization (RFC 9111, 3.5).
        """
        return None if self.is_cached and not self.keyed_by_caller else "private, no-store"


_LIST_QUERY_STRINGS: Final = ("created_after", "created_before", "currency", "cursor", "limit", "status")

NONE: Final = CacheClass(
    name="none",
    purpose="everything that is not listed: never kept",
    max_ttl_seconds=0,
    fresh_seconds=0,
    stale_while_revalidate_seconds=0,
    stale_if_error_seconds=0,
    keyed_by_caller=True,
    query_strings=(),
)
REALTIME: Final = CacheClass(
    name="realtime",
    purpose="a caller's own data that is polled",
    max_ttl_seconds=5,
    fresh_seconds=5,
    stale_while_revalidate_seconds=0,
    stale_if_error_seconds=0,
    keyed_by_caller=True,
    query_strings=_LIST_QUERY_STRINGS,
)
USER_DATA: Final = CacheClass(
    name="user_data",
    purpose="a caller's own data",
    max_ttl_seconds=30,
    fresh_seconds=30,
    stale_while_revalidate_seconds=0,
    stale_if_error_seconds=0,
    keyed_by_caller=True,
    query_strings=_LIST_QUERY_STRINGS,
)
#: The maximum TTL is fresh_seconds and the longer of the two stale windows: past it no stale answer is left to serve.
STATIC_DATA: Final = CacheClass(
    name="static_data",
    purpose="the same for everybody, whoever asks",
    max_ttl_seconds=900,
    fresh_seconds=300,
    stale_while_revalidate_seconds=60,
    stale_if_error_seconds=600,
    keyed_by_caller=False,
    query_strings=("locale", "version"),
)

CACHE_CLASSES: Final[Mapping[str, CacheClass]] = MappingProxyType(
    {cache_class.name: cache_class for cache_class in (NONE, REALTIME, USER_DATA, STATIC_DATA)}
)
#: Paths that are cached, in the order of their behaviors; each stands for itself and for everything below it.
CACHED_PATHS: Final[Mapping[str, CacheClass]] = MappingProxyType(
    {
        "/api/v1/payments": USER_DATA,
        "/api/v1/invoices": USER_DATA,
        "/api/v1/config": STATIC_DATA,
        "/api/v1/currencies": STATIC_DATA,
    }
)


def path_patterns(path: str) -> tuple[str, str]:
    """Return the pair of path patterns of a cached path.

    Never one pattern with a star at the end: ``/api/v1/payments*`` would also catch ``/api/v1/payments-export``.
    """
    return path, f"{path}/*"
