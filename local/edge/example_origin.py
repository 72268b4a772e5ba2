"""A small API behind the local edge until there is one: each answer says whom it is for and how many came before.

It believes every token, so it is for nothing but trying the edge out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from local.edge.asgi import read_body, send_json
from strata import aws
from strata.caching import LOCKED_BY_NETWORK, CdnCacheMiddleware, cdn_cache, live_secrets
from strata.caching.classes import CACHED_PATHS
from strata.caching.reference import resolve_edge

if TYPE_CHECKING:
    from local.edge.asgi import Application, Receive, Scope, Send
    from strata.caching.classes import CacheClass

HEALTH_PATH: Final = "/healthz"
_MAXIMUM_BODY_BYTES: Final = 1024 * 1024
#: Answers that exist before anybody has written one.
_READS: Final = frozenset({"GET", "HEAD"})


def application(reference: str, *, has_secret: bool) -> Application:
    """Return the example API behind the middleware.

    Args:
        reference: of the stack's edge.
        has_secret: whether the edge proves itself by a secret; without one, only the network keeps others away.

    Raises:
        StrataError: the stack's edge, or its secret, cannot be read.
    """

    def secrets() -> tuple[str, ...]:
        # Resolved each time: a stack may have made its secret anew.
        parameters = resolve_edge(reference)
        return live_secrets(aws.secret(str(parameters.secret_arn), parameters.region))

    origin_verify = secrets if has_secret else LOCKED_BY_NETWORK
    return CdnCacheMiddleware(ExampleApi(), origin_verify=origin_verify, exempt_paths=[HEALTH_PATH])


class ExampleApi:
    """An ASGI application with a route for each cached path, and one for everything else."""

    def __init__(self) -> None:
        self._answered: Counter[str] = Counter()
        self._endpoints = {one.name: self._endpoint(one) for one in CACHED_PATHS.values()}
        self._unlisted = cdn_cache.none()(self._answer_to())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"] == HEALTH_PATH:
            await send_json(send, 200, {"healthy": True})
            return
        endpoint = self._find(scope["path"])
        # Where Starlette and FastAPI put it as well: the middleware reads the preset from there.
        scope["endpoint"] = endpoint
        await endpoint(scope, receive, send)

    def _find(self, path: str) -> Application:
        for known, cache_class in CACHED_PATHS.items():
            if path == known or path.startswith(f"{known}/"):
                return self._endpoints[cache_class.name]
        return self._unlisted

    def _endpoint(self, cache_class: CacheClass) -> Application:
        preset = cdn_cache.presets()[cache_class.name]
        return preset()(self._answer_to(is_shared=not cache_class.keyed_by_caller))

    def _answer_to(self, *, is_shared: bool = False) -> Application:
        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            who = "everybody" if is_shared else caller(headers.get("authorization"))
            if who is None:
                await send_json(send, 401, {"error": "no Authorization"}, [(b"www-authenticate", b"Bearer")])
                return
            _tag(scope)
            self._answered[scope["path"]] += 1
            body = await read_body(receive, _MAXIMUM_BODY_BYTES)
            status = 200 if scope["method"] in _READS else 201
            await send_json(send, status, self._description(scope, headers, who, body))

        return endpoint

    def _description(self, scope: Scope, headers: dict[str, str], who: str, body: bytes) -> dict[str, Any]:
        described = {
            "caller": who,
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "answer": self._answered[scope["path"]],
        }
        if scope["method"] not in _READS:
            described |= {"idempotency_key": headers.get("idempotency-key"), "body_bytes": len(body)}
        return described


def _tag(scope: Scope) -> None:
    """Tag an answer by its collection and, below it, by the object: ``payments`` and ``payments:42``."""
    parts = scope["path"].removeprefix("/api/v1/").split("/")
    cdn_cache.tag(scope, parts[0], *([":".join(parts[:2])] if len(parts) > 1 else []))


def caller(authorization: str | None) -> str | None:
    """Return whom a token is for: its subject where it is a JWT, else a few digits of its digest."""
    if not authorization:
        return None
    token = authorization.rpartition(" ")[2]
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return str(claims["sub"])
    except (IndexError, ValueError, KeyError, TypeError):
        return f"token {hashlib.sha256(token.encode()).hexdigest()[:8]}"
