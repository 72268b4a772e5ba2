from __future__ import annotations

import asyncio
import logging
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from strata.caching import LOCKED_BY_NETWORK, CdnCacheMiddleware, cdn_cache, origin_verify
from strata.caching.request_tags import LateTagError
from tests.strata.caching.answers import (
    FROM_EDGE,
    FROM_EDGE_FOR_ALL,
    OTHER_SECRET,
    SECRET,
    UNCACHEABLE,
    answering,
    exchange,
    exchanged,
    http_scope,
    may_be_kept,
    values_of,
)

CALLER = {name.decode(): value.decode() for name, value in FROM_EDGE}
EVERYBODY = {name.decode(): value.decode() for name, value in FROM_EDGE_FOR_ALL}
USER_DATA = "max-age=0, s-maxage=30, stale-if-error=0"
STATIC_DATA = "max-age=0, s-maxage=300, stale-while-revalidate=60, stale-if-error=600"


def behind(app, **options):
    return CdnCacheMiddleware(app, **({"origin_verify": [SECRET, OTHER_SECRET]} | options))


def ask(app, path="/", *, method="GET", headers=CALLER):
    """Send one request to an ASGI app as a client would, and return its answer."""

    async def asked():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(asked())


def fields_seen(request):
    return PlainTextResponse("\n".join(f"{name}: {value}" for name, value in request.headers.items()))


# What comes in


def test_the_app_sees_its_caller_and_no_reserved_header():
    app = behind(Starlette(routes=[Route("/", fields_seen)]))
    seen = ask(app, headers=CALLER | {"accept-language": "en"}).text.splitlines()
    assert "authorization: Bearer me" in seen
    assert "accept-language: en" in seen
    assert not [line for line in seen if line.startswith("x-")]


def test_a_forged_relay_header_gives_nobody_an_identity():
    app = behind(Starlette(routes=[Route("/", fields_seen)]), required=False)
    forged = CALLER | {"x-origin-verify": "w" * 64, "authorization": "Bearer mallory"}
    seen = ask(app, headers=forged).text.splitlines()
    assert "authorization: Bearer mallory" in seen
    assert not [line for line in seen if line.startswith("x-") or "Bearer me" in line]


@pytest.mark.parametrize("headers", [{}, CALLER | {"x-origin-verify": "w" * 64}, {"authorization": "Bearer me"}])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_what_does_not_come_through_the_edge_is_refused(headers, method):
    async def app(scope, receive, send):
        pytest.fail("the app was asked")

    answer = ask(behind(app), method=method, headers=headers)
    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "this origin answers only what comes through its edge"},
    )
    assert answer.headers["cache-control"] == UNCACHEABLE
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_both_live_secrets_come_through_the_edge():
    for secret in (SECRET, OTHER_SECRET):
        assert ask(behind(answering()), headers={"x-origin-verify": secret}).status_code == 200


def test_an_exempt_path_is_answered_and_gives_no_identity():
    app = behind(
        Starlette(routes=[Route("/health", fields_seen), Route("/healthy", fields_seen)]), exempt_paths=["/health"]
    )
    answer = ask(app, "/health", headers=CALLER | {"x-origin-verify": "w" * 64})
    assert answer.status_code == 200
    assert "Bearer" not in answer.text
    assert ask(app, "/healthy", headers={}).status_code == 403
    assert ask(app, "/health/", headers={}).status_code == 403


def test_a_network_lock_needs_no_secret():
    app = behind(Starlette(routes=[Route("/", fields_seen)]), origin_verify=LOCKED_BY_NETWORK)
    without = {name: value for name, value in CALLER.items() if name != "x-origin-verify"}
    assert "authorization: Bearer me" in ask(app, headers=without).text


def test_a_rotation_at_the_edge_is_followed_within_the_same_request(monkeypatch):
    monkeypatch.setattr(origin_verify, "RELOAD_SECONDS", 0.0)
    live = [SECRET]
    app = behind(Starlette(routes=[Route("/", fields_seen)]), origin_verify=lambda: tuple(live))
    live[:] = [OTHER_SECRET, SECRET]
    answer = ask(app, headers=CALLER | {"x-origin-verify": OTHER_SECRET})
    assert "authorization: Bearer me" in answer.text
    assert ask(app, headers=CALLER | {"x-origin-verify": "w" * 64}).status_code == 403


def test_who_brings_no_secret_does_not_make_the_origin_look(monkeypatch):
    monkeypatch.setattr(origin_verify, "RELOAD_SECONDS", 0.0)
    asked = []
    app = behind(answering(), origin_verify=lambda: asked.append(1) or [SECRET])
    assert ask(app, headers={}).status_code == 403
    assert len(asked) == 1


PREFLIGHT = {"origin": "https://app.test", "access-control-request-method": "POST"}


@pytest.mark.parametrize("forwarded", [PREFLIGHT, {}], ids=["uncached path", "cached path"])
def test_a_preflight_ends_here_without_cors_headers(forwarded):
    answer = ask(behind(answering()), method="OPTIONS", headers=EVERYBODY | forwarded)
    assert (answer.status_code, answer.content) == (204, b"")
    assert dict(answer.headers) == {"cache-control": UNCACHEABLE}


def test_preflights_reach_the_app_where_it_answers_them():
    app = behind(answering(status=299), answers_preflights=False)
    assert ask(app, method="OPTIONS", headers=EVERYBODY | PREFLIGHT).status_code == 299


@pytest.mark.parametrize("scope_type", ["websocket", "lifespan"])
def test_other_scopes_pass_untouched(scope_type):
    seen = []

    async def app(*arguments):
        seen.extend(arguments)

    async def receive():
        return {}

    async def send(message):
        pass

    scope = {"type": scope_type, "headers": [(b"x-auth-hash", b"d")]}
    asyncio.run(behind(app)(scope, receive, send))
    assert [found is given for found, given in zip(seen, (scope, receive, send), strict=True)] == [True] * 3


def test_the_servers_own_scope_is_not_changed():
    scope = http_scope(headers=FROM_EDGE)
    before = dict(scope)
    exchange(behind(answering()), scope)
    assert scope == before


# What goes out


def test_bodies_stream():
    """The first part is sent before the app has made the second one."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
            assert len(sent) == number + 2
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        sent.append(message)

    asyncio.run(behind(app)(http_scope(headers=FROM_EDGE), None, send))
    assert [message["type"] for message in sent] == ["http.response.start"] + ["http.response.body"] * 4


def test_exceptions_pass():
    async def app(scope, receive, send):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exchange(behind(app), http_scope(headers=FROM_EDGE))


def test_an_answer_without_header_fields_gets_its_own():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    start, _ = exchange(behind(app), http_scope(headers=FROM_EDGE))
    assert start["headers"] == [(b"cache-control", UNCACHEABLE.encode())]


def test_a_marked_asgi_app_needs_no_routes():
    app = behind(cdn_cache.static_data(tags=["config"])(answering(headers=[(b"Content-Type", b"text/plain")])))
    start, _ = exchange(app, http_scope(headers=FROM_EDGE_FOR_ALL))
    assert start["headers"] == [
        (b"Content-Type", b"text/plain"),
        (b"cache-control", STATIC_DATA.encode()),
        (b"surrogate-control", b"max-age=300, stale-while-revalidate=60, stale-if-error=600"),
        (b"vary", b"accept-language"),
        (b"cache-tag", b"config"),
        (b"surrogate-key", b"config"),
    ]


class Payments(HTTPEndpoint):
    @cdn_cache.user_data()
    async def get(self, request):
        return PlainTextResponse("payments")

    async def post(self, request):
        return PlainTextResponse("made", 201)


@cdn_cache.user_data(seconds=10)
async def narrow(request):
    cdn_cache.tag(request, f"payment:{request.path_params['id']}")
    return JSONResponse({})


@cdn_cache.static_data()
def in_a_thread(request):
    return PlainTextResponse("config")


@cdn_cache.user_data()
async def streaming(request):
    async def parts():
        yield "one"
        cdn_cache.tag(request, "late")
        yield "two"

    return StreamingResponse(parts())


async def unmarked(request):
    return PlainTextResponse("unmarked")


def starlette_app(**options):
    return Starlette(
        routes=[
            Route("/payments", Payments),
            Route("/payments/{id}", narrow),
            Route("/config", in_a_thread, methods=["GET", "POST"]),
            Route("/streaming", streaming),
            Route("/unmarked", unmarked),
            Mount("/api", routes=[Route("/payments/{id}", narrow), Route("/unmarked", unmarked)]),
            Mount("/files", app=cdn_cache.static_data()(answering())),
        ],
        **options,
    )


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("GET", "/payments", CALLER, USER_DATA),
        ("HEAD", "/payments", CALLER, USER_DATA),
        ("POST", "/payments", CALLER, UNCACHEABLE),
        ("GET", "/payments/7", CALLER, "max-age=0, s-maxage=10, stale-if-error=0"),
        ("HEAD", "/payments/7", CALLER, "max-age=0, s-maxage=10, stale-if-error=0"),
        ("GET", "/config", EVERYBODY, STATIC_DATA),
        ("POST", "/config", EVERYBODY, UNCACHEABLE),
        ("DELETE", "/config", EVERYBODY, UNCACHEABLE),
        ("GET", "/unmarked", CALLER, UNCACHEABLE),
        ("GET", "/nowhere", CALLER, UNCACHEABLE),
        ("GET", "/config/", EVERYBODY, UNCACHEABLE),
        ("GET", "/api/payments/7", CALLER, "max-age=0, s-maxage=10, stale-if-error=0"),
        ("GET", "/api/unmarked", CALLER, UNCACHEABLE),
        ("GET", "/files/logo.svg", EVERYBODY, STATIC_DATA),
    ],
)
def test_routes_of_starlette(method, path, headers, expected):
    assert ask(behind(starlette_app()), path, method=method, headers=headers).headers["cache-control"] == expected


@pytest.mark.parametrize("is_outermost", [True, False])
def test_it_works_as_the_apps_own_middleware_too(is_outermost):
    own = Middleware(CdnCacheMiddleware, origin_verify=[SECRET])

    class Between(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            cdn_cache.tag(request, "between")
            return await call_next(request)

    app = starlette_app(middleware=[own, Middleware(Between)] if is_outermost else [own])
    answer = ask(app, "/payments/7")
    assert answer.headers["cache-control"] == "max-age=0, s-maxage=10, stale-if-error=0"
    assert answer.headers["cache-tag"] == ("between,payment:7" if is_outermost else "payment:7")


def test_a_server_error_is_answered_and_not_kept_when_the_finished_app_is_wrapped():
    @cdn_cache.user_data()
    async def broken(request):
        raise ZeroDivisionError

    app = behind(Starlette(routes=[Route("/", broken)]))

    async def asked():
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
            return await client.get("/", headers=CALLER)

    answer = asyncio.run(asked())
    assert (answer.status_code, answer.headers["cache-control"]) == (500, UNCACHEABLE)


def test_a_late_tag_breaks_the_answer_off_so_that_no_edge_keeps_it():
    """CloudFront keeps no answer whose body is incomplete."""
    with pytest.raises(LateTagError, match="too late for the cache tags late"):
        ask(behind(starlette_app()), "/streaming")


def test_middleware_of_the_app_that_varies_or_compresses_is_judged_too():
    app = starlette_app(middleware=[Middleware(GZipMiddleware, minimum_size=1)])
    answer = ask(behind(app), "/payments", headers=CALLER | {"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "authorization, x-auth-hash, accept-language, accept-encoding"
    assert answer.headers["cache-control"] == USER_DATA
    app = starlette_app(middleware=[Middleware(CORSMiddleware, allow_origins=["https://app.test"])])
    answer = ask(behind(app), "/payments", headers=CALLER | {"origin": "https://app.test"})
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Origin", UNCACHEABLE)


async def caller(request: Request):
    return request.headers.get("authorization")


def fastapi_app():
    router = APIRouter(prefix="/payments")

    @router.get("")
    @cdn_cache.user_data(tags=["payments"])
    async def listing(who: Annotated[str | None, Depends(caller)]) -> dict[str, str | None]:
        return {"owner": who}

    @router.get("/{payment_id}")
    @cdn_cache.user_data()
    def one(payment_id: int, request: Request) -> dict[str, int]:
        cdn_cache.tag(request, f"payment:{payment_id}")
        return {"id": payment_id}

    @router.post("", status_code=201)
    async def make() -> dict[str, str]:
        return {}

    @cdn_cache.user_data()
    async def with_cookie(response: Response) -> dict[str, str]:
        response.set_cookie("seen", "yes")
        return {}

    outer = APIRouter(prefix="/v1")
    outer.include_router(router)
    outer.add_api_route("/cookie", with_cookie)
    app = FastAPI()
    app.include_router(outer, prefix="/api")
    return app


def test_routes_of_fastapi():
    app = behind(fastapi_app())
    answer = ask(app, "/api/v1/payments")
    assert answer.json() == {"owner": "Bearer me"}
    assert (answer.headers["cache-control"], answer.headers["cache-tag"]) == (USER_DATA, "payments")
    answer = ask(app, "/api/v1/payments/7")
    assert (answer.headers["cache-control"], answer.headers["surrogate-key"]) == (USER_DATA, "payment:7")
    assert ask(app, "/api/v1/payments/seven").headers["cache-control"] == UNCACHEABLE
    assert ask(app, "/api/v1/payments", method="POST").headers["cache-control"] == UNCACHEABLE
    assert ask(app, "/api/v1/cookie").headers["cache-control"] == UNCACHEABLE
    assert ask(app, "/openapi.json").headers["cache-control"] == UNCACHEABLE


# How to see why


def test_nothing_is_explained_unless_asked_for():
    inner = cdn_cache.user_data()(answering(headers=[(b"X-Strata-Cache", b"not the app's to say")]))
    start, _ = exchange(behind(inner, explains=False), http_scope(headers=FROM_EDGE))
    assert not values_of(start["headers"], "x-strata-cache")
    start, _ = exchange(behind(inner, explains=True), http_scope(headers=FROM_EDGE))
    assert values_of(start["headers"], "x-strata-cache") == ["user_data; kept"]


def test_the_log_tells_each_route_once_for_each_kind_of_surprise(caplog):
    @cdn_cache.user_data()
    async def route(request):
        cdn_cache.tag(request, *request.query_params.getlist("tag"))
        return PlainTextResponse("ok", headers={"vary": request.query_params.get("vary", "accept-encoding")})

    asked = ("/one/1?tag=a%20b", "/one/2?tag=c%20d", "/one/3?vary=dnt", "/two?tag=a%20b", "/two?vary=cookie&tag=x")

    async def many():
        app = behind(Starlette(routes=[Route("/one/{id}", route), Route("/two", route)]))
        for path, query in (target.split("?") for target in asked):
            start, _ = await exchanged(app, http_scope(path=path, headers=FROM_EDGE) | {"query_string": query.encode()})
            assert not may_be_kept(start["headers"])

    with caplog.at_level(logging.WARNING, "strata.caching.middleware"):
        asyncio.run(many())
    assert [record.message for record in caplog.records] == [
        "/one/{id} is marked user_data but its answer is not kept: not a cache tag: 'a b'",
        "/one/{id} is marked user_data but its answer is not kept: the answer varies by dnt, which is not in the key",
        "/two is marked user_data but its answer is not kept: not a cache tag: 'a b'",
        "/two is marked user_data but its answer is not kept: the answer varies by cookie, which is not in the key",
    ]


def test_neither_token_nor_secret_is_ever_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        ask(behind(starlette_app(), explains=True), "/payments", headers=CALLER | {"cookie": "a=hidden"})
        ask(behind(starlette_app()), "/payments", headers=CALLER | {"x-origin-verify": "w" * 64})
    for hidden in (SECRET, "Bearer", "hidden", "w" * 64, "d" * 64):
        assert hidden not in caplog.text
