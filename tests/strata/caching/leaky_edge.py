"""A small caching server on loopback that keys by the caller, or leaks in a way that is asked for."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Key = Callable[[str, Mapping[str, str]], object]


def per_caller(path: str, headers: Mapping[str, str]) -> object:
    return path, hashlib.sha256(headers.get("authorization", "").encode()).hexdigest()


@dataclass
class Settings:
    """What the server does; by default what is right.

    Args:
        key: what tells two answers apart.
        owner: whose data the origin gives, from the headers that it sees.
        body: the answer's JSON for an owner; the number counts the origin's answers.
        anonymous_status: what nobody gets.
        keeps: whether anything is kept.
        clock: seconds, for Age.
    """

    key: Key = per_caller
    owner: Callable[[Mapping[str, str]], str] = lambda headers: headers.get("authorization", "")
    body: Callable[[str, int], Any] = lambda owner, number: {"owner": hashlib.sha256(owner.encode()).hexdigest()}
    anonymous_status: int = 401
    needs_token: Callable[[Mapping[str, str]], bool] = lambda headers: "authorization" not in headers
    cache_control: str = "private, no-store"
    keeps: bool = True
    clock: Callable[[], float] = time.time
    #: Answers that are kept before anybody asked, by key.
    stored: dict[object, tuple[float, bytes]] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    numbers = itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            settings.requests.append(headers)
            if settings.needs_token(headers) and settings.anonymous_status != 200:
                self._answer(settings.anonymous_status, b'{"error": "no token"}', "FunctionGeneratedResponse", None)
                return
            key = settings.key(self.path, headers)
            if settings.keeps and key in settings.stored:
                since, body = settings.stored[key]
                self._answer(200, body, "Hit from cloudfront", int(settings.clock() - since))
                return
            body = json.dumps(settings.body(settings.owner(headers), next(numbers))).encode()
            settings.stored[key] = (settings.clock(), body)
            self._answer(200, body, "Miss from cloudfront", None)

        def _answer(self, status: int, body: bytes, x_cache: str, age: int | None) -> None:
            self.send_response(status)
            self.send_header("x-cache", x_cache)
            self.send_header("cache-control", settings.cache_control)
            if age is not None:
                self.send_header("age", str(age))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
