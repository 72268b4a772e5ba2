"""The emulator of an environment, with the one call of Systems Manager that it has not: StartSession."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION = {"SessionId": "deployer-0a1b", "TokenValue": "token-of-a-session", "StreamUrl": "wss://ssm.example/0a1b"}
#: These belong to one connection, and are made anew for the next (RFC 9110, 7.6.1).
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@contextmanager
def starting_sessions(emulator_url: str) -> Iterator[tuple[str, list[str]]]:
    """Answer StartSession and hand everything else to the emulator; give the address, and the targets asked for."""
    emulator = urlsplit(emulator_url)
    targets: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("x-amz-target", "").endswith(".StartSession"):
                targets.append(json.loads(body)["Target"])
                self._answer(200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(SESSION).encode())
                return
            connection = http.client.HTTPConnection(emulator.hostname or "", emulator.port, timeout=60)
            try:
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                self._answer(response.status, dict(response.getheaders()), response.read())
            finally:
                connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _handle  # noqa: N815 - the names that the server calls

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", targets
        finally:
            server.shutdown()
            thread.join()
