"""Headers of the answer that a response headers policy removes, adds and replaces, with CORS."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from local.edge.exchange import EdgeRequest
    from local.edge.messages import Headers
    from local.edge.model import Cors, ResponseHeadersPolicy

_ALL_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def apply_policy(policy: ResponseHeadersPolicy, request: EdgeRequest, headers: Headers) -> Headers:
    """Return an answer's headers as a policy leaves them; names are lower case.

    Removed first, then added: an added header stands although it is also among the removed ones.
    """
    removed = {name.lower() for name in policy.remove_headers}
    kept = {name: values for name, values in _grouped(headers).items() if name not in removed}
    for header in policy.set_headers:
        name = header.name.lower()
        if header.override or name not in kept:
            kept[name] = (header.value,)
    if policy.cors is not None:
        _apply_cors(policy.cors, request, kept)
    return tuple((name, value) for name, values in kept.items() for value in values)


def _apply_cors(cors: Cors, request: EdgeRequest, headers: dict[str, tuple[str, ...]]) -> None:
    """Add CORS headers to the answer of a request with an Origin that the policy allows.

    Header by header: without ``origin_override`` the one that the origin sent stays.
    """
    origin = request.field("origin")
    allowed = None if origin is None else _allowed_origin(cors, origin)
    if allowed is None:
        return
    for name, value in _cors_headers(cors, request, allowed).items():
        if cors.origin_override or name not in headers:
            headers[name] = (value,)
    if allowed != "*":
        headers["vary"] = (*headers.get("vary", ()), "Origin")


def _cors_headers(cors: Cors, request: EdgeRequest, allowed: str) -> dict[str, str]:
    headers = {"access-control-allow-origin": allowed}
    if cors.allow_credentials:
        headers["access-control-allow-credentials"] = "true"
    if request.method == "OPTIONS" and "access-control-request-method" in request.fields:
        methods = _ALL_METHODS if "ALL" in cors.allow_methods else cors.allow_methods
        headers["access-control-allow-methods"] = ", ".join(methods)
        headers["access-control-allow-headers"] = ", ".join(cors.allow_headers)
        if cors.max_age_seconds is not None:
            headers["access-control-max-age"] = str(cors.max_age_seconds)
    elif cors.expose_headers:
        headers["access-control-expose-headers"] = ", ".join(cors.expose_headers)
    return headers


def _allowed_origin(cors: Cors, origin: str) -> str | None:
    if "*" in cors.allow_origins:
        return "*"
    bare = origin.partition("://")[2]
    for pattern in cors.allow_origins:
        if fnmatchcase(origin if "://" in pattern else bare, pattern):
            return origin
    return None


def _grouped(headers: Headers) -> dict[str, tuple[str, ...]]:
    grouped: dict[str, tuple[str, ...]] = {}
    for name, value in headers:
        grouped[name] = (*grouped[name], value) if name in grouped else (value,)
    return grouped
