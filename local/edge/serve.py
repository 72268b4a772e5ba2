"""Serve the local edge, or the example origin: ``python -m local.edge.serve edge|origin``.

Run by `local.edge.process`; both end when the environment that they belong to is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn
import uvloop

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from local.edge.asgi import Application

#: Objects that are made and not freed before the garbage collector looks at them; Python's own 700 are those of a few
#: requests under way, which need no collector to go.
_COLLECT_AFTER: Final = 50_000
#: How often a process looks whether its environment is still there.
_LOOK_SECONDS: Final = 2.0


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several in one loop."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def server(app: Application, port: int) -> _Server:
    """Return a server of an application on a loopback port, not started."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
        proxy_headers=False,
    )
    return _Server(config)


async def serve_edge(arguments: argparse.Namespace) -> None:
    """Serve the edge and its control interface until a signal, or until the environment is gone."""
    from local.edge.control import Control  # noqa: PLC0415 - the example origin needs none of it
    from local.edge.runtime import EdgeRuntime  # noqa: PLC0415 - the same
    from local.edge.server import application  # noqa: PLC0415 - the same

    async with EdgeRuntime(arguments.reference, arguments.origin_url) as runtime:
        await _run(
            [server(application(runtime.handle), arguments.port), server(Control(runtime), arguments.control_port)],
            arguments.marker,
        )


async def serve_origin(arguments: argparse.Namespace) -> None:
    """Serve the example origin until a signal, or until the environment is gone."""
    from local.edge.example_origin import application  # noqa: PLC0415 - the edge needs none of it

    app = application(arguments.reference, has_secret=arguments.lock == "secret")
    await _run([server(app, arguments.port)], arguments.marker)


def collect_rarely() -> None:
    """Leave what is loaded by now to the process's end, and the rest to fewer collections."""
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


async def _run(servers: Sequence[_Server], marker: Path) -> None:
    def stop() -> None:
        for one in servers:
            one.should_exit = True

    def look() -> None:
        if marker.exists():
            loop.call_later(_LOOK_SECONDS, look)
        else:
            stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    look()
    collect_rarely()
    await asyncio.gather(*(one.serve() for one in servers))


def main(words: Sequence[str] | None = None) -> int:
    """Serve until told to stop, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.edge.serve", description=__doc__)
    parser.add_argument("what", choices=("edge", "origin"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--reference", required=True, help="of the stack's edge, such as ssm:/strata/local/edge")
    parser.add_argument("--marker", type=Path, required=True, help="file whose end is this process's end")
    parser.add_argument("--endpoint-url", required=True, help="where AWS is")
    parser.add_argument("--control-port", type=int, help="of the edge's control interface")
    parser.add_argument("--origin-url", help="where the edge's origin listens")
    parser.add_argument("--lock", choices=("secret", "network"), help="what keeps others than the edge from the origin")
    arguments = parser.parse_args(words)
    os.environ["AWS_ENDPOINT_URL"] = arguments.endpoint_url
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        uvloop.run({"edge": serve_edge, "origin": serve_origin}[arguments.what](arguments))
    except StrataError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the log, of which `make up` shows the last line
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
