"""The local edge as an ASGI application: HTTP in, the core's values out.

Plain HTTP is taken for the viewer's HTTPS: TLS would need a certificate that the viewer trusts, and changes no rule
beyond the viewer protocol policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.edge.asgi import BodyTooLargeError, read_body
from local.edge.messages import ViewerRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from local.edge.asgi import Application, Receive, Scope, Send
    from local.edge.messages import ViewerResponse

#: Bodies are held in memory as a whole; CloudFront itself takes 50 GB.
MAXIMUM_BODY_BYTES: Final = 64 * 1024 * 1024
_TOO_LARGE: Final = b"the local edge takes bodies of up to 64 MiB\n"


def application(handle: Callable[[ViewerRequest], Awaitable[ViewerResponse]]) -> Application:
    """Return the ASGI application that answers by `handle`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            # CloudFront passes WebSockets on; this edge says that it does not.
            await send({"type": "websocket.close", "code": 1008, "reason": "the local edge models no WebSocket"})
            return
        try:
            body = await read_body(receive, MAXIMUM_BODY_BYTES)
        except BodyTooLargeError:
            await _send(send, 413, [(b"content-length", str(len(_TOO_LARGE)).encode())], _TOO_LARGE)
            return
        response = await handle(_request(scope, body))
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        await _send(send, response.status, headers, response.body)

    return app


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _request(scope: Scope, body: bytes) -> ViewerRequest:
    client_ip, client_port = scope.get("client") or ("127.0.0.1", 0)
    return ViewerRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]),
        body=body,
        client_ip=client_ip,
        client_port=client_port,
        http_version=scope["http_version"],
    )
