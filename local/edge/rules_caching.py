"""Rules about what is kept, under which key, for how long. D documented, M measured, G guessed, S switchable."""

# ruff: noqa: E501 - a row of the table is one line

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY: Final = "Guide: Understand the cache key"
_EXPIRATION: Final = "Guide: Manage how long content stays in the cache"
_ERRORS: Final = "Guide: How CloudFront processes HTTP 4xx and 5xx status codes from your origin"
_ERROR_TTL: Final = "Guide: Control how long CloudFront caches errors"
_COLLAPSING: Final = "Guide: Request and response behavior for custom origins, request collapsing"
_CUSTOM_ORIGINS: Final = "Guide: Request and response behavior for custom origins"
_INVALIDATION: Final = "Guide: Invalidate files to remove content"
_TAGS: Final = "Guide: Invalidate by cache tag"
_SHIELD: Final = "Guide: Use Amazon CloudFront Origin Shield"

Rows = tuple[tuple[str, str, str, str], ...]

CACHING: Final[Mapping[str, Rows]] = MappingProxyType(
    {
        "The cache key": (
            ("D", "key-domain", "The key has the distribution's domain name, not the viewer's Host.", _KEY),
            ("D", "key-host-when-listed", "Host is in the key where the cache policy lists it.", _KEY),
            (
                "D",
                "key-policy-inputs",
                "Of headers, cookies and parameters, only what the cache policy names is in the key.",
                _KEY,
            ),
            (
                "G",
                "key-absent-or-empty",
                "An absent header and an empty one have different keys.",
                "the guide is silent",
            ),
            (
                "G",
                "key-parts",
                "Values cannot pose as another part of the key; duplicates stay apart.",
                "the guide is silent; the opposite would be a leak",
            ),
            (
                "D",
                "key-query-order",
                "Parameters are in the key in the viewer's order, raw and with case.",
                "Guide: Cache content based on query string parameters",
            ),
            (
                "D",
                "key-method",
                "GET, HEAD and cached OPTIONS are kept apart; other methods are never cached.",
                _CUSTOM_ORIGINS,
            ),
            (
                "D",
                "head-from-get",
                "A fresh object of a GET answers HEAD.",
                "RFC 9110, 9.3.2; Guide: Allowed HTTP methods",
            ),
            (
                "D",
                "method-not-cached",
                "POST, PUT, PATCH, DELETE, and OPTIONS unless chosen, go to the origin each time.",
                _CUSTOM_ORIGINS,
            ),
            (
                "G",
                "writes-invalidate-nothing",
                "A write leaves the cached object of its URL as it is.",
                "the guide names no such invalidation",
            ),
        ),
        "How long": (
            ("D", "hit", "A fresh object is served without a word to the origin.", _EXPIRATION),
            ("D", "ttl-s-maxage", "`s-maxage` counts before `max-age`.", _EXPIRATION),
            ("D", "ttl-max-age", "Without `s-maxage`, `max-age` counts.", _EXPIRATION),
            ("D", "ttl-expires", "Without either, Expires counts.", _EXPIRATION),
            ("D", "ttl-default", "With none of them, the greater of default and minimum TTL.", _EXPIRATION),
            ("D", "ttl-max-clamp", "Never longer than the maximum TTL.", _EXPIRATION),
            ("D", "ttl-min-clamp", "Never shorter than the minimum TTL.", _EXPIRATION),
            (
                "D",
                "ttl-forbidden",
                "With a minimum TTL of 0, `no-store`, `no-cache` and `private` are respected.",
                _EXPIRATION,
            ),
            (
                "D",
                "min-ttl-ignores-private",
                "With a minimum TTL above 0 they are not: the object is kept for the minimum TTL.",
                _EXPIRATION,
            ),
            (
                "D",
                "caching-disabled",
                "A maximum TTL of 0 keeps nothing but errors.",
                "Guide: Use managed cache policies",
            ),
            ("D", "viewer-cache-control-ignored", "Cache-Control and Pragma of the viewer force nothing.", _EXPIRATION),
            (
                "D",
                "other-cache-headers-ignored",
                "Surrogate-Control, CDN-Cache-Control and Pragma of the origin do not count.",
                f"{_EXPIRATION}: names Cache-Control and Expires only",
            ),
            ("D", "vary-no-key", "Vary is no part of the key.", _CUSTOM_ORIGINS),
            (
                "D",
                "vary-star",
                "With a minimum TTL of 0, `Vary: *` is kept and asked for anew each time, without conditional headers.",
                f"{_CUSTOM_ORIGINS}, Content negotiation",
            ),
            (
                "G",
                "odd-cache-control",
                "A number that is none is 0, and of a repeated number the smallest counts.",
                "RFC 9111, 4.2.1",
            ),
            (
                "D",
                "no-cache-set-cookie",
                '`no-cache="Set-Cookie"` keeps everything but the cookies.',
                "Guide: Cache content based on cookies",
            ),
            ("G", "origin-age-ignored", "An Age that the origin sends shortens nothing.", "the guide is silent"),
            (
                "G",
                "partial-not-stored",
                "A part of an object, and a 304 nobody asked for, are not kept.",
                "CloudFront may keep ranges; here they are asked for each time",
            ),
        ),
        "Revalidation and staleness": (
            (
                "D",
                "revalidated",
                "A stale object is asked for with its ETag and Last-Modified; a 304 makes it new (RefreshHit).",
                f"{_CUSTOM_ORIGINS}, Conditional requests",
            ),
            (
                "D",
                "stale-while-revalidate",
                "Within the window the stale object is served at once and fetched anew behind it.",
                _EXPIRATION,
            ),
            (
                "D",
                "stale-if-error",
                "Within the window the stale object stands in for a 5xx answer or none at all.",
                _EXPIRATION,
            ),
            ("D", "stale-on-error", "Without `stale-if-error` a stale object stands in too, however old.", _ERRORS),
            (
                "D",
                "forbidden-served-stale",
                "Even `no-store` and `private` answers stand in while the origin fails, unless they say `stale-if-error=0`.",
                _EXPIRATION,
            ),
            ("D", "stale-if-error-zero", "`stale-if-error=0` has the error served.", _EXPIRATION),
            (
                "D",
                "stale-until-retry",
                "While an error of its status would be kept, the stale object is served without asking again.",
                _ERRORS,
            ),
            (
                "M",
                "stale-if-error-waits",
                "A silent origin is waited for before the stale object is served.",
                "DevelopersIO, July 2026",
            ),
            (
                "S",
                "max-ttl-bounds-stale",
                "The stale windows end with the maximum TTL.",
                f"{_EXPIRATION}: our reading of `after the maximum TTL the stale object is not available`",
            ),
            (
                "D",
                "stale-4xx-replaces",
                "A 4xx is served although there is a stale object, which is dropped here.",
                _ERRORS,
            ),
        ),
        "Errors": (
            (
                "D",
                "error-always-cached",
                "404, 414, 500, 501, 502, 503 and 504 are kept, whatever Cache-Control says.",
                _ERRORS,
            ),
            (
                "D",
                "error-cached-when-told",
                "400, 403, 405, 412 and 415 are kept only with `max-age` or `s-maxage`.",
                _ERRORS,
            ),
            (
                "D",
                "error-never-cached",
                "Other errors, 401 and 416 among them, are not kept.",
                f"{_ERRORS}; {_ERROR_TTL}",
            ),
            (
                "D",
                "error-min-ttl",
                "An error is kept for the greater of the error caching minimum TTL (10 s) and its own age limit, which the maximum TTL bounds.",
                _ERROR_TTL,
            ),
            (
                "D",
                "error-ttl-zero",
                "An error caching minimum TTL of 0 keeps no error without an age limit of its own.",
                _ERROR_TTL,
            ),
            (
                "G",
                "error-cached-when-disabled",
                "Errors are kept on behaviors that cache nothing else, under a key without the caller.",
                "seen in practice; the guide excludes no behavior",
            ),
            (
                "D",
                "origin-failure",
                "No connection is 502, no answer in time 504, half an answer 502; each counts as a 5xx of the origin.",
                f"{_ERRORS}; Guide: HTTP 502, HTTP 504",
            ),
            (
                "D",
                "incomplete-not-cached",
                "An answer whose length is not the one it says is never kept; here the viewer gets 502, as nothing was sent yet.",
                f"{_CUSTOM_ORIGINS}, Dropped TCP connections",
            ),
            (
                "G",
                "origin-header-limit",
                "More than 20,480 bytes or 100 fields of headers from an origin are 502.",
                "the error exists in the log reference, its limit is not given",
            ),
            (
                "D",
                "custom-error-page",
                "A custom error page replaces the body, and the status where one is given.",
                "Guide: Generate custom error responses",
            ),
        ),
        "Requests at the same time": (
            ("D", "collapsed", "Requests for one key wait for the first and share its answer.", _COLLAPSING),
            (
                "D",
                "uncacheable-not-shared",
                "An answer that is not kept, or is stale at once, is shared with nobody: each one who waited asks.",
                _COLLAPSING,
            ),
            (
                "S",
                "collapse-off-with-cookies",
                "Nothing waits where cookies are forwarded.",
                f"{_COLLAPSING}; whether a list of cookies counts is contested",
            ),
            ("D", "collapse-off-when-disabled", "Nothing waits where nothing is cached.", _COLLAPSING),
            (
                "G",
                "leader-may-leave",
                "A viewer who leaves ends nobody else's request.",
                "an object is kept only when complete; the guide speaks of the leaver alone",
            ),
        ),
        "Origin Shield and locations": (
            (
                "D",
                "origin-shield-hit",
                "A miss at the location asks the shield, which has the same keys; its hit is logged as OriginShieldHit.",
                _SHIELD,
            ),
            ("D", "origin-shield-collapses", "Misses of several locations are one request to the origin.", _SHIELD),
            (
                "G",
                "origin-shield-age",
                "An object from the shield is as old as it is there: its lifetime does not start again.",
                "otherwise lifetimes would add up",
            ),
            (
                "G",
                "one-cache-per-location",
                "A location is one cache: its servers and its regional cache are not modelled apart.",
                "simplification",
            ),
            (
                "G",
                "least-recently-used",
                "A full cache drops what was used least recently.",
                "Guide: CloudFront might evict objects",
            ),
        ),
        "Invalidation": (
            (
                "D",
                "invalidate-path",
                "A path drops the object with exactly that path and keyed query, in every variant, everywhere.",
                _INVALIDATION,
            ),
            (
                "D",
                "invalidate-wildcard",
                "A star at the end stands for any text; elsewhere it is a star.",
                _INVALIDATION,
            ),
            ("D", "invalidate-tag", "`#tag` drops what carries the tag, whatever its case.", _TAGS),
            (
                "D",
                "tag-limits",
                "Tags over 256 characters and beyond the 50th are ignored; an item beyond the limits is refused.",
                _TAGS,
            ),
            (
                "G",
                "invalidate-after-function",
                "The path is the one after the function.",
                "the guide says it for Lambda@Edge origin requests only",
            ),
            (
                "G",
                "invalidated-under-way",
                "An answer that was under way when it was invalidated is neither kept nor shared with later viewers.",
                "the guide promises that later requests go to the origin",
            ),
            (
                "G",
                "deploy-keeps-cache",
                "A new configuration leaves objects and their lifetimes as they are.",
                "the guide names invalidation for that",
            ),
        ),
    }
)
