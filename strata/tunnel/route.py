"""Which way connections to a database go: straight, or through a tunnel that this process's environment names.

The way belongs to a process and not to a stack, so it is in no config and in no state: everything that connects asks
here at that moment.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping

TUNNEL_VARIABLE: Final = "STRATA_DATABASE_TUNNEL"
LOOPBACK: Final = "127.0.0.1"

_ROUTE: Final = re.compile(r"(?P<host>[^\s=:]+):(?P<port>\d{1,5})=127\.0\.0\.1:(?P<local_port>\d{1,5})")


class TunnelVariableError(StrataError):
    """The environment names a tunnel in words that say nothing."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{TUNNEL_VARIABLE} is {text!r}, which names no tunnel",
            allowed=f"<host>:<port>={LOOPBACK}:<local port>, as strata database tunnel prints it",
            next_command=f"unset {TUNNEL_VARIABLE}",
        )


@dataclass(frozen=True)
class Route:
    """The way to one database through one tunnel.

    Args:
        host: the database's own host name, which tokens and certificates name.
        port: the database's own TCP port, which tokens name.
        local_port: TCP port on 127.0.0.1 where the tunnel begins.
    """

    host: str
    port: int
    local_port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}={LOOPBACK}:{self.local_port}"

    @classmethod
    def parse(cls, text: str) -> Route:
        """Return the route that a variable spells.

        Raises:
            TunnelVariableError: it spells none.
        """
        found = _ROUTE.fullmatch(text)
        if found is None:
            raise TunnelVariableError(text)
        return cls(found["host"], int(found["port"]), int(found["local_port"]))


def route_to(host: str, port: int, environment: Mapping[str, str] = os.environ) -> Route | None:
    """Return the tunnel to a database that the environment names; None where connections go straight.

    A tunnel to another database is none to this one.

    Raises:
        TunnelVariableError: the variable spells no route.
    """
    text = environment.get(TUNNEL_VARIABLE)
    if not text:
        return None
    route = Route.parse(text)
    return route if (route.host, route.port) == (host, port) else None
