"""The little of ASGI that the local edge's applications share."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyTooLargeError(Exception):
    """A request's body beyond the limit."""


async def read_body(receive: Receive, maximum_bytes: int) -> bytes:
    """Return the whole body of a request.

    Raises:
        BodyTooLargeError: it has more bytes; all of it was read, so that the client gets to read an answer.
    """
    message = await receive()
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    parts = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > maximum_bytes:
            parts.clear()
    if size > maximum_bytes:
        raise BodyTooLargeError
    return b"".join(parts)


async def send_json(send: Send, status: int, value: object, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Answer with a JSON document."""
    body = json.dumps(value).encode() + b"\n"
    fields = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
