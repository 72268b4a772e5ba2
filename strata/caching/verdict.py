"""Whether the edge may keep an answer, for how long, and why not.

Whatever a handler says, an answer lives no longer than its class allows, and everything in doubt is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from strata.caching.answer_headers import lifetime_headers, tag_headers
from strata.caching.cache_control import narrowed
from strata.caching.classes import CACHE_TAG_HEADER, NONE, SURROGATE_KEY_HEADER
from strata.caching.tags import InvalidTagError, TooManyTagsError, tag_set
from strata.caching.vary import varied_names

if TYPE_CHECKING:
    from strata.caching.admission import Admission
    from strata.caching.answer_headers import RawHeaders
    from strata.caching.cdn_cache import Preset
    from strata.caching.classes import CacheClass

#: Answers worth keeping: the representation, that there is none, and that it has not changed (which renews what is
#: kept, so it has to say the same as the answer before: RFC 9110, 15.4.5). Every error, redirect and part of a
#: representation goes to the origin again.
CACHEABLE_STATUSES: Final = frozenset((200, 204, 304))

#: What a handler may limit an answer's life with; the last two are read by some providers before Cache-Control.
_LIFETIME_FIELDS: Final = ("cache-control", "surrogate-control", "cdn-cache-control", "cloudflare-cdn-cache-control")
_TAG_FIELDS: Final = (CACHE_TAG_HEADER, SURROGATE_KEY_HEADER)
#: Fields of HTTP/1.0 that say something about caches: not worth a second way to read times.
_OLD_FIELDS: Final = ("expires", "pragma")

#: What an answer says that nobody may keep.
UNCACHEABLE_HEADERS: Final = lifetime_headers(NONE)

#: Answer header fields that a verdict needs, by name in lower case.
JUDGED_FIELDS: Final = frozenset((*_LIFETIME_FIELDS, *_TAG_FIELDS, *_OLD_FIELDS, "set-cookie", "vary"))
#: Those that the verdict's own replace.
REPLACED_FIELDS: Final = JUDGED_FIELDS - {"set-cookie", "pragma"}


class Surprise(Enum):
    """What whoever marked a route should hear of once."""

    UNKEYED_CALLER = auto()
    UNKEYED_INPUT = auto()
    SET_COOKIE = auto()
    OWN_FIELD = auto()
    VARY = auto()
    TAGS = auto()


@dataclass(slots=True)  # not frozen: one is made for each answer, and that would cost three times as much
class Verdict:
    """What becomes of an answer.

    Args:
        headers: to send in place of the `REPLACED_FIELDS`.
        reason: why the answer is not kept as its route is marked; empty when it is.
        surprise: what kind of reason it is, if the route's author cannot have meant it.
    """

    headers: RawHeaders
    reason: str = ""
    surprise: Surprise | None = None


class _UncacheableError(Exception):
    def __init__(self, reason: str, surprise: Surprise | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.surprise = surprise


def judge(
    preset: Preset, admission: Admission, status: int, fields: dict[str, list[str]], tags: tuple[str, ...]
) -> Verdict:
    """Decide about an answer of a route with this preset.

    Args:
        preset: of the route.
        admission: of the request.
        status: of the answer.
        fields: values of the `JUDGED_FIELDS` that it has, by name.
        tags: added by `cdn_cache.tag`, unchecked.
    """
    try:
        _require_cacheable_exchange(preset.cache_class, admission, status)
        headers = _limited_headers(preset, fields) if fields else preset.headers
        return Verdict(headers + (tag_headers(tag_set(preset.tags + tags)) if tags else preset.tag_headers))
    except _UncacheableError as refusal:
        return _not_kept(fields, refusal.reason, refusal.surprise)
    except (InvalidTagError, TooManyTagsError) as error:
        return _not_kept(fields, error.what, Surprise.TAGS)


def _not_kept(fields: dict[str, list[str]], reason: str, surprise: Surprise | None) -> Verdict:
    vary = tuple((b"vary", value.encode("latin-1")) for value in fields.get("vary", ()))
    return Verdict(UNCACHEABLE_HEADERS + vary, reason, surprise)


def _require_cacheable_exchange(cache_class: CacheClass, admission: Admission, status: int) -> None:
    """Refuse what no words of the handler's could change, in the order in which it is most often the reason."""
    if not cache_class.is_cached:
        raise _UncacheableError("the route has no preset that keeps answers")
    if not admission.is_read:
        raise _UncacheableError("only answers to GET and HEAD are kept")
    if status not in CACHEABLE_STATUSES:
        raise _UncacheableError(f"status {status} is never kept")
    if cache_class.keyed_by_caller:
        if not admission.is_keyed_by_caller:
            # A behavior without the edge function: its key would be the same for every caller.
            raise _UncacheableError("the edge did not say that its key holds the caller", Surprise.UNKEYED_CALLER)
    elif admission.names_caller:
        raise _UncacheableError("the request has an Authorization, which is not in the key", Surprise.UNKEYED_INPUT)
    if admission.has_cookie:
        raise _UncacheableError("the request has a Cookie, which is in no key", Surprise.UNKEYED_INPUT)


def _limited_headers(preset: Preset, fields: dict[str, list[str]]) -> RawHeaders:
    if "set-cookie" in fields:
        raise _UncacheableError("the answer has a Set-Cookie", Surprise.SET_COOKIE)
    for name in (*_TAG_FIELDS, *_OLD_FIELDS):
        if name in fields:
            raise _UncacheableError(f"the handler wrote {name} itself", Surprise.OWN_FIELD)
    varied = varied_names(fields.get("vary", ()))
    for name in varied:
        if name not in preset.covered_names:
            raise _UncacheableError(f"the answer varies by {name}, which is not in the key", Surprise.VARY)
    return lifetime_headers(_limited(preset.cache_class, fields), varied)


def _limited(cache_class: CacheClass, fields: dict[str, list[str]]) -> CacheClass:
    """Return the class with the shortest life that any of the handler's fields gives the answer."""
    limited = cache_class
    for name in _LIFETIME_FIELDS:
        if name in fields:
            value = ", ".join(fields[name])
            shorter = narrowed(limited, value)
            if shorter is None:
                raise _UncacheableError(f"the handler's {name} keeps it out")
            limited = shorter
    return limited
