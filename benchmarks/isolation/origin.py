"""An API as it could stand behind the edge: it knows each token's owner, and says in each answer whose it is.

The middleware around it is the real one. What its handlers do depends on the number in the path alone, so that a run
can be repeated: some set cookies, forbid or shorten what the preset allows, vary by what is in no key, or find nothing.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from benchmarks.isolation.asked import EVERYBODY, READS, Asked, cache_class_of
from benchmarks.isolation.ledger import Ledger, Made
from local.edge.messages import OriginFailure, OriginResponse
from strata.caching import LOCKED_BY_NETWORK, CdnCacheMiddleware, cdn_cache
from strata.caching.classes import CACHE_CLASSES, RESERVED_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.edge.messages import Clock, Headers, OriginRequest
    from strata.caching.classes import CacheClass

Fields = list[tuple[bytes, bytes]]
#: Turns of the event loop on the way to the origin, and on the way back: others ask the same, or something is purged.
_TURNS_BEFORE, _TURNS_AFTER = 1, 3
_NARROW_SECONDS: Final = 2


@dataclass(frozen=True)
class Quirk:
    """What a handler adds to its answer.

    Args:
        status: of the answer.
        headers: of its own.
        fresh_seconds: how long it lets the answer be kept at most; None as its class says.
        is_bare: whether something in front of the middleware answers, which knows no cache headers.
    """

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    fresh_seconds: int | None = None
    is_bare: bool = False


_PLAIN: Final = Quirk()
#: By the object's number, modulo 30.
QUIRKS: Final[Mapping[int, Quirk]] = {
    2: Quirk(fresh_seconds=0, is_bare=True),
    3: Quirk(headers=((b"set-cookie", b"session=s1; HttpOnly"),), fresh_seconds=0),
    4: Quirk(headers=((b"cache-control", b"no-store"),), fresh_seconds=0),
    5: Quirk(headers=((b"cache-control", b"max-age=2"),), fresh_seconds=_NARROW_SECONDS),
    6: Quirk(status=404, fresh_seconds=0),
    7: Quirk(headers=((b"vary", b"x-experiment"),), fresh_seconds=0),
    8: Quirk(fresh_seconds=0, is_bare=True),
    9: Quirk(headers=((b"cache-control", b"private, max-age=60"),), fresh_seconds=0),
}


def quirk_of(path: str) -> Quirk:
    """Return what the handler of a path does; a collection is never odd."""
    name = path.rpartition("/")[2]
    return QUIRKS.get(int(name) % 30, _PLAIN) if name.isdigit() else _PLAIN


@dataclass
class ModelOrigin:
    """Answers the edge and whoever comes past it.

    Args:
        clock: of the run.
        owners: whose each token is.
        origin_verify: the secrets that the edge proves itself by; empty for an origin that only the edge reaches.
        asked: the requests under way, by the number that the edge or whoever comes past it gave them.
        ledger: gets every answer.
        failing: how the origin fails at present, None while it works.
    """

    clock: Clock
    owners: Mapping[str, str]
    origin_verify: tuple[str, ...]
    asked: dict[int, Asked]
    ledger: Ledger = field(default_factory=Ledger)
    failing: str | None = None
    #: Names that only the middleware may read, and that an app saw.
    leaked_to_app: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._app = CdnCacheMiddleware(self._route, origin_verify=self.origin_verify or LOCKED_BY_NETWORK)
        presets = {name: cdn_cache.presets()[name]() for name in CACHE_CLASSES}
        self._endpoints = {name: preset(self._endpoint(CACHE_CLASSES[name])) for name, preset in presets.items()}

    async def fetch(self, request: OriginRequest, number: int) -> OriginResponse:
        """Return the origin's answer to a request with this number.

        Raises:
            OriginFailure: it fails so.
        """
        await _turns(_TURNS_BEFORE)
        try:
            return await self._answered(request, number)
        finally:
            await _turns(_TURNS_AFTER)

    async def _answered(self, request: OriginRequest, number: int) -> OriginResponse:
        if self.failing is not None and self.failing != "500":
            raise OriginFailure(self.failing, "as the run wants it")
        if quirk_of(request.path).is_bare and request.method in READS:
            return await ask_app(self._endpoints_of(request.path), request, number)
        return await ask_app(self._app, request, number)

    async def collected_past_the_edge(self, request: OriginRequest, number: int) -> OriginResponse:
        """Return what somebody gets who asks the origin itself."""
        return await ask_app(self._app, request, number)

    def _endpoints_of(self, path: str) -> Any:
        return self._endpoints[cache_class_of(path).name]

    async def _route(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["endpoint"] = self._endpoints_of(scope["path"])
        await scope["endpoint"](scope, receive, send)

    def _endpoint(self, cache_class: CacheClass) -> Any:
        async def endpoint(scope: dict[str, Any], _receive: Any, send: Any) -> None:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            status, fields, body = self._answer(scope, headers, cache_class)
            await send({"type": "http.response.start", "status": status, "headers": fields})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

        return endpoint

    def _answer(
        self, scope: dict[str, Any], headers: dict[str, str], cache_class: CacheClass
    ) -> tuple[int, Fields, bytes]:
        quirk, number = quirk_of(scope["path"]), scope["number"]
        if not quirk.is_bare:
            self.leaked_to_app += [(number, name) for name in RESERVED_HEADERS if name in headers]
        # A bare answer comes from before the middleware, where the token is still in the relay header.
        told = headers.get("authorization") or (headers.get("x-origin-authorization") if quirk.is_bare else None)
        owner = self.owners.get(told) if told else None
        if not cache_class.keyed_by_caller:
            owner = owner or EVERYBODY  # who is told of a caller answers to the caller
        if owner is None:
            return 401, [(b"www-authenticate", b"Bearer")], b'{"error": "unauthorized"}'
        if self.failing == "500":
            return 500, [], b'{"error": "as the run wants it"}'
        confirmed = self._confirmed(scope, headers, owner)
        if confirmed is not None:
            number = b"%d" % confirmed.number
            # A 304 says the same as the answer that it confirms (RFC 9110, 15.4.5).
            return 304, [(b"x-answer", number), (b"etag", b'"%s"' % number), *quirk.headers], b""
        made = self._make(scope, cache_class, quirk)
        status = quirk.status if scope["method"] in READS else 201
        fields = [(b"content-type", b"application/json"), (b"x-answer", b"%d" % made.number), *quirk.headers]
        fields.append((b"etag", b'"%d"' % made.number))
        if made.tags:
            cdn_cache.tag(scope, *made.tags)
        key = "" if quirk.is_bare else headers.get("idempotency-key", "") + headers.get("if-match", "").strip('"')
        body = b'{"owner": "%s", "answer": %d, "write": "%s"}' % (owner.encode(), made.number, key.encode())
        return status, fields, body

    def _confirmed(self, scope: dict[str, Any], headers: dict[str, str], owner: str) -> Made | None:
        """Return the answer that the edge has and that is still right: every second one is."""
        wanted = headers.get("if-none-match", "").strip('"')
        made = self.ledger.made.get(int(wanted)) if wanted.isdigit() else None
        if made is None or made.number % 2 or made.asked.owner != owner or made.path != scope["path"]:
            return None
        self.ledger.confirm(made, self.asked[scope["number"]].number, self.clock())
        return made

    def _make(self, scope: dict[str, Any], cache_class: CacheClass, quirk: Quirk) -> Made:
        fresh = min(cache_class.fresh_seconds, quirk.fresh_seconds if quirk.fresh_seconds is not None else 10**6)
        is_read = scope["method"] in READS
        is_kept = fresh > 0 and cache_class.is_cached and is_read
        parts = scope["path"].removeprefix("/api/v1/").split("/")
        made = Made(
            number=self.ledger.sequence + 1,
            asked=self.asked[scope["number"]],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            tags=() if quirk.is_bare else tuple(tag for tag in (parts[0], ":".join(parts[:2])) if tag),
            fresh_seconds=fresh if is_kept else 0,
            revalidate_seconds=cache_class.stale_while_revalidate_seconds if is_kept else 0,
            error_seconds=_error_seconds(cache_class, quirk) if is_read and cache_class.is_cached else 0,
            at=self.clock(),
            sequence=self.ledger.sequence + 1,
        )
        self.ledger.add(made)
        return made


async def ask_app(app: Any, request: OriginRequest, number: int = 0) -> OriginResponse:
    """Return the answer of an ASGI application to a request, which finds its number in the scope."""
    fields = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
    scope = {
        "type": "http",
        "method": request.method,
        "path": request.path,
        "query_string": request.query.encode("latin-1"),
        "headers": fields,
        "number": number,
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.body}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"])
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return OriginResponse(sent[0]["status"], headers, body)


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def _error_seconds(cache_class: CacheClass, quirk: Quirk) -> float:
    """Return how long an answer may stand in for a failing origin.

    CloudFront keeps one that says nothing about caches for this alone, without end: only the middleware's
    ``stale-if-error=0`` forbids it.
    """
    if quirk.is_bare:
        return math.inf
    return 0.0 if quirk.fresh_seconds == 0 else float(cache_class.stale_if_error_seconds)


def header(headers: Headers, wanted: str) -> str | None:
    """Return the first value of a field, None without one; the name is lower case."""
    return next((value for name, value in headers if name.lower() == wanted), None)
