"""What the local edge costs beyond the server that it runs under: hits per second against a constant answer.

The constant answer is one of the edge's hits, headers and body: what the server takes to write them is no cost of the
edge. Both sides run under the same settings, and the same load asks them.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import uvloop

from benchmarks.comparison import Named, in_turns
from benchmarks.environment import environment, run
from benchmarks.http_load import TOKEN
from local.edge.process import EDGE_PORT
from local.edge.serve import collect_rarely, server
from local.paths import CHECKOUT
from local.ports import free_port, is_free, read_ports
from local.variables import process_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.comparison import Comparison
    from benchmarks.options import Options
    from local.edge.asgi import Application, Receive, Scope, Send

_REPEATS: Final = 5
_REQUESTS: Final = 20_000
_CONNECTIONS: Final = 32
_CALLER_PATH: Final = "/api/v1/payments"
_SHARED_PATH: Final = "/api/v1/config"
_READY_SECONDS: Final = 20.0


def measure(options: Options) -> tuple[Comparison, ...]:
    """Ask both in turns; then the same for answers that everybody shares."""
    repeats = options.repeats or _REPEATS
    with (
        environment(["globex"]) as one,
        _constant_server(read_ports(one.home.ports_file)[EDGE_PORT]) as constant_port,
    ):
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
def _constant_server(edge_port: int) -> Iterator[int]:
    port = free_port()
    words = [sys.executable, "-m", "benchmarks.local_edge", str(port), _hit(edge_port)]
    with subprocess.Popen(words, cwd=CHECKOUT) as process:
        try:
            deadline = time.monotonic() + _READY_SECONDS
            while is_free(port) and time.monotonic() < deadline:
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def _hit(port: int) -> str:
    """Return the headers and the body of one hit, as JSON."""
    connection = http.client.HTTPConnection("localhost", port)
    for _ in range(2):
        connection.request("GET", _CALLER_PATH, headers={"authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        body = answer.read().decode()
    connection.close()
    assert answer.headers["x-cache"] == "Hit from cloudfront", answer.headers["x-cache"]
    return json.dumps([answer.getheaders(), body])


def _constant(hit: str) -> Application:
    fields, body = json.loads(hit)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    content = body.encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app


async def _serve(port: int, hit: str) -> None:
    collect_rarely()
    await server(_constant(hit), port).serve()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
