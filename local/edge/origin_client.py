"""How the local edge reaches an origin: HTTP/1.1 on loopback, with the timeouts of the distribution.

Bodies pass as they are, still compressed; redirects are the viewer's business. An origin beyond this machine is refused
by name: what runs here must not reach a real API by a slip in a stack file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Self

import aiohttp
import yarl

from local.edge.messages import OriginFailure, OriginResponse
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.edge.messages import OriginRequest
    from local.edge.model import Origin

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_URL: Final = re.compile(r"(http://(?:localhost|127\.0\.0\.1|\[::1\]):[0-9]{1,5})/?")
#: Above CloudFront's own limit for all headers of a response, which the core holds an answer to.
MAXIMUM_HEADER_BYTES: Final = 65_536
#: What an answer may hold, since it is held in memory as a whole; CloudFront's own 50 GB is for files.
MAXIMUM_BODY_BYTES: Final = 256 * 1024 * 1024
#: aiohttp would add them, and the origin would see what the edge did not send.
_NOT_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class OriginAddressError(StrataError):
    """An origin that the local edge does not call."""

    def __init__(self, address: str, allowed: str, next_command: str) -> None:
        super().__init__(
            "the local edge calls origins on this machine only",
            where={"origin": address},
            allowed=allowed,
            next_command=next_command,
        )
        self.address = address


class OriginClient:
    """Reaches the origins of a distribution; it is a `Fetch`.

    Args:
        origin_url: where the origins of the distribution really listen on this machine.

    Raises:
        OriginAddressError: that is not on this machine.
    """

    def __init__(self, origin_url: str) -> None:
        self._url = parse_origin_url(origin_url)
        self._origins: Mapping[str, Origin] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the pool of connections."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=5),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NOT_ADDED,
            auto_decompress=False,
            max_line_size=MAXIMUM_HEADER_BYTES,
            max_field_size=MAXIMUM_HEADER_BYTES,
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def replace_origins(self, origins: Mapping[str, Origin]) -> None:
        """Take the timeouts of these from now on.

        Raises:
            OriginAddressError: one of them is not on this machine.
        """
        for origin in origins.values():
            if origin.domain_name not in LOOPBACK:
                raise OriginAddressError(
                    origin.domain_name,
                    ", ".join(sorted(LOOPBACK)),
                    "pulumi up (with strata:api originDomain: localhost)",
                )
        self._origins = dict(origins)

    async def __call__(self, request: OriginRequest) -> OriginResponse:
        """Return the origin's complete answer.

        Raises:
            OriginFailure: there is none; the core decides whether to ask again.
        """
        origin = self._origins[request.origin_id]
        try:
            return await self._ask(origin, request)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise OriginFailure("connect", type(error).__name__) from None
        except TimeoutError:
            raise OriginFailure("timeout", f"silent for {request.timeout_seconds:g} s") from None
        except (aiohttp.ClientError, ConnectionError, ValueError) as error:
            raise OriginFailure("incomplete", type(error).__name__) from None

    async def _ask(self, origin: Origin, request: OriginRequest) -> OriginResponse:
        if self._session is None:
            raise RuntimeError("the client is not open")
        target = request.path + (f"?{request.query}" if request.query else "")
        async with self._session.request(
            request.method,
            # The path is passed on as it came, not quoted anew.
            yarl.URL(f"{self._url}{target}", encoded=True),
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=origin.connection_timeout, sock_read=request.timeout_seconds
            ),
        ) as answer:
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers)
            return OriginResponse(answer.status, headers, await _body(answer))


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > MAXIMUM_BODY_BYTES:
            raise OriginFailure("incomplete", "its body is too large for this edge")
        parts.append(part)
    return b"".join(parts)


def parse_origin_url(text: str) -> str:
    """Return the scheme, host and port of an origin on this machine.

    Raises:
        OriginAddressError: the text is something else.
    """
    found = _URL.fullmatch(text)
    if found is None:
        raise OriginAddressError(text, "http://localhost:PORT", "STRATA_ORIGIN_URL=http://localhost:PORT make up")
    return found[1]
