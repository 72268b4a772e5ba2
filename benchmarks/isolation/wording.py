"""Lists of what viewers write: queries, languages, ambiguous paths, and headers that only the edge may set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.caching.classes import AUTH_HASH_HEADER, ORIGIN_VERIFY_HEADER, RELAY_HEADER

if TYPE_CHECKING:
    import random

    from local.edge.messages import Headers

QUERIES: Final = (
    "",
    "",
    "",
    "limit=10",
    "limit=20",
    "status=paid&limit=10",
    "locale=de",
    "version=2",
    "cursor=abc&utm_source=mail",
    "format=csv",
    "limit=10&limit=20",
)
#: What is sent, and what it comes to where English and German are known; where English alone is, all are English.
LANGUAGE_RANGES: Final = {
    "en-GB,en;q=0.9": "en",
    "de;q=0.5, en;q=0.9": "en",
    "de-AT, en;q=0.1": "de",
    "fr": "en",
    "*": "en",
    "en;q=0.2,de;q=x": "en",
}
#: Paths that a cache and an origin, or two origins, could read as different ones.
AMBIGUOUS_PATHS: Final = (
    "/api/v1/payments/%2e%2e/config",
    "/api/v1/payments/..%2fconfig",
    "/api/v1/payments%2f7",
    "/api/v1/config/%252e%252e/payments",
    "/api/v1/payments;x.css",
    "/api/v1//payments",
    "/api/v1/payments/./7",
    "/api/v1/config/../payments",
    "/api/v1/payments/7%00.css",
    "/api/v1/payments%5c7",
    "/api/v1/payments/%c0%af",
    "/api/v1/payments/%zz",
    "/api/v1/config/%2e/7",
    "/api/v1/config%2F7",
)
FORGED_SECRET: Final = "f" * 64


def forged_headers(source: random.Random, digest: str, authorization: str) -> Headers:
    """Return a victim's digest and token under the edge's own names, or names that an origin could take for them."""
    names = ((AUTH_HASH_HEADER, digest), (RELAY_HEADER, authorization), (ORIGIN_VERIFY_HEADER, FORGED_SECRET))
    chosen = source.sample(names, source.randint(1, 3))
    spelled = [(source.choice((name, name, name.upper(), name.replace("-", "_"))), value) for name, value in chosen]
    twice = source.random() < 0.2  # noqa: PLR2004 - some send one twice
    return (*spelled, *(spelled[:1] if twice else ()))
