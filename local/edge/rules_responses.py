"""Rules about the answer that the viewer gets. D documented, G guessed, S switchable."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_CUSTOM_ORIGINS: Final = "Guide: Request and response behavior for custom origins"
_RANGES: Final = "Guide: How CloudFront processes partial requests for an object"
_POLICIES: Final = "Guide: Understand response headers policies"
_LOGS: Final = "Guide: Standard logging reference"

Rows = tuple[tuple[str, str, str, str], ...]

RESPONSES: Final[Mapping[str, Rows]] = MappingProxyType(
    {
        "Conditions and ranges": (
            (
                "D",
                "not-modified",
                "A viewer who has this version gets 304; If-None-Match goes before If-Modified-Since.",
                "RFC 9110, 13.2.2",
            ),
            ("D", "range-206", "A range of a kept object is cut from it.", _RANGES),
            ("D", "range-416", "A range beyond a kept object is 416.", "RFC 9110, 15.5.17"),
            (
                "D",
                "range-ignored",
                "Ranges that cannot be read, and several at once here, get the whole object.",
                _RANGES,
            ),
            (
                "D",
                "range-whole",
                "A range of what is not kept goes to the origin; a whole object in answer is served and kept whole.",
                _RANGES,
            ),
        ),
        "Headers of the answer": (
            (
                "D",
                "set-cookie-dropped",
                "Set-Cookie goes to the viewer only where cookies are forwarded; then it is kept and replayed.",
                "Guide: Cache content based on cookies",
            ),
            (
                "D",
                "vary-echo",
                "Of Vary, only forwarded headers, Accept-Encoding, Cookie and `*` reach the viewer.",
                f"{_CUSTOM_ORIGINS}, HTTP response headers that CloudFront removes or replaces",
            ),
            (
                "D",
                "response-hop-by-hop",
                "Headers of the connection between origin and edge end there.",
                _CUSTOM_ORIGINS,
            ),
            (
                "D",
                "age",
                "An answer from the cache carries Age, in seconds since the origin gave or confirmed it.",
                "RFC 9111, 5.1",
            ),
            (
                "D",
                "x-cache",
                "X-Cache says where the answer came from; X-Amz-Cf-Pop, X-Amz-Cf-Id and a Via of its own are added.",
                _LOGS,
            ),
            ("D", "errors-are-errors", "An answer of 400 or more is logged as Error.", _LOGS),
            (
                "G",
                "shield-hit-is-hit",
                "What the Origin Shield had is a Hit in X-Cache and in the result type.",
                "the log reference only names the detailed type",
            ),
            (
                "G",
                "stale-is-hit",
                "A stale object that was served is a Hit.",
                "the log reference names RefreshHit for 304 only",
            ),
            (
                "D",
                "policy-set",
                "A response headers policy adds headers; with override it replaces the origin's.",
                _POLICIES,
            ),
            (
                "D",
                "policy-remove",
                "A response headers policy removes headers; one that it also adds stands.",
                _POLICIES,
            ),
            (
                "D",
                "policy-everywhere",
                "The policy is about every answer of its behavior, made by cache, origin or function.",
                _POLICIES,
            ),
            (
                "D",
                "cors-simple",
                "CORS headers are added where the request has an Origin that the policy allows.",
                _POLICIES,
            ),
            (
                "D",
                "cors-preflight",
                "Methods, headers and maximum age are added to preflights only; the origin still gets them.",
                _POLICIES,
            ),
            (
                "D",
                "cors-origin-override",
                "Without override a CORS header that the origin sent stays; the policy adds the others.",
                _POLICIES,
            ),
        ),
    }
)
