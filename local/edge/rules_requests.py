"""Rules about requests: from the viewer, through the function, to the origin. D documented, G guessed, S switchable."""

# ruff: noqa: E501 - a row of the table is one line

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_CUSTOM_ORIGINS: Final = "Guide: Request and response behavior for custom origins"
_BEHAVIORS: Final = "Guide: Cache behavior settings"
_EDGE_FUNCTIONS: Final = "Guide: Restrictions on all edge functions"
_EVENT: Final = "Guide: CloudFront Functions event structure"
_QUOTAS: Final = "Guide: Quotas"
_HEADERS: Final = "Guide: HTTP request headers and CloudFront behavior"
_ORIGIN_POLICY: Final = "Guide: Understand origin request policies"

Rows = tuple[tuple[str, str, str, str], ...]

REQUESTS: Final[Mapping[str, Rows]] = MappingProxyType(
    {
        "Which behavior": (
            (
                "D",
                "behavior-order",
                "The first behavior whose path pattern matches decides; the default one is last.",
                _BEHAVIORS,
            ),
            (
                "D",
                "path-pattern",
                "`*` is any text, `?` one character; case counts; a leading slash is optional.",
                _BEHAVIORS,
            ),
            ("D", "query-not-matched", "Query strings take no part in the match.", _BEHAVIORS),
            (
                "S",
                "path-normalisation",
                "Patterns see the path without dot segments, doubled slashes and needless escapes; function, key and origin see it raw.",
                f"{_BEHAVIORS}, Path normalization; that RFC 3986's percent-encoding is meant too is our reading",
            ),
            (
                "D",
                "behavior-before-function",
                "A URI that the function changes does not change the behavior or the origin.",
                _EDGE_FUNCTIONS,
            ),
            (
                "D",
                "default-root-object",
                "`/` asks for the default root object.",
                "Guide: Specify a default root object",
            ),
        ),
        "What the edge refuses itself": (
            (
                "G",
                "distribution-disabled",
                "A disabled distribution answers 403.",
                "the guide only says that it does not serve",
            ),
            (
                "D",
                "host-names",
                "A Host that is neither the distribution's domain name nor an alternate one gets 403; here loopback names pass too.",
                "Guide: Use custom URLs by adding alternate domain names",
            ),
            (
                "G",
                "request-malformed",
                "No Host, or a target without a leading slash, is 400.",
                "RFC 9112, 3.2; the guide is silent",
            ),
            ("D", "request-length", "Request line and headers over 20,480 bytes get 413.", _CUSTOM_ORIGINS),
            ("D", "url-length", "A URL over 8,192 bytes gets 413.", _CUSTOM_ORIGINS),
            (
                "D",
                "https-only",
                "Plain http gets 403 where https is the only protocol.",
                "Guide: Require HTTPS between viewers and CloudFront",
            ),
            (
                "D",
                "redirect-to-https",
                "Plain http is redirected: 301 for GET and HEAD, 307 for other methods, which get 403 in HTTP/1.0.",
                "Guide: Require HTTPS between viewers and CloudFront",
            ),
            ("D", "allowed-methods", "A method that the behavior does not allow gets 403.", _BEHAVIORS),
            ("D", "get-with-body", "A GET with a body gets 403; so does HEAD here.", _CUSTOM_ORIGINS),
            (
                "G",
                "refusal-before-function",
                "The function does not run for a request that the behavior refuses.",
                "the guide gives no order",
            ),
        ),
        "The function": (
            (
                "D",
                "event-structure",
                "The event is structure 1.0: lower-case header names, cookies apart, an empty query string is an empty object.",
                _EVENT,
            ),
            (
                "D",
                "event-duplicates",
                "Duplicates are one entry with the first value and all of them in `multiValue`.",
                _EVENT,
            ),
            (
                "D",
                "disallowed-headers",
                "Disallowed headers are not shown to the function; adding one is 502.",
                _EDGE_FUNCTIONS,
            ),
            (
                "D",
                "read-only-headers",
                "Adding, changing or deleting Content-Length, Host, Transfer-Encoding or Via is 502.",
                _EDGE_FUNCTIONS,
            ),
            ("D", "method-read-only", "Changing the method is refused, here with 502.", _EVENT),
            (
                "D",
                "uri-slash",
                "A URI that does not start with a slash, or that has spaces, control characters or a fragment, is 502.",
                f"{_EVENT}; {_EDGE_FUNCTIONS}",
            ),
            (
                "D",
                "uri-length",
                "URI and query string from the function stay under 8,192 characters, or it is 502.",
                _EDGE_FUNCTIONS,
            ),
            (
                "D",
                "multi-value-wins",
                "A changed `multiValue` is applied; an unchanged one leaves its first value to `value`.",
                _EVENT,
            ),
            (
                "D",
                "deleted-stays-deleted",
                "A header, cookie or parameter that the function deleted reaches neither key nor origin.",
                "Guide: Write function code",
            ),
            (
                "D",
                "unchanged-stays-raw",
                "A query string or URI that the function did not change goes on as the viewer sent it.",
                _EDGE_FUNCTIONS,
            ),
            ("D", "header-name-case", "Header names from the function are lower case; others are 502 here.", _EVENT),
            (
                "D",
                "function-generated",
                "A response that the function made goes to the viewer and is never cached.",
                "Guide: Write function code",
            ),
            (
                "D",
                "generated-no-error-page",
                "A status of 400 or more from the function gets no custom error page.",
                _EVENT,
            ),
            (
                "G",
                "function-throws",
                "A function that throws is 503.",
                "Guide: HTTP 503; the page names no cause for sure",
            ),
            (
                "G",
                "function-timeout",
                "A function that runs too long is 503 and logged as throttled.",
                "Guide: HTTP 503",
            ),
            ("G", "function-missing", "A function that cannot be found is 503.", "no page names it"),
            (
                "D",
                "function-invalid",
                "A result that fails validation is 502.",
                "Guide: HTTP 502, Lambda and function validation errors",
            ),
            (
                "D",
                "function-size",
                "A function has at most 10,240 bytes of code and runs on cloudfront-js-2.0 here.",
                _QUOTAS,
            ),
            (
                "S",
                "header-text",
                "Bytes above 127 in a header are shown to the function as Latin-1, or as UTF-8.",
                f"{_EDGE_FUNCTIONS} says UTF-8 for URI and query only",
            ),
        ),
        "The request to the origin": (
            ("D", "key-is-forwarded", "Whatever is in the cache key goes to the origin.", _ORIGIN_POLICY),
            (
                "D",
                "origin-request-policy",
                "What the origin request policy names goes to the origin and not into the key.",
                _ORIGIN_POLICY,
            ),
            (
                "G",
                "nothing-else-forwarded",
                "No other header of the viewer goes on, Content-Type among them, also not on POST.",
                "the table of headers describes legacy settings; strict on purpose",
            ),
            (
                "D",
                "authorization-removed",
                "Authorization goes on only where a policy lists it or all viewer headers are forwarded.",
                "Guide: Add custom headers to origin requests",
            ),
            (
                "S",
                "authorization-in-origin-request-policy",
                "An origin request policy that lists Authorization is refused.",
                "Guide pages differ; aws-cdk refuses it (aws/aws-cdk 28883)",
            ),
            (
                "D",
                "cookies-removed",
                "Cookies go on only where a policy names them.",
                "Guide: Cache content based on cookies",
            ),
            (
                "D",
                "host-of-origin",
                "Host is the origin's domain name unless a policy forwards the viewer's.",
                _HEADERS,
            ),
            (
                "D",
                "user-agent-replaced",
                "User-Agent is `Amazon CloudFront` unless a policy forwards the viewer's.",
                _HEADERS,
            ),
            (
                "D",
                "x-forwarded-for",
                "The viewer's address is appended to X-Forwarded-For.",
                f"{_CUSTOM_ORIGINS}, Client IP addresses",
            ),
            ("D", "via-and-id", "Via is appended to and X-Amz-Cf-Id is added.", _HEADERS),
            ("D", "hop-by-hop", "Headers of the connection, Expect, Proxy-*, TE and Upgrade do not go on.", _HEADERS),
            (
                "D",
                "removed-headers",
                "X-Edge-*, X-Real-IP, X-Forwarded-Proto and X-HTTP-Method-Override do not go on.",
                _HEADERS,
            ),
            (
                "D",
                "origin-custom-headers",
                "The origin's custom headers replace the viewer's of the same name; there are at most 30.",
                f"Guide: Add custom headers to origin requests; {_QUOTAS}",
            ),
            ("D", "origin-path", "The origin's path stands in front of the request's.", "Guide: Origin settings"),
            (
                "D",
                "accept-encoding",
                "With gzip or brotli enabled, Accept-Encoding is normalised in the key and to the origin.",
                "Guide: Serve compressed files",
            ),
            (
                "G",
                "compression",
                "The edge compresses nothing itself.",
                "Guide: Serve compressed files: best effort; an answer passes as the origin sent it",
            ),
            (
                "G",
                "conditions-stay-behind",
                "On a behavior that caches, the viewer's conditional headers do not reach the origin.",
                "an answer to them would be no answer for the next viewer",
            ),
            (
                "D",
                "connection-attempts",
                "Connecting is tried as often as the origin says.",
                f"{_CUSTOM_ORIGINS}, Origin connection timeout and attempts",
            ),
            (
                "D",
                "timeout-repeats-get",
                "A silent origin is asked again for GET and HEAD only.",
                f"{_CUSTOM_ORIGINS}, Origin response timeout",
            ),
        ),
        "Refused when the edge reads the distribution": (
            ("D", "ttl-order", "0 <= minimum <= default <= maximum TTL.", "API: CachePolicyConfig"),
            (
                "D",
                "disabled-policy-inputs",
                "A cache policy with a maximum TTL of 0 names no input.",
                "API: InvalidRequest (aws/aws-cdk 13441)",
            ),
            (
                "D",
                "cloudfront-headers",
                "Policies that add CloudFront-* headers are not modelled.",
                "Guide: Add CloudFront request headers",
            ),
            ("D", "method-sets", "Allowed and cached methods are one of CloudFront's sets.", "API: AllowedMethods"),
            (
                "D",
                "error-statuses",
                "Custom error responses are about one of eleven statuses.",
                "API: CustomErrorResponse",
            ),
            (
                "D",
                "default-behavior",
                "There is a default behavior, it is last, and each behavior's origin exists.",
                "API: DistributionConfig",
            ),
        ),
    }
)
