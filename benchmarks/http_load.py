"""A bounded load: so many GET requests over so many connections, each asked again as soon as it is answered.

``python -m benchmarks.http_load PORT PATH REQUESTS CONNECTIONS`` prints the seconds that it took. A process of its own,
so that what it costs is no part of what it measures.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final, cast

import uvloop

#: As long as a JWT of a few claims.
TOKEN: Final = "x" * 356
_END_OF_HEAD: Final = b"\r\n\r\n"


class UnexpectedAnswerError(Exception):
    """An answer that the load was not meant to get."""


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes, count: int, done: asyncio.Future[None]) -> None:
        self._request = request
        self._left = count
        self._done = done
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(_END_OF_HEAD)
        if not found or len(body) < _content_length(head):
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self._done.set_exception(UnexpectedAnswerError(head.decode("latin-1")))
            self._transport.close()
            return
        self._received = b""
        self._left -= 1
        if self._left:
            self._transport.write(self._request)
        else:
            self._transport.close()
            self._done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or UnexpectedAnswerError("the server closed the connection"))


def _content_length(head: bytes) -> int:
    value = head.lower().partition(b"\r\ncontent-length: ")[2]
    return int(value.partition(b"\r\n")[0])


async def run(port: int, path: str, requests: int, connections: int) -> float:
    """Return how many seconds the requests took, from the first connection to the last answer."""
    loop = asyncio.get_running_loop()
    head = f"GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer {TOKEN}\r\naccept: */*\r\n\r\n"
    done = [loop.create_future() for _ in range(connections)]
    started = time.perf_counter()
    for one in done:
        await loop.create_connection(
            lambda one=one: _Connection(head.encode(), requests // connections, one),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.gather(*done)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(uvloop.run(run(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
