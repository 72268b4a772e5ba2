"""The server around the core, over real sockets: what of HTTP reaches it and comes back, and its control interface."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from local.edge import server as edge_server
from local.edge.access_log import AccessLog
from local.edge.clock import AdjustableClock
from local.edge.control import Control
from local.edge.core import Edge
from local.edge.messages import Decision, OriginRequest, OriginResponse, ViewerRequest, ViewerResponse
from local.edge.model import Behavior, CachePolicy, Distribution, Origin, Selection
from local.edge.rules import RULES
from local.edge.serve import server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from local.edge.asgi import Application


@asynccontextmanager
async def serving(app: Application) -> AsyncIterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        one = server(app, 0)
        task = asyncio.create_task(one.serve([listening]))
        while not one.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        try:
            yield listening.getsockname()[1]
        finally:
            one.should_exit = True
            await task


async def talk(port: int, sent: bytes) -> bytes:
    """Send bytes and return all that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


class Remembering:
    """Answers everything alike and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[ViewerRequest] = []

    async def handle(self, request: ViewerRequest) -> ViewerResponse:
        self.requests.append(request)
        headers = (("set-cookie", "a"), ("set-cookie", "b"), ("X-Text", "é"), ("content-length", "2"))
        return ViewerResponse(203, headers, b"ok", Decision("*", (), "Miss", "Miss"))


def asked(sent: bytes) -> tuple[list[ViewerRequest], bytes]:
    async def run() -> tuple[list[ViewerRequest], bytes]:
        one = Remembering()
        async with serving(edge_server.application(one.handle)) as port:
            return one.requests, await talk(port, sent)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a%2Fb/%2e%2e/c?x=%20&x=+", "/a%2Fb/%2e%2e/c", "x=%20&x=+"),
        (b"//evil.example//a", "//evil.example//a", ""),
        (b"/a/../b;c=1\\d", "/a/../b;c=1\\d", ""),
        (b"/?", "/", ""),
        (b"http://other.example/p?q", "/p", "q"),
    ],
)
def test_the_path_and_the_query_stay_raw(target: bytes, path: str, query: str) -> None:
    (request,), _ = asked(b"GET " + target + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")

    assert (request.path, request.query) == (path, query)


def test_duplicated_headers_and_bytes_above_ascii_stay() -> None:
    (request,), _ = asked(
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\nX-Text: \xe9\xff\r\n"
        b"connection: close\r\n\r\n"
    )

    assert [one for one in request.headers if one[0] in {"authorization", "x-text"}] == [
        ("authorization", "Bearer a"),
        ("authorization", "Bearer b"),
        ("x-text", "\xe9\xff"),
    ]
    assert (request.scheme, request.client_ip, request.http_version) == ("https", "127.0.0.1", "1.1")


def test_a_body_arrives_whole_and_the_answers_headers_too() -> None:
    body = b"x" * 300_000
    head = b"POST /p HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 300000\r\n\r\n"
    (request,), answer = asked(head + body)

    assert request.body == body
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert lines[0].startswith(b"HTTP/1.1 203")
    assert [line for line in lines if line.startswith(b"set-cookie")] == [b"set-cookie: a", b"set-cookie: b"]
    assert b"x-text: \xe9" in lines
    assert answer.endswith(b"ok")
    assert not any(line.startswith((b"server:", b"date:")) for line in lines)


def test_a_head_gets_the_length_and_no_body() -> None:
    _, answer = asked(b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")

    assert b"content-length: 2" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_a_body_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_server, "MAXIMUM_BODY_BYTES", 100_000)
    head = b"POST /p HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 300000\r\n\r\n"
    requests, answer = asked(head + b"x" * 300_000)

    assert requests == []
    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_http_is_answered_400(sent: bytes) -> None:
    requests, answer = asked(sent)

    assert (requests, answer[:12]) == ([], b"HTTP/1.1 400")


# -- the control interface ----------------------------------------------------------------------------------------


def edge(clock: AdjustableClock) -> Edge:
    behavior = Behavior(
        "*",
        "api",
        "allow-all",
        frozenset({"GET", "HEAD"}),
        frozenset({"GET", "HEAD"}),
        False,
        CachePolicy("policy", 0, 0, 60, headers=Selection("whitelist", ("x-auth-hash",))),
    )
    distribution = Distribution(
        "E1",
        "d1.cloudfront.net",
        (),
        True,
        {"api": Origin("api", "localhost", "", "http-only", 8000, 443)},
        (behavior,),
        {},
    )

    async def fetch(request: OriginRequest) -> OriginResponse:
        return OriginResponse(200, (("cache-control", "s-maxage=30"), ("content-length", "1")), b"x")

    async def run_function(arn: str, event: dict[str, object]) -> Any:
        raise AssertionError(arn)

    return Edge(distribution, clock, fetch, run_function)


class Runtime(SimpleNamespace):
    """What the control interface needs of a runtime, without AWS."""

    async def refresh(self) -> None:
        self.refreshed += 1


def runtime() -> Any:
    clock = AdjustableClock()
    one = edge(clock)
    return Runtime(
        clock=clock,
        edge=one,
        deployment=SimpleNamespace(distribution=one.distribution),
        access_log=AccessLog(),
        worker=SimpleNamespace(restarts=0),
        origin_url="http://localhost:1",
        reference="ssm:/strata/local/edge",
        refusal=None,
        refreshed=0,
    )


def control(
    one: Any, *requests: tuple[str, str, Any], headers: str = "x-strata-control: 1\r\n", host: str = "localhost:1"
) -> list[tuple[int, Any]]:
    async def run() -> list[tuple[int, Any]]:
        async with serving(Control(one)) as port:
            answers = []
            for method, path, body in requests:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                fixed = f"host: {host}\r\nconnection: close\r\ncontent-length: {len(content)}\r\n"
                head = f"{method} {path} HTTP/1.1\r\n{fixed}{headers}\r\n"
                answer = await talk(port, head.encode() + content)
                answers.append((int(answer.split(b" ")[1]), json.loads(answer.partition(b"\r\n\r\n")[2])))
            return answers

    return asyncio.run(run())


async def _hit(one: Edge) -> str:
    request = ViewerRequest(
        "GET", "/a", "", (("host", "localhost"), ("x-auth-hash", "0" * 64), ("authorization", "Bearer secret-token"))
    )
    return (await one.handle(request)).decision.result_type


def test_the_clock_decides_what_is_fresh() -> None:
    one = runtime()

    assert asyncio.run(_hit(one.edge)) == "Miss"
    assert asyncio.run(_hit(one.edge)) == "Hit"
    (_, frozen), (_, moved) = control(
        one, ("POST", "/clock", {"set": "frozen"}), ("POST", "/clock", {"advance_seconds": 31})
    )
    assert frozen["frozen"] is True
    assert moved["now"] == pytest.approx(frozen["now"] + 31)
    assert asyncio.run(_hit(one.edge)) == "Miss"
    ((_, real),) = control(one, ("POST", "/clock", {"set": "real"}))
    assert (real["frozen"], real["ahead_seconds"]) == (False, 0.0)


def test_what_was_decided_is_shown_without_the_token() -> None:
    one = runtime()
    asyncio.run(_hit(one.edge))
    (_, decisions), (_, statistics), (_, rules), (_, overview) = control(
        one, ("GET", "/decisions?limit=1", {}), ("GET", "/statistics", {}), ("GET", "/rules", {}), ("GET", "/", {})
    )

    assert decisions[0]["decision"]["result_type"] == "Miss"
    assert any("0" * 64 in part for part in decisions[0]["decision"]["key"])
    assert "secret-token" not in json.dumps(decisions)
    assert statistics["edge"]["requests"] == 1
    assert len(rules) == len(RULES)
    assert overview == {
        "origin_url": "http://localhost:1",
        "reference": "ssm:/strata/local/edge",
        "distribution_id": "E1",
        "serves": "yes",
    }


def test_an_invalidation_a_refresh_and_a_flush_happen_at_once() -> None:
    one = runtime()
    asyncio.run(_hit(one.edge))
    answers = control(one, ("POST", "/invalidate", {"items": ["/a"]}), ("POST", "/refresh", {}), ("POST", "/flush", {}))

    assert [status for status, _ in answers] == [200, 200, 200]
    assert asyncio.run(_hit(one.edge)) == "Miss"
    assert one.refreshed == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", {"set": "back"}),
        ("/clock", {"advance_seconds": -1}),
        ("/clock", {"advance_seconds": "1"}),
        ("/clock", b"nonsense"),
        ("/clock", []),
        ("/invalidate", {"items": []}),
        ("/invalidate", {"items": [1]}),
        ("/invalidate", {"items": ["#"]}),
    ],
)
def test_nonsense_is_answered_with_what_is_allowed(path: str, body: Any) -> None:
    ((status, answer),) = control(runtime(), ("POST", path, body))

    assert status == 400
    assert "allowed: " in answer["error"]


def test_a_web_page_cannot_change_anything_and_no_other_name_leads_here() -> None:
    ((status, answer),) = control(runtime(), ("POST", "/clock", {"set": "frozen"}), headers="")
    assert (status, answer["error"]) == (403, "a change needs the header x-strata-control")
    ((status, answer),) = control(runtime(), ("GET", "/decisions", {}), host="rebound.example:1")
    assert status == 403


def test_an_unknown_path_names_the_known_ones() -> None:
    ((status, answer),) = control(runtime(), ("GET", "/nothing", {}))

    assert status == 404
    assert "POST /invalidate" in answer["known"]
