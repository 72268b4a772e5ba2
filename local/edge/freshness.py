"""How long an answer is kept: CloudFront's own table, which is not RFC 9111."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from local.edge.cache_control import CacheControl, parse_cache_control, parse_date
from local.edge.header_fields import combined, first

if TYPE_CHECKING:
    from local.edge.behaviors import CompiledBehavior
    from local.edge.messages import OriginResponse
    from local.edge.settings import EdgeSettings

#: Kept whatever the origin says, and kept only with max-age or s-maxage: Developer Guide, "How CloudFront processes
#: HTTP 4xx and 5xx status codes from your origin"; other errors are never kept.
ALWAYS_CACHED_ERRORS: Final = frozenset({404, 414, 500, 501, 502, 503, 504})
ERRORS_CACHED_WHEN_TOLD: Final = frozenset({400, 403, 405, 412, 415})
_PARTIAL_CONTENT: Final = 206
_NOT_MODIFIED: Final = 304
_FIRST_ERROR: Final = 400


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How an answer may be used after it came; all times in seconds from then.

    Args:
        ttl_seconds: served without a word to the origin; 0 asks it each time.
        stale_while_revalidate_until: served while a new one is fetched, until then.
        stale_if_error_until: served when the origin fails, until then; infinite where nothing limits it.
        revalidates: whether the origin is asked with If-None-Match and If-Modified-Since when it is stale.
        is_error: an error that is kept, which is never served stale.
        reasons: the names of the rules that decided.
    """

    ttl_seconds: float
    stale_while_revalidate_until: float
    stale_if_error_until: float
    revalidates: bool
    is_error: bool
    reasons: tuple[str, ...]


def lifetime(
    behavior: CompiledBehavior, response: OriginResponse, now: float, settings: EdgeSettings
) -> tuple[Lifetime | None, tuple[str, ...]]:
    """Return how long an answer to a GET, HEAD or cached OPTIONS is kept, None where it is not, and the rules."""
    control = parse_cache_control(combined(response.headers, "cache-control"))
    expires = _expires_in(response, now)
    if response.status >= _FIRST_ERROR:
        return _error_lifetime(behavior, response.status, control, expires)
    if not behavior.caches:
        return None, ("caching-disabled",)
    if response.status in {_PARTIAL_CONTENT, _NOT_MODIFIED}:
        return None, ("partial-not-stored",)
    ttl, rule = _ttl(behavior, control, expires)
    star = combined(response.headers, "vary") == "*" and behavior.behavior.cache_policy.min_ttl == 0
    if star:
        ttl, rule = 0.0, "vary-star"
    kept = _with_stale_windows(behavior, control, ttl, rule, settings)
    if star:
        kept = _without_validators(kept)
    if control.forbids and ttl == 0 and not kept.revalidates and kept.stale_if_error_until <= 0:
        return None, kept.reasons
    return kept, kept.reasons


def _ttl(behavior: CompiledBehavior, control: CacheControl, expires: float | None) -> tuple[float, str]:
    policy = behavior.behavior.cache_policy
    if control.forbids:
        if policy.min_ttl == 0:
            return 0.0, "ttl-forbidden"
        return float(policy.min_ttl), "min-ttl-ignores-private"
    if control.age_limit is not None:
        wanted, rule = float(control.age_limit), "ttl-max-age" if control.s_maxage is None else "ttl-s-maxage"
    elif expires is not None:
        wanted, rule = expires, "ttl-expires"
    else:
        return float(max(policy.min_ttl, policy.default_ttl)), "ttl-default"
    if wanted > policy.max_ttl:
        return float(policy.max_ttl), "ttl-max-clamp"
    if wanted < policy.min_ttl:
        return float(policy.min_ttl), "ttl-min-clamp"
    return wanted, rule


def _with_stale_windows(
    behavior: CompiledBehavior, control: CacheControl, ttl: float, rule: str, settings: EdgeSettings
) -> Lifetime:
    """Return the lifetime with its stale windows, which end with the maximum TTL unless the settings say otherwise."""
    bound = float(behavior.behavior.cache_policy.max_ttl) if settings.max_ttl_bounds_stale else math.inf
    forbidden = rule == "ttl-forbidden"
    revalidated_only = forbidden and control.no_cache and not control.no_store and not control.private
    while_revalidate = 0.0 if forbidden else min(ttl + (control.stale_while_revalidate or 0), bound)
    if control.stale_if_error is None:
        if_error = math.inf
    elif control.stale_if_error == 0:
        if_error = 0.0
    else:
        if_error = min(ttl + control.stale_if_error, bound)
    return Lifetime(
        ttl_seconds=ttl,
        stale_while_revalidate_until=max(ttl, while_revalidate),
        stale_if_error_until=if_error,
        revalidates=not forbidden or revalidated_only,
        is_error=False,
        reasons=(rule,),
    )


def _without_validators(kept: Lifetime) -> Lifetime:
    return Lifetime(0.0, 0.0, kept.stale_if_error_until, revalidates=False, is_error=False, reasons=kept.reasons)


def _error_lifetime(
    behavior: CompiledBehavior, status: int, control: CacheControl, expires: float | None
) -> tuple[Lifetime | None, tuple[str, ...]]:
    told = control.age_limit
    if status in ERRORS_CACHED_WHEN_TOLD and told is None:
        return None, ("error-cached-when-told",)
    if status not in ALWAYS_CACHED_ERRORS and status not in ERRORS_CACHED_WHEN_TOLD:
        return None, ("error-never-cached",)
    rule = "error-always-cached" if status in ALWAYS_CACHED_ERRORS else "error-cached-when-told"
    said = told if told is not None else (expires or 0.0)
    seconds = max(float(behavior.error_ttl_seconds(status)), min(float(said), behavior.behavior.cache_policy.max_ttl))
    if seconds <= 0:
        return None, (rule, "error-ttl-zero")
    return Lifetime(seconds, seconds, 0.0, revalidates=False, is_error=True, reasons=(rule, "error-min-ttl")), (
        rule,
        "error-min-ttl",
    )


def _expires_in(response: OriginResponse, now: float) -> float | None:
    text = first(response.headers, "expires")
    if text is None:
        return None
    date = parse_date(text)
    return 0.0 if date is None else max(0.0, date - now)
