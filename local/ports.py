"""TCP ports of the local environment: chosen free on loopback once, then kept."""

from __future__ import annotations

import json
import secrets
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

#: Below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere), so that a kept
#: port is not lost to one of them while the environment is down.
CHOSEN_FROM: Final = range(20_000, 32_000)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    return next(port for port in iter(lambda: secrets.choice(CHOSEN_FROM), None) if is_free(port))


def is_free(port: int) -> bool:
    """Say whether a server could listen on this loopback port now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        # As servers do: connections of an earlier server that linger in TIME_WAIT are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def read_ports(path: Path) -> dict[str, int]:
    """Return the kept ports by name; a file that an interrupted writer left counts as none."""
    try:
        return dict(json.loads(path.read_text()))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def kept_port(path: Path, name: str) -> tuple[int, int | None]:
    """Return the port kept under a name, choosing one when there is none or somebody else has taken it.

    Returns:
        the port, and the one given up for it, if any.
    """
    ports = read_ports(path)
    kept = ports.get(name)
    if kept is not None and is_free(kept):
        return kept, None
    ports[name] = free_port()
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(ports, indent=2) + "\n")
    temporary.replace(path)
    return ports[name], kept
