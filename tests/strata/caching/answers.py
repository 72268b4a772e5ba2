"""What tests of the origin's side share: a request as the edge sends it, an app of one answer, a reader of its own."""

from __future__ import annotations

import asyncio
import re

SECRET = "s" * 64
OTHER_SECRET = "t" * 64
#: What the edge adds to a request of a class that is keyed by caller.
FROM_EDGE = (
    (b"x-origin-verify", SECRET.encode()),
    (b"x-auth-hash", b"d" * 64),
    (b"x-origin-authorization", b"Bearer me"),
)
#: And of one that is the same for everybody.
FROM_EDGE_FOR_ALL = FROM_EDGE[:1]

UNCACHEABLE = "private, no-store, stale-if-error=0"


def directives(value):
    """Read Cache-Control in a way of its own: a value is digits or nothing; anything else fails the test."""
    found = {}
    for part in value.split(", "):
        match = re.fullmatch(r"([a-z-]+)(?:=([0-9]+))?", part)
        assert match, part
        assert match[1] not in found, part
        found[match[1]] = None if match[2] is None else int(match[2])
    return found


def values_of(headers, name):
    return [value.decode("latin-1") for found, value in headers if found.lower() == name.encode()]


def may_be_kept(headers):
    """Say whether any cache between origin and viewer may keep the answer for a moment."""
    (value,) = values_of(headers, "cache-control")
    found = directives(value)
    if found.keys() & {"private", "no-store"}:
        assert value == UNCACHEABLE
        assert not values_of(headers, "surrogate-control")
        return False
    return True


def answering(status=200, headers=(), body=b"{}"):
    """Return an ASGI app with one answer for everything."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return app


def http_scope(method="GET", headers=(), path="/"):
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": list(headers)}


def exchange(app, scope):
    """Return the start and the body of what an ASGI app answers."""
    return asyncio.run(exchanged(app, scope))


async def exchanged(app, scope):
    messages = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        messages.append(message)

    await app(scope, receive, send)
    start, *rest = messages
    assert start["type"] == "http.response.start"
    return start, b"".join(message.get("body", b"") for message in rest)
