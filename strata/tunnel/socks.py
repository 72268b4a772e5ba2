"""A SOCKS5 proxy (RFC 1928) that knows one address: for the postgresql plugin, which dials the database's own name.

It listens on loopback, takes CONNECT without authentication, and leads to the tunnel; every other address is refused,
so that it is no open door for anything else that finds ALL_PROXY in its environment.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Final

from strata.tunnel.route import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.tunnel.route import Route

_VERSION: Final = 5
_NO_AUTHENTICATION: Final = 0
_NONE_ACCEPTABLE: Final = 0xFF
_CONNECT: Final = 1
_IPV4, _DOMAIN, _IPV6 = 1, 3, 4
_SUCCEEDED, _NOT_ALLOWED, _REFUSED, _NO_SUCH_COMMAND, _NO_SUCH_ADDRESS_TYPE = 0, 2, 5, 7, 8
#: A client says what it wants at once, or is none.
_HANDSHAKE_SECONDS: Final = 10.0
_CHUNK_BYTES: Final = 64 * 1024


class _RefusedRequestError(Exception):
    """A request that is answered with a code of RFC 1928, section 6."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def socks_proxy(route: Route) -> Iterator[int]:
    """Serve a proxy in a thread of its own for the time of the block, and give its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="socks proxy", daemon=True)
    thread.start()
    start = asyncio.start_server(partial(_serve, route), LOOPBACK, 0)
    server = asyncio.run_coroutine_threadsafe(start, loop).result()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _serve(route: Route, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one client from its greeting to the end of its bytes."""
    try:
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            await _greet(reader, writer)
            upstream = await _connected(route, reader)
        await _answer(writer, _SUCCEEDED)
        await _relay((reader, writer), upstream)
    except _RefusedRequestError as refused:
        await _answer(writer, refused.code)
    except (OSError, EOFError, TimeoutError):
        pass  # The client is gone, or is no SOCKS client; there is nobody to tell.
    finally:
        await _close(writer)


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    version, count = await reader.readexactly(2)
    methods = await reader.readexactly(count)
    if version != _VERSION or _NO_AUTHENTICATION not in methods:
        writer.write(bytes([_VERSION, _NONE_ACCEPTABLE]))
        await writer.drain()
        raise EOFError
    writer.write(bytes([_VERSION, _NO_AUTHENTICATION]))
    await writer.drain()


async def _connected(route: Route, reader: asyncio.StreamReader) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Read a request, and return a connection to the tunnel for the one that names the database."""
    _, command, _, kind = await reader.readexactly(4)
    host = await _read_host(reader, kind)
    port = int.from_bytes(await reader.readexactly(2))
    if command != _CONNECT:
        raise _RefusedRequestError(_NO_SUCH_COMMAND)
    if (host.lower(), port) != (route.host.lower(), route.port):
        raise _RefusedRequestError(_NOT_ALLOWED)
    try:
        return await asyncio.open_connection(LOOPBACK, route.local_port)
    except OSError:
        raise _RefusedRequestError(_REFUSED) from None


async def _read_host(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == _DOMAIN:
        (length,) = await reader.readexactly(1)
        return (await reader.readexactly(length)).decode("ascii", "replace")
    if kind == _IPV4:
        return str(IPv4Address(await reader.readexactly(4)))
    if kind == _IPV6:
        return str(IPv6Address(await reader.readexactly(16)))
    raise _RefusedRequestError(_NO_SUCH_ADDRESS_TYPE)


async def _answer(writer: asyncio.StreamWriter, code: int) -> None:
    """Answer a request; the bound address, which no client of a CONNECT needs, is zero."""
    writer.write(bytes([_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0]))
    with suppress(ConnectionError):  # The client did not wait for the answer.
        await writer.drain()


async def _relay(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    try:
        await asyncio.gather(_copy(client[0], upstream[1]), _copy(upstream[0], client[1]))
    finally:
        await _close(upstream[1])


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction to its end, and pass the end on: the other direction may go on."""
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):  # What was not sent is of no use to a peer that is gone.
        await writer.wait_closed()
