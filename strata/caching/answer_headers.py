"""What an answer says to the caches between the origin and the viewer; names in lower case."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from strata.caching.classes import CACHE_TAG_HEADER, SURROGATE_CONTROL_HEADER, SURROGATE_KEY_HEADER
from strata.caching.vary import class_names

if TYPE_CHECKING:
    from strata.caching.classes import CacheClass

    RawHeaders = tuple[tuple[bytes, bytes], ...]

_CACHE_TAG: Final = CACHE_TAG_HEADER.encode("ascii")
_SURROGATE_KEY: Final = SURROGATE_KEY_HEADER.encode("ascii")


@lru_cache(maxsize=256)  # of what presets and handlers' limits come to: few, and the same for every request of a route
def lifetime_headers(cache_class: CacheClass, varied_names: tuple[str, ...] = ()) -> RawHeaders:
    """Return what says how long an answer may be kept, and what it varies by.

    Surrogate-Control tells Fastly what CloudFront reads in Cache-Control. An uncacheable answer has none: Fastly passes
    on ``private`` alone, and would collapse requests for an answer that it may keep for 0 seconds.

    Args:
        cache_class: of the answer.
        varied_names: what the handler said that it varies by, beside what the class says.
    """
    fields = {"cache-control": cache_class.origin_cache_control}
    if cache_class.is_cached:
        fields[SURROGATE_CONTROL_HEADER] = _surrogate_control(cache_class)
        fields["vary"] = ", ".join(dict.fromkeys((*class_names(cache_class), *varied_names)))
    return tuple((name.encode("ascii"), value.encode("ascii")) for name, value in fields.items() if value)


def tag_headers(tags: tuple[str, ...]) -> RawHeaders:
    """Return an answer's tags as CloudFront and Cloudflare read them, and as Fastly does."""
    if not tags:
        return ()
    return ((_CACHE_TAG, ",".join(tags).encode("ascii")), (_SURROGATE_KEY, " ".join(tags).encode("ascii")))


def _surrogate_control(cache_class: CacheClass) -> str:
    return (
        f"max-age={cache_class.fresh_seconds}, "
        f"stale-while-revalidate={cache_class.stale_while_revalidate_seconds}, "
        f"stale-if-error={cache_class.stale_if_error_seconds}"
    )
