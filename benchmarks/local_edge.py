"""What the local edge costs beyond the server that it runs under: hits per second against a constant answer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import uvloop

from benchmarks.comparison import Named, in_turns
from benchmarks.environment import environment, run
from local.edge.process import EDGE_PORT
from local.edge.serve import server
from local.paths import CHECKOUT
from local.ports import free_port, is_free, read_ports
from local.variables import process_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.comparison import Comparison
    from benchmarks.options import Options
    from local.edge.asgi import Receive, Scope, Send

_REPEATS: Final = 5
_REQUESTS: Final = 20_000
_CONNECTIONS: Final = 32
_CALLER_PATH: Final = "/api/v1/payments"
_SHARED_PATH: Final = "/api/v1/config"
_READY_SECONDS: Final = 20.0
#: As long as the example origin's answers.
_BODY: Final = json.dumps({"caller": "everybody", "answer": "x" * 64}).encode()


def measure(options: Options) -> tuple[Comparison, ...]:
    """Ask both in turns; then the same for answers that everybody shares."""
    repeats = options.repeats or _REPEATS
    with environment(["globex"]) as one, _constant_server() as constant_port:
        variables = process_environment(one.home)
        port = read_ports(one.home.ports_file)[EDGE_PORT]

        def requests_per_second(port: int, path: str) -> float:
            words = [sys.executable, "-m", "benchmarks.http_load", str(port), path, str(_REQUESTS), str(_CONNECTIONS)]
            return _REQUESTS / float(run(words, variables, CHECKOUT))

        constant = Named("the same server with a constant answer", lambda: requests_per_second(constant_port, "/"))
        caller = Named("hits of one caller", lambda: requests_per_second(port, _CALLER_PATH))
        shared = Named("hits that everybody shares", lambda: requests_per_second(port, _SHARED_PATH))
        return (
            in_turns("a caller's own data", "ratio", "requests/s", caller, constant, repeats),
            in_turns("data for everybody", "ratio", "requests/s", shared, constant, repeats),
        )


@contextmanager
def _constant_server() -> Iterator[int]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "benchmarks.local_edge", str(port)], cwd=CHECKOUT) as process:
        try:
            deadline = time.monotonic() + _READY_SECONDS
            while is_free(port) and time.monotonic() < deadline:
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


async def _constant(scope: Scope, receive: Receive, send: Send) -> None:
    del scope
    await receive()
    headers: list[Any] = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


if __name__ == "__main__":
    uvloop.run(server(_constant, int(sys.argv[1])).serve())
