"""`session-manager-plugin` for tests: reads the real one's arguments, and forwards TCP as it does.

`install` writes it as an executable. What it was started with goes to a file beside it, so that a test sees it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: A name that leads nowhere (RFC 2606), as that of a private database does outside its network.
ENDPOINT = "strata-database.abc123.eu-central-1.rds.invalid"

SOURCE = """#!{python}
import json, os, pathlib, signal, socket, sys, threading, time

VERSION = {version!r}
if sys.argv[1:] == ["--version"]:
    print(VERSION)
    sys.exit(0)
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
session = os.environ[sys.argv[1]]
region, action, profile, request, endpoint = sys.argv[2:]
pathlib.Path({log!r}).write_text(json.dumps({{"arguments": sys.argv, "session": session, "pid": os.getpid()}}))
if {refuse!r}:
    print("SessionId: somebody-0a1b")
    print({refuse!r}, file=sys.stderr)
    sys.exit(255)
parameters = json.loads(request)["Parameters"]
listener = socket.create_server(("127.0.0.1", int(parameters["localPortNumber"][0])))
print("Port opened. Waiting for connections...", flush=True)
target = {target!r}.rsplit(":", 1) if {target!r} else (parameters["host"][0], parameters["portNumber"][0])

def copy(source, sink):
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass

served = 0
while True:
    client, _ = listener.accept()
    served += 1
    if {dies_after} and served > {dies_after}:
        print("session timed out", file=sys.stderr, flush=True)
        client.close()
        listener.close()
        time.sleep({lingers_seconds})
        os._exit(3)
    with open({log!r} + ".connections", "a") as connections:
        connections.write("connection\\n")
    try:
        upstream = socket.create_connection((target[0], int(target[1])), 5)
    except OSError:
        client.close()
        continue
    for pair in ((client, upstream), (upstream, client)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
"""


def install(
    folder: Path,
    target: str,
    *,
    version: str = "1.2.707.0",
    refuse: str = "",
    dies_after: int = 0,
    lingers_seconds: float = 0.0,
) -> Path:
    """Write the executable into a folder, which is returned.

    Args:
        folder: where it goes.
        target: ``host:port`` of what it leads to; empty for what the session asks for.
        version: what it says of itself.
        refuse: what it says instead of opening anything.
        dies_after: how many connections it lives for; 0 for any number.
        lingers_seconds: from when it has closed its sockets to its end, as a process that dies on a busy machine.
    """
    folder.mkdir(exist_ok=True)
    path = folder / "session-manager-plugin"
    path.write_text(
        SOURCE.format(
            python=sys.executable,
            version=version,
            log=str(folder / "started.json"),
            refuse=refuse,
            target=target,
            dies_after=dies_after,
            lingers_seconds=lingers_seconds,
        )
    )
    path.chmod(0o755)
    return folder


def started(folder: Path) -> dict[str, object]:
    """Return what the plugin was started with."""
    return dict(json.loads((folder / "started.json").read_text()))


def connections(folder: Path) -> int:
    """Return how many connections went through the plugin."""
    return len((folder / "started.json.connections").read_text().splitlines())


def is_running(pid: int) -> bool:
    """Return whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
