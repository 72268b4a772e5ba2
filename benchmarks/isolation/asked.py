"""One request of a run with all that is known about it before the edge sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.caching.classes import CACHED_PATHS, NONE

if TYPE_CHECKING:
    from benchmarks.isolation.callers import Token
    from local.edge.messages import ViewerRequest
    from strata.caching.classes import CacheClass

EVERYBODY: Final = "everybody"
READS: Final = frozenset({"GET", "HEAD"})


@dataclass(slots=True)
class Asked:
    """A request, who sends it, and what has to come of it.

    Args:
        request: as the viewer sends it.
        token: the only Authorization, None without one.
        host: the Host header.
        tenant: whose epoch counts.
        cache_class: of the path.
        kind: in words, for who reads about a violation.
        refusal: the status with which the edge itself must refuse it; None for the others.
        is_preflight: whether it is a CORS preflight, which nobody's token comes with.
        is_direct: whether it goes straight to the origin, past the edge.
        plain: whether nothing about it is odd: then it is answered whenever the origin works.
        epoch: of the tenant, when it was sent.
        number: of the request in the run, the first is 1.
    """

    request: ViewerRequest
    token: Token | None
    host: str
    tenant: str
    cache_class: CacheClass
    kind: str
    refusal: int | None = None
    is_preflight: bool = False
    is_direct: bool = False
    plain: bool = False
    epoch: int = 0
    number: int = 0

    @property
    def authorization(self) -> str | None:
        """What the origin should learn of who calls."""
        return self.token.value if self.token is not None else None

    @property
    def owner(self) -> str | None:
        """Whose answer it is: everybody's on a shared path, nobody's without a token that the origin accepts."""
        if not self.cache_class.keyed_by_caller:
            return EVERYBODY
        return self.token.owner if self.token is not None else None


def cache_class_of(path: str) -> CacheClass:
    """Return the class that the list of cached paths gives a path."""
    for known, cache_class in CACHED_PATHS.items():
        if path == known or path.startswith(f"{known}/"):
            return cache_class
    return NONE


def keyed_query(cache_class: CacheClass, query: str) -> str:
    """Return the parameters of a query that may tell two answers of a class apart; on `none`, all of them."""
    if not query or not cache_class.is_cached:
        return query
    return "&".join(part for part in query.split("&") if part.partition("=")[0] in cache_class.query_strings)
