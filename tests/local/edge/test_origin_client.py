"""What the local edge makes of an origin that answers, breaks off, hangs, or is not on this machine."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from local.edge.messages import OriginFailure, OriginRequest, OriginResponse
from local.edge.model import Origin
from local.edge.origin_client import OriginAddressError, OriginClient, parse_origin_url
from local.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class RawOrigin:
    """An origin that answers with the bytes that a test gives it, and remembers what it was sent."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.hangs = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            self.requests.append(head + await reader.readexactly(sum(lengths)))
            writer.write(self.answer)
            await writer.drain()
            if self.hangs:
                await reader.read()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def raw_origin(answer: bytes) -> AsyncIterator[tuple[RawOrigin, int]]:
    origin = RawOrigin(answer)
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    async with server:
        yield origin, server.sockets[0].getsockname()[1]


def origin(domain_name: str = "localhost") -> Origin:
    return Origin("api", domain_name, "", "http-only", 8000, 443, connection_timeout=1)


def request(method: str = "GET", *, body: bytes = b"", timeout_seconds: float = 5.0, path: str = "/x") -> OriginRequest:
    return OriginRequest(
        "api", method, path, "a=1&a=%20", (("host", "api.example"), ("x-a", "1"), ("x-a", "2")), body, timeout_seconds
    )


def ask(
    answer: bytes, sent: OriginRequest | None = None, change: Callable[[RawOrigin], None] = lambda _: None
) -> tuple[OriginResponse, list[bytes]]:
    async def run() -> tuple[OriginResponse, list[bytes]]:
        async with raw_origin(answer) as (server, port), OriginClient(f"http://127.0.0.1:{port}") as client:
            change(server)
            client.replace_origins({"api": origin()})
            return await client(sent or request()), server.requests

    return asyncio.run(run())


def failure(
    answer: bytes, sent: OriginRequest | None = None, change: Callable[[RawOrigin], None] = lambda _: None
) -> str:
    with pytest.raises(OriginFailure) as caught:
        ask(answer, sent, change)
    return caught.value.kind


def test_an_answer_keeps_its_headers_as_they_came() -> None:
    answer, _ = ask(
        b"HTTP/1.1 203 Other\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX-Text: \xe9\r\nContent-Encoding: gzip\r\n"
        b"content-length: 4\r\n\r\n\x1f\x8bxx"
    )

    assert answer.status == 203
    assert answer.body == b"\x1f\x8bxx"
    assert answer.headers[:3] == (("Set-Cookie", "a"), ("Set-Cookie", "b"), ("X-Text", "é"))


def test_the_origin_gets_what_the_edge_sends_and_nothing_more() -> None:
    _, requests = ask(OK, request("POST", body=b"money", path="/a%2Fb//c;d"))

    head, _, body = requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /a%2Fb//c;d?a=1&a=%20 HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:]) == [
        b"content-length: 5",
        b"host: api.example",
        b"x-a: 1",
        b"x-a: 2",
    ]
    assert body == b"money"


def test_a_redirect_is_the_viewers_business() -> None:
    answer, requests = ask(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")

    assert (answer.status, len(requests)) == (302, 1)


def test_a_head_has_no_body_whatever_its_length_says() -> None:
    answer, _ = ask(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", request("HEAD"))

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-len",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
    ids=["short", "chunks-end", "no-chunk", "no-length", "head-ends", "other-protocol", "nothing"],
)
def test_what_is_no_complete_answer_is_incomplete(answer: bytes) -> None:
    assert failure(answer) == "incomplete"


def test_a_header_that_the_core_is_to_refuse_arrives() -> None:
    answer, _ = ask(b"HTTP/1.1 200 OK\r\nx-large: " + b"x" * 30_000 + b"\r\ncontent-length: 0\r\n\r\n")

    assert [len(value) for name, value in answer.headers if name == "x-large"] == [30_000]


def test_a_header_without_end_is_no_answer() -> None:
    assert failure(b"HTTP/1.1 200 OK\r\nx-large: " + b"x" * 300_000 + b"\r\ncontent-length: 0\r\n\r\n") == "incomplete"


def hang(server: RawOrigin) -> None:
    server.hangs = True


def test_a_silent_origin_times_out() -> None:
    assert failure(b"", request(timeout_seconds=0.05), hang) == "timeout"
    assert failure(OK[:30], request(timeout_seconds=0.05), hang) == "timeout"


def test_nobody_listens() -> None:
    async def run() -> None:
        async with OriginClient(f"http://127.0.0.1:{free_port()}") as client:
            client.replace_origins({"api": origin()})
            await client(request())

    with pytest.raises(OriginFailure) as caught:
        asyncio.run(run())
    assert caught.value.kind == "connect"


def test_an_origin_beyond_this_machine_is_refused_by_name() -> None:
    with pytest.raises(OriginAddressError) as caught:
        OriginClient("http://localhost:1").replace_origins({"api": origin("api.example.com")})
    assert str(caught.value) == (
        "the local edge calls origins on this machine only (origin api.example.com); allowed: 127.0.0.1, ::1, "
        "localhost; next: pulumi up (with strata:api originDomain: localhost)"
    )


@pytest.mark.parametrize("text", ["http://localhost:8000", "http://127.0.0.1:1/", "http://[::1]:65535"])
def test_an_address_on_this_machine_is_taken(text: str) -> None:
    assert parse_origin_url(text) == text.rstrip("/")


@pytest.mark.parametrize(
    "text",
    [
        "http://api.example.com:80",
        "https://localhost:8000",
        "http://localhost",
        "http://localhost:8000/api",
        "http://localhost:8000@example.com:80",
        "http://localhost.example.com:80",
        "http://user@localhost:8000",
        "",
    ],
)
def test_an_address_that_may_lead_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(OriginAddressError, match="allowed: http://localhost:PORT; next: STRATA_ORIGIN_URL="):
        parse_origin_url(text)
