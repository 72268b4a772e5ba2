"""A tunnel to a stack's database: a session on the jump host that forwards one local port, and a proxy in front."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from strata import aws
from strata.deadline import Deadline
from strata.tunnel.errors import JumpHostUnreachableError, NoAnswerThroughTunnelError, NoJumpHostError
from strata.tunnel.plugin import PluginProcess, Session, find_plugin, running_plugin
from strata.tunnel.route import LOOPBACK, TUNNEL_VARIABLE, Route
from strata.tunnel.socks import socks_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.reference import ConnectionParameters

_DOCUMENT: Final = "AWS-StartPortForwardingSessionToRemoteHost"
#: The agent of an instance that has just started is not online at once.
_NOT_ONLINE_YET: Final = "TargetNotConnected"
#: How long a jump host that runs may take to answer; one that was just made takes minutes.
WAIT_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 3.0
_PROBE_SECONDS: Final = 5.0
#: From when somebody notices that a child has closed its sockets to its end, on a busy machine.
_ENDING_SECONDS: Final = 1.0
#: PostgreSQL protocol, "SSLRequest": length 8, code 80877103; the answer is one byte, S or N.
_SSL_REQUEST: Final = (8).to_bytes(4) + (80877103).to_bytes(4)
_SSL_ANSWERS: Final = (b"S", b"N")


@dataclass(frozen=True)
class Tunnel:
    """An open tunnel.

    Args:
        route: from a local port to the database.
        proxy_port: TCP port on 127.0.0.1 of the SOCKS5 proxy, which knows the way to this database alone.
        process: the child that carries it.
    """

    route: Route
    proxy_port: int
    process: PluginProcess

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which programs find the tunnel: Strata by its own, the postgresql plugin by the proxy."""
        return {
            TUNNEL_VARIABLE: str(self.route),
            "ALL_PROXY": f"socks5h://{LOOPBACK}:{self.proxy_port}",
        }

    @contextmanager
    def used_by_this_process(self) -> Iterator[None]:
        """Lead this process and its children through the tunnel, for the time of the block."""
        before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


@contextmanager
def open_tunnel(parameters: ConnectionParameters, wait_seconds: float = WAIT_SECONDS) -> Iterator[Tunnel]:
    """Open a tunnel to the database of a stack, for the time of the block.

    Args:
        parameters: where the database and its jump host are.
        wait_seconds: how long the jump host may take to be online, and the database to answer.

    Raises:
        NoJumpHostError: the stack has none.
        PluginMissingError, PluginTooOldError: this machine cannot carry a session.
        JumpHostUnreachableError: Systems Manager starts no session.
        NoAnswerThroughTunnelError: no PostgreSQL is at the other end.
        TunnelLostError: the child ended, and what ran in the block failed.
    """
    if parameters.jump_host_id is None:
        raise NoJumpHostError(parameters.host)
    path, deadline = find_plugin(), Deadline(wait_seconds)
    route = Route(parameters.host, parameters.port, _free_port())
    session = _start_session(parameters.jump_host_id, parameters.region, route, deadline)
    with running_plugin(path, route.host, session) as process:
        _wait_for_answer(process, route, deadline)
        with socks_proxy(route) as proxy_port:
            try:
                yield Tunnel(route, proxy_port, process)
            except Exception:
                process.require_alive(_ENDING_SECONDS)
                raise


def _free_port() -> int:
    """Return a port that nobody listens on now; the plugin takes it within the same second."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


def _start_session(jump_host_id: str, region: str, route: Route, deadline: Deadline) -> Session:
    request: dict[str, Any] = {
        "Target": jump_host_id,
        "DocumentName": _DOCUMENT,
        "Parameters": {
            "host": [route.host],
            "portNumber": [str(route.port)],
            "localPortNumber": [str(route.local_port)],
        },
    }
    client = aws.client("ssm", region)
    while True:
        try:
            answer = client.start_session(**request)
        except aws.failures() as error:
            if aws.error_code(error) != _NOT_ONLINE_YET or deadline.left_seconds < _RETRY_SECONDS:
                raise JumpHostUnreachableError(jump_host_id, str(error)) from None
            time.sleep(_RETRY_SECONDS)
            continue
        response = {key: str(answer[key]) for key in ("SessionId", "TokenValue", "StreamUrl")}
        return Session(response, request, region, client.meta.endpoint_url)


def _wait_for_answer(process: PluginProcess, route: Route, deadline: Deadline) -> None:
    """Wait until PostgreSQL answers, and not only the plugin, which listens before it has reached anybody."""
    reason = "nothing listens"
    while not deadline.is_over:
        process.require_alive()
        try:
            with socket.create_connection((LOOPBACK, route.local_port), _PROBE_SECONDS) as probe:
                probe.sendall(_SSL_REQUEST)
                if probe.recv(1) in _SSL_ANSWERS:
                    return
                reason = "it hangs up"
        except OSError as error:
            reason = str(error)
        time.sleep(_PAUSE_SECONDS)
    process.require_alive()
    raise NoAnswerThroughTunnelError(route.host, route.port, deadline.budget_seconds, reason)
