"""The ASGI middleware between the edge and an API: who is believed on the way in, what may be kept on the way out.

Wrap the finished app with it, so that nothing behind it adds a cookie to an answer that it has judged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any, Final

from strata.caching.admission import Admission, admit
from strata.caching.cdn_cache import UNMARKED, Preset, preset_of
from strata.caching.origin_verify import OriginVerify, Verifier
from strata.caching.request_tags import TAGS, close_tags
from strata.caching.verdict import JUDGED_FIELDS, REPLACED_FIELDS, UNCACHEABLE_HEADERS, Surprise, Verdict, judge

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Says on every answer, when it is asked to, whether and why not it may be kept.
EXPLANATION_HEADER: Final = "x-strata-cache"

_EXPLANATION: Final = EXPLANATION_HEADER.encode("ascii")
_JUDGED: Final = frozenset(name.encode("ascii") for name in JUDGED_FIELDS)
_REPLACED: Final = frozenset(name.encode("ascii") for name in REPLACED_FIELDS) | {_EXPLANATION}
_REFUSAL: Final = json.dumps({"error": "this origin answers only what comes through its edge"}).encode("ascii")

_log = logging.getLogger(__name__)


class CdnCacheMiddleware:
    """Gives an API its callers back and tells the edge what it may keep.

    On the way in: the relay header becomes Authorization where the edge is proved to have sent it; reserved headers
    never reach the app; what does not come through the edge is refused; reads lose the headers of writes. On the way
    out: every answer gets the Cache-Control of its route's preset, or of `none`.

    WebSocket and lifespan scopes pass untouched. Bodies stream. Exceptions pass.

    Args:
        app: any ASGI app. Routes are found by ``scope["endpoint"]``, as Starlette and FastAPI set it; without it the
            mark of `app` itself counts.
        origin_verify: the secrets that the edge proves itself by, what fetches them (asyncio only), or
            `LOCKED_BY_NETWORK`.
        required: whether what does not come through the edge is refused with 403.
        exempt_paths: exact paths that everybody may ask for, such as health checks; they gain no identity by it.
        answers_preflights: whether OPTIONS ends here with 204; the response headers policy adds what a preflight asks
            for. Every OPTIONS, because a cached behavior forwards none of the headers that make one a preflight.
        explains: whether every answer says in `EXPLANATION_HEADER` why the edge may (not) keep it; for development.

    Raises:
        strata.caching.origin_verify.OriginVerifyError: for secrets that cannot be the origin's.
    """

    def __init__(
        self,
        app: App,
        *,
        origin_verify: OriginVerify,
        required: bool = True,
        exempt_paths: Collection[str] = (),
        answers_preflights: bool = True,
        explains: bool = False,
    ) -> None:
        self.app = app
        self._verifier = Verifier(origin_verify)
        self._required = required
        self._exempt_paths = frozenset(exempt_paths)
        self._answers_preflights = answers_preflights
        self._explains = explains
        #: Routes that the log has told about, by what it told: bounded by the routes of the app.
        self._told: set[tuple[str, Surprise]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        admission = admit(method, scope["headers"], self._verifier)
        if admission.has_unknown_secret and await self._verifier.reload():
            admission = admit(method, scope["headers"], self._verifier)
        if self._required and not admission.is_from_edge and scope["path"] not in self._exempt_paths:
            await _answer(send, 403, _REFUSAL)
        elif method == "OPTIONS" and self._answers_preflights:
            await _answer(send, 204)
        else:
            scope = {**scope, "headers": admission.headers, TAGS: []}
            await self.app(scope, receive, self._judging(scope, admission, send))

    def _judging(self, scope: Scope, admission: Admission, send: Send) -> Send:
        """Return a `send` that gives the answer's header what the edge should read."""

        # Not a coroutine function: the server's own awaitable is passed on, and a body costs one call more.
        def judging(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._judged(scope, admission, message)}
            return send(message)

        return judging

    def _judged(self, scope: Scope, admission: Admission, message: Message) -> list[tuple[bytes, bytes]]:
        preset = preset_of(scope.get("endpoint", self.app), scope["method"]) or UNMARKED
        headers, fields = _sorted_out(message.get("headers", ()))
        verdict = judge(preset, admission, message["status"], fields, close_tags(scope[TAGS]))
        if verdict.surprise is not None:
            self._tell(scope, preset, verdict.reason, verdict.surprise)
        if self._explains:
            headers.append((_EXPLANATION, _explanation(preset, verdict)))
        headers.extend(verdict.headers)
        return headers

    def _tell(self, scope: Scope, preset: Preset, reason: str, surprise: Surprise) -> None:
        route = _route_name(scope, self.app)
        if (route, surprise) not in self._told:
            self._told.add((route, surprise))
            _log.warning("%s is marked %s but its answer is not kept: %s", route, preset.cache_class.name, reason)


def _sorted_out(headers: Collection[tuple[bytes, bytes]]) -> tuple[list[tuple[bytes, bytes]], dict[str, list[str]]]:
    """Return the header fields that stay, and the values of those that a verdict is made of."""
    stay: list[tuple[bytes, bytes]] = []
    fields: dict[str, list[str]] = {}
    for field in headers:
        name = field[0].lower()
        if name in _JUDGED:
            fields.setdefault(name.decode("ascii"), []).append(field[1].decode("latin-1"))
        if name not in _REPLACED:
            stay.append(field)
    return stay, fields


def _explanation(preset: Preset, verdict: Verdict) -> bytes:
    text = f"{preset.cache_class.name}; {verdict.reason or 'kept'}"
    return text.encode("ascii", "backslashreplace")


def _route_name(scope: Scope, app: App) -> str:
    """Return a name that is the same for every request of a route: the log tells each route once."""
    endpoint = scope.get("endpoint", app)
    return str(getattr(scope.get("route"), "path", None) or getattr(endpoint, "__qualname__", type(endpoint).__name__))


async def _answer(send: Send, status: int, body: bytes = b"") -> None:
    """Answer in the app's place, in a way that nobody keeps."""
    headers = list(UNCACHEABLE_HEADERS)
    if body:
        headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
