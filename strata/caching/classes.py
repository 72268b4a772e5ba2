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

#: Digest of the caller's identity, set by the edge function; a part of the cache key, and never an identity itself.
AUTH_HASH_HEADER: Final = "x-auth-hash"
#: The caller's own Authorization, copied by the edge function for the origin; never a part of the cache key.
RELAY_HEADER: Final = "x-origin-authorization"
#: A secret that only the edge function and the origin know: without it the origin believes no relay header.
ORIGIN_VERIFY_HEADER: Final = "x-origin-verify"
#: Only the edge function may set them: it deletes what a caller sends, on every behavior.
RESERVED_HEADERS: Final = (AUTH_HASH_HEADER, RELAY_HEADER, ORIGIN_VERIFY_HEADER)
#: What the caller's identity is read from; each is a part of the digest.
IDENTITY_HEADERS: Final = ("authorization",)
#: Normalised by the edge function to one of `LANGUAGES`, so that it can be in the key without splitting the cache.
LANGUAGE_HEADER: Final = "accept-language"
#: Languages that the API answers in; the first is the answer to every other one.
LANGUAGES: Final = ("en",)
#: What an answer is tagged with for CloudFront and Cloudflare, and for Fastly; never shown to a viewer.
CACHE_TAG_HEADER: Final = "cache-tag"
SURROGATE_KEY_HEADER: Final = "surrogate-key"
#: How long Fastly keeps an answer; never shown to a viewer, where another cache could stand that believes it.
SURROGATE_CONTROL_HEADER: Final = "surrogate-control"

_TRACE: Final = "a trace id is written to a log, not into an answer"
_WRITE: Final = "for writes; the origin's middleware removes it from GET and HEAD"
#: The only inputs outside the key that the origin sees on a cached path, each with why it cannot change an answer.
UNKEYED_INPUTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        RELAY_HEADER: "its digest is in the key",
        ORIGIN_VERIFY_HEADER: "the same for every caller",
        "traceparent": _TRACE,
        "x-request-id": _TRACE,
        "content-type": _WRITE,
        "idempotency-key": _WRITE,
        "if-match": _WRITE,
    }
)
#: Inputs outside the key that a path gets whose answers are the same for everybody: nothing that names a caller.
_SHARED_INPUTS: Final = (ORIGIN_VERIFY_HEADER, "traceparent", "x-request-id")
#: Errors that CloudFront keeps for 10 seconds unless told otherwise (Developer Guide, "How CloudFront caches errors"),
#: with the seconds that it keeps them here.
ERROR_TTL_SECONDS: Final[Mapping[int, int]] = MappingProxyType(
    dict.fromkeys((400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504), 0)
)
READ_METHODS: Final = ("GET", "HEAD", "OPTIONS")
ALL_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


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
        keyed_by_language: whether the answer depends on the caller's language.
    """

    name: str
    purpose: str
    max_ttl_seconds: int
    fresh_seconds: int
    stale_while_revalidate_seconds: int
    stale_if_error_seconds: int
    keyed_by_caller: bool
    query_strings: tuple[str, ...]
    keyed_by_language: bool = False

    @property
    def keyed_headers(self) -> tuple[str, ...]:
        """Request headers in the cache key, in lower case; CloudFront also forwards them to the origin."""
        caller = (AUTH_HASH_HEADER,) if self.keyed_by_caller else ()
        language = (LANGUAGE_HEADER,) if self.keyed_by_language else ()
        return caller + language

    @property
    def unkeyed_headers(self) -> tuple[str, ...]:
        """Request headers that the origin of a cached path sees although they are not in the key."""
        return tuple(UNKEYED_INPUTS) if self.keyed_by_caller else _SHARED_INPUTS

    @property
    def allowed_methods(self) -> tuple[str, ...]:
        """What a behavior of this class lets through.

        Answers for everybody come from paths that are read only: their origin never learns who calls.
        """
        return ALL_METHODS if self.keyed_by_caller else READ_METHODS

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
    keyed_by_language=True,
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
    keyed_by_language=True,
)

CACHE_CLASSES: Final[Mapping[str, CacheClass]] = MappingProxyType(
    {cache_class.name: cache_class for cache_class in (NONE, REALTIME, USER_DATA, STATIC_DATA)}
)
#: Paths that are cached, in the order of their behaviors; each stands for itself and for everything below it.
CACHED_PATHS: Final[Mapping[str, CacheClass]] = MappingProxyType(
    {
        "/api/v1/payments": USER_DATA,
        "/api/v1/invoices": USER_DATA,
        "/api/v1/webhook-logs": REALTIME,
        "/api/v1/config": STATIC_DATA,
        "/api/v1/currencies": STATIC_DATA,
    }
)


def path_patterns(path: str) -> tuple[str, str]:
    """Return the pair of path patterns of a cached path.

    Never one pattern with a star at the end: ``/api/v1/payments*`` would also catch ``/api/v1/payments-export``.
    """
    return path, f"{path}/*"
