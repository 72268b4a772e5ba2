"""`session-manager-plugin`, the program that carries a session of Session Manager, as a child process.

Its arguments are those that the AWS CLI gives it (`awscli/customizations/sessionmanager.py`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from strata.tunnel.errors import (
    LAST_VERSION_WITH_VISIBLE_TOKEN,
    PLUGIN,
    PluginMissingError,
    PluginTooOldError,
    TunnelLostError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The environment variable whose name the plugin gets in the place of the session's token.
_RESPONSE_VARIABLE: Final = "AWS_SSM_START_SESSION_RESPONSE"
_STOP_SECONDS: Final = 5.0
_LAST_LINES: Final = 3


@dataclass(frozen=True)
class Session:
    """A session that Systems Manager has started.

    Args:
        response: what StartSession answered: SessionId, StreamUrl and the token; never printed.
        request: what it was asked for.
        region: of the jump host.
        endpoint_url: of Systems Manager.
    """

    response: Mapping[str, str]
    request: Mapping[str, Any]
    region: str
    endpoint_url: str


@dataclass(frozen=True)
class PluginProcess:
    """The running child, and where its output goes."""

    host: str
    child: subprocess.Popen[bytes]
    output: IO[bytes]

    def require_alive(self, grace_seconds: float = 0.0) -> None:
        """Raise TunnelLostError, with the child's last words, when it has ended.

        Args:
            grace_seconds: how long a child that is ending may take: its sockets close before it is gone.
        """
        with suppress(subprocess.TimeoutExpired):
            exit_code = self.child.wait(grace_seconds)
            self.output.seek(0)
            lines = [line.strip() for line in self.output.read().decode(errors="replace").splitlines()]
            raise TunnelLostError(self.host, exit_code, [line for line in lines if line][-_LAST_LINES:])


def find_plugin() -> str:
    """Return the path of the plugin.

    Raises:
        PluginMissingError: it is not on PATH.
        PluginTooOldError: it takes the session's token on its command line only.
    """
    path = shutil.which(PLUGIN)
    if path is None:
        raise PluginMissingError
    version = plugin_version(path)
    if _numbers(version) <= _numbers(LAST_VERSION_WITH_VISIBLE_TOKEN):
        raise PluginTooOldError(version)
    return path


def plugin_version(path: str) -> str:
    """Return what the plugin says of its version."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=30)
    return said.stdout.strip() or "of no version"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


@contextmanager
def running_plugin(path: str, host: str, session: Session) -> Iterator[PluginProcess]:
    """Run the plugin, and end it with the block.

    It is in a process group of its own: Ctrl-C belongs to the command that uses the tunnel, which outlives a query.
    """
    words = [
        path,
        _RESPONSE_VARIABLE,
        session.region,
        "StartSession",
        os.environ.get("AWS_PROFILE", ""),
        json.dumps(dict(session.request)),
        session.endpoint_url,
    ]
    environment = {**os.environ, _RESPONSE_VARIABLE: json.dumps(dict(session.response))}
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield PluginProcess(host, child, output)
        finally:
            _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End the child as Ctrl-C would, which also tells Systems Manager that the session is over."""
    child.send_signal(signal.SIGINT)
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
