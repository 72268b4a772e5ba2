"""One request of the canary: who asks, where a token may be sent, and the answer as it came."""

from __future__ import annotations

import http.client
import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_SECONDS: Final = 30
#: An answer is compared as a whole; one that is larger than this is no API's answer.
_MAX_BODY_BYTES: Final = 16 * 1024 * 1024


class CanaryError(StrataError):
    """The canary cannot ask, or got no answer."""


@dataclass(frozen=True)
class Identity:
    """Somebody to ask as.

    Args:
        name: how the report calls them; the name of the environment variable that holds the token.
        authorization: the value of the Authorization header; in no representation of this object.
        marker: text that only this caller's answers hold, for example their account id; None without one.
    """

    name: str
    authorization: str = field(repr=False)
    marker: str | None = field(default=None, repr=False)

    @classmethod
    def from_references(cls, token: str, marker: str | None = None) -> Identity:
        """Return the identity whose token, and marker, are in the environment variables named by ``env:NAME``.

        A token without a scheme is a bearer token.

        Raises:
            CanaryError: not a reference, or the variable is not set or empty.
        """
        name, value = _variable(token, "token")
        authorization = value if " " in value else f"Bearer {value}"
        return cls(name, authorization, _variable(marker, "marker")[1] if marker else None)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Edge:
    """Where a distribution answers.

    Args:
        scheme: ``https``, or ``http`` on this machine only.
        host: host name or address.
        port: TCP port.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def from_url(cls, url: str) -> Edge:
        """Return the place that a URL names.

        Raises:
            CanaryError: not a URL of a host alone, or tokens would travel in the clear.
        """
        allowed = "https://HOST[:PORT], or http://localhost:PORT"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise CanaryError(f"not a URL: {error}", where={"URL": url}, allowed=allowed) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise CanaryError("not the URL of a host alone", where={"URL": url}, allowed=f"{allowed}; paths by --path")
        if parts.scheme == "http" and not _is_this_machine(parts.hostname):
            raise CanaryError("tokens would travel in the clear", where={"URL": url}, allowed=allowed)
        return cls(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80))

    def ask(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Return the answer to a GET on a connection of its own; redirects are not followed.

        Raises:
            CanaryError: no complete answer came.
        """
        connection = self._connection()
        try:
            connection.request("GET", path, headers={"user-agent": "strata-canary", **headers, "connection": "close"})
            response = connection.getresponse()
            body = response.read(_MAX_BODY_BYTES + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            # A ValueError of http.client quotes the header's value, which is a token.
            cause = "a header that cannot be sent" if isinstance(error, ValueError) else error
            raise self._no_answer(path, f"no answer: {type(error).__name__}: {cause}") from None
        finally:
            connection.close()
        if len(body) > _MAX_BODY_BYTES:
            raise self._no_answer(path, f"the answer is larger than {_MAX_BODY_BYTES} bytes")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)

    def _connection(self) -> http.client.HTTPConnection:
        if self.scheme == "http":
            return http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_SECONDS)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(self.host, self.port, timeout=_TIMEOUT_SECONDS, context=context)

    def _no_answer(self, path: str, what: str) -> CanaryError:
        return CanaryError(what, where={"host": f"{self.host}:{self.port}", "path": path})


def _variable(reference: str, purpose: str) -> tuple[str, str]:
    kind, _, name = reference.partition(":")
    if kind != "env" or not name:
        # What was given may be the token itself, so it is not repeated.
        raise CanaryError(f"the {purpose} is not given by reference", allowed="env:NAME, an environment variable")
    value = os.environ.get(name, "").strip()
    if not value:
        raise CanaryError(f"no {purpose} in the environment", where={"variable": name}, next_command=f"export {name}=")
    return name, value


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
