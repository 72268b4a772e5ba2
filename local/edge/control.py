"""The local edge's control interface: its clock, its figures, its last decisions, and a few things to be done now.

On a port of its own, so that no path of an API is taken. Writes need the header ``x-strata-control``, which a web page
cannot send across origins, and every request a loopback Host, so that no page reaches it by a name of its own.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from local.edge.asgi import BodyTooLargeError, read_body, send_json
from local.edge.origin_client import LOOPBACK
from local.edge.rules import RULES
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from local.edge.asgi import Receive, Scope, Send
    from local.edge.runtime import EdgeRuntime

HEADER: Final = b"x-strata-control"
_MAXIMUM_BODY_BYTES: Final = 1024 * 1024
_DECISIONS: Final = 20


class ControlError(StrataError):
    """A request to the control interface that says nothing it understands."""


class Control:
    """The control interface as an ASGI application."""

    def __init__(self, runtime: EdgeRuntime) -> None:
        self._runtime = runtime
        self._reads: Mapping[str, Callable[[str], Any]] = {
            "/": lambda _: self._overview(),
            "/clock": lambda _: self._clock(),
            "/decisions": self._decisions,
            "/rules": lambda _: [asdict(rule) for rule in RULES.values()],
            "/statistics": lambda _: self._statistics(),
        }
        self._writes: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            "/clock": self._set_clock,
            "/flush": self._flush,
            "/invalidate": self._invalidate,
            "/refresh": self._refresh,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").rpartition(":")[0].strip("[]")
        if host not in LOOPBACK:
            await send_json(send, 403, {"error": "the control interface answers to loopback names only"})
            return
        try:
            status, value = await self._answer(scope, headers, receive)
        except StrataError as error:
            status, value = 400, {"error": str(error)}
        await send_json(send, status, value)

    async def _answer(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive) -> tuple[int, Any]:
        path, method = scope["path"], scope["method"]
        if method == "GET" and path in self._reads:
            return 200, self._reads[path](scope["query_string"].decode("latin-1"))
        if method == "POST" and path in self._writes:
            if HEADER not in headers:
                return 403, {"error": f"a change needs the header {HEADER.decode()}"}
            return 200, await self._writes[path](await _json(receive))
        known = [*(f"GET {one}" for one in self._reads), *(f"POST {one}" for one in self._writes)]
        return 404, {"error": f"there is no {method} {path}", "known": known}

    def _overview(self) -> dict[str, Any]:
        deployment = self._runtime.deployment
        return {
            "origin_url": self._runtime.origin_url,
            "reference": self._runtime.reference,
            "distribution_id": deployment.distribution.id if deployment else None,
            "serves": self._runtime.refusal or "yes",
        }

    def _clock(self) -> dict[str, Any]:
        clock = self._runtime.clock
        return {"now": clock(), "frozen": clock.is_frozen, "ahead_seconds": round(clock.ahead_seconds, 3)}

    async def _set_clock(self, body: Mapping[str, Any]) -> dict[str, Any]:
        clock = self._runtime.clock
        match body:
            case {"set": "frozen"}:
                clock.freeze()
            case {"set": "real"}:
                clock.be_real()
            case {"advance_seconds": int() | float() as seconds} if seconds >= 0:
                clock.advance(seconds)
            case _:
                raise ControlError(
                    "not a change of the clock", allowed='{"set": "frozen" | "real"}, {"advance_seconds": N}'
                )
        return self._clock()

    def _statistics(self) -> dict[str, Any]:
        log, edge = self._runtime.access_log, self._runtime.edge
        return {
            "edge": asdict(edge.statistics()) if edge else None,
            "function_worker_restarts": self._runtime.worker.restarts,
            "log_lines_written": log.written,
            "log_lines_dropped": log.dropped,
        }

    def _decisions(self, query: str) -> list[dict[str, Any]]:
        limit = parse_qs(query).get("limit", [str(_DECISIONS)])[0]
        if not limit.isdigit():
            raise ControlError("not a number of decisions", where={"limit": limit}, allowed="a number")
        edge = self._runtime.edge
        return [asdict(one) for one in (edge.last_decisions() if edge else ())][-int(limit) :]

    async def _invalidate(self, body: Mapping[str, Any]) -> dict[str, Any]:
        items = body.get("items")
        if not isinstance(items, list) or not items or not all(isinstance(one, str) for one in items):
            raise ControlError("nothing to invalidate", allowed='{"items": ["/path", "/path/*", "#tag"]}')
        if self._runtime.edge is not None:
            self._runtime.edge.invalidate(items)
        return {"invalidated": items}

    async def _refresh(self, _: Mapping[str, Any]) -> dict[str, Any]:
        await self._runtime.refresh()
        return self._overview()

    async def _flush(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"written": await self._runtime.access_log.flush()}


async def _json(receive: Receive) -> Mapping[str, Any]:
    try:
        body = await read_body(receive, _MAXIMUM_BODY_BYTES)
        value = json.loads(body or b"{}")
    except (BodyTooLargeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise ControlError("the body is no JSON object", allowed="a JSON object")
    return value
