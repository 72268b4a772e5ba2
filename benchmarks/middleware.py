"""What the origin's middleware costs a request: a small Starlette app with it, and the same app without it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from benchmarks.comparison import Named, in_turns
from strata.caching import CdnCacheMiddleware, cdn_cache

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from benchmarks.comparison import Comparison
    from benchmarks.options import Options
    from strata.caching.middleware import App

_REPEATS: Final = 60
#: Requests of one sample: about 20 ms, so that what slows the machine for a while slows both sides alike.
_REQUESTS: Final = 200
#: Rows of a page of a list, as many as the API gives where nobody asks for another `limit`.
_PAGE: Final = tuple(
    {
        "id": f"pay_{number:012}",
        "tenant_id": "acme",
        "amount_minor": 1000 + number,
        "currency": "EUR",
        "status": "settled",
        "created_at": "2026-01-31T08:30:00Z",
    }
    for number in range(50)
)
_SECRETS: Final = ("0" * 64, "1" * 64)
#: A request as CloudFront sends it.
_HEADERS: Final = [
    (b"host", b"api.example.com"),
    (b"user-agent", b"Amazon CloudFront"),
    (b"via", b"1.1 0123456789abcdef.cloudfront.net (CloudFront)"),
    (b"x-amz-cf-id", b"0" * 56),
    (b"x-forwarded-for", b"192.0.2.1"),
    (b"accept-encoding", b"br,gzip"),
    (b"accept-language", b"en"),
    (b"x-auth-hash", b"2" * 64),
    (b"x-origin-authorization", b"Bearer " + b"3" * 356),
    (b"x-origin-verify", _SECRETS[0].encode()),
]


def measure(options: Options) -> tuple[Comparison, ...]:
    """Compare the processor time of requests for a page of payments; then for the shortest answer there is."""
    repeats = options.repeats or _REPEATS
    plain = Starlette(routes=[Route(path, endpoint) for _, path, endpoint in _ANSWERS])
    wrapped = CdnCacheMiddleware(plain, origin_verify=_SECRETS)
    return tuple(
        in_turns(
            name,
            "ratio",
            "us",
            Named("with the middleware", lambda path=path: _microseconds(wrapped, path)),
            Named("the same app without it", lambda path=path: _microseconds(plain, path)),
            repeats,
        )
        for name, path, _ in _ANSWERS
    )


@cdn_cache.user_data(tags=["payments"])
async def _page(_request: Request) -> Response:
    return JSONResponse({"items": _PAGE, "next_cursor": None})


@cdn_cache.user_data(tags=["payments"])
async def _tagged_page(request: Request) -> Response:
    cdn_cache.tag(request, "tenant:acme")
    return JSONResponse({"items": _PAGE, "next_cursor": None})


@cdn_cache.user_data()
async def _two_bytes(_request: Request) -> Response:
    return PlainTextResponse("ok")


_ANSWERS: Final = (
    ("a page of 50 payments", "/page", _page),
    ("the same page, tagged by its handler", "/tagged", _tagged_page),
    ("an answer of two bytes", "/ok", _two_bytes),
)


def _microseconds(app: App, path: str) -> float:
    return asyncio.run(_time(app, path)) / _REQUESTS / 1000


async def _time(app: App, path: str) -> int:
    """Return nanoseconds of this process: of one thread that waits for nothing, so all of it is the app's."""
    started = time.process_time_ns()
    for _ in range(_REQUESTS):
        await app(_scope(path), _receive, _send)
    return time.process_time_ns() - started


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"limit=50",
        "root_path": "",
        "headers": _HEADERS,
        "client": ("192.0.2.1", 443),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: Any) -> None:
    pass
