"""AWS as a role meets it: each call of S3 and KMS is judged by the role's policies before the emulator gets it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.strata.account.authorization import allows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from strata.account.rights.grant import Statement

_S3_ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}
_DENIED_BY_S3 = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
_HOP_BY_HOP = ("connection", "content-length", "transfer-encoding")


@dataclass
class Guard:
    """Who calls, and what they called.

    Args:
        account_id: of the resources.
        statements: of the role that calls.
        key_arn: of the key that every call of KMS is about.
        calls: action and resource of each call, in order; those that were refused with a ``!`` in front.
    """

    account_id: str
    statements: Sequence[Statement]
    key_arn: str
    calls: list[str] = field(default_factory=list)

    def allows(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
        is_allowed = allows(self.statements, action, resource, context)
        call = f"{action} {resource}"
        self.calls.append(call if is_allowed else f"!{call}")
        return is_allowed

    @property
    def refused(self) -> list[str]:
        return [call for call in self.calls if call.startswith("!")]


@contextmanager
def guarding(guard: Guard, emulator_port: int) -> Iterator[str]:
    """Serve the emulator behind the guard on loopback, and give the address."""

    class Handler(_GuardedHandler):
        the_guard = guard
        port = emulator_port

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _GuardedHandler(BaseHTTPRequestHandler):
    """Judges a call, and sends it on or refuses it as AWS would."""

    protocol_version = "HTTP/1.1"
    the_guard: Guard
    port: int

    def _judge(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if not all(self.the_guard.allows(*one) for one in self._asked()):
            self._answer(403, {}, self._denial())
            return
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        response = connection.getresponse()
        content = response.read()
        connection.close()
        # S3 says that an object is missing to who may list its bucket, and to others that it is forbidden.
        if response.status == 404 and not self.the_guard.allows("s3:ListBucket", self._bucket()):
            self._answer(403, {}, self._denial())
            return
        self._answer(response.status, dict(response.getheaders()), content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _judge  # noqa: N815 (the names of http.server)

    def _asked(self) -> list[tuple[str, str, Mapping[str, str]]]:
        """Return each action with its resource and context; a copy reads one object and writes another."""
        key_arn = self.the_guard.key_arn
        if target := self.headers.get("x-amz-target"):
            return [(f"kms:{target.removeprefix('TrentService.')}", key_arn, {})]
        url = urlsplit(self.path)
        _, _, object_name = unquote(url.path).lstrip("/").partition("/")
        if not object_name:
            query = parse_qs(url.query)
            assert query["list-type"] == ["2"], self.path
            return [("s3:ListBucket", self._bucket(), {"s3:prefix": query["prefix"][0]})]
        asked = [(_S3_ACTIONS[self.command], f"{self._bucket()}/{object_name}", {})]
        if source := self.headers.get("x-amz-copy-source"):
            asked.append(("s3:GetObject", f"arn:aws:s3:::{unquote(source)}", {}))
        if self.command == "PUT":
            asked.append(("kms:GenerateDataKey", key_arn, {}))  # S3 asks in the caller's name
        return asked

    def _bucket(self) -> str:
        return f"arn:aws:s3:::{unquote(urlsplit(self.path).path).lstrip('/').partition('/')[0]}"

    def _denial(self) -> bytes:
        if self.headers.get("x-amz-target"):
            return json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode()
        return _DENIED_BY_S3.encode()

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        length = {name.lower(): value for name, value in headers.items()}.get("content-length")
        is_head = self.command == "HEAD"
        self.send_header("content-length", (length or "0") if is_head else str(len(content)))
        self.end_headers()
        if not is_head:
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass
