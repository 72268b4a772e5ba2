"""Start, find and stop the local edge of an environment, and the example origin behind it."""

from __future__ import annotations

import http.client
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from local import processes, stack
from local.edge.origin_client import parse_origin_url
from local.paths import CHECKOUT, STACK
from local.ports import kept_port, read_ports
from local.process_table import words_of
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from local.paths import Home

#: Says what `strata` and the edge itself read about the stack's edge.
REFERENCE: Final = f"ssm:/strata/{STACK}/edge"
#: Environment variable with the address of the user's own API.
ORIGIN_VARIABLE: Final = "STRATA_ORIGIN_URL"
#: Names in `ports.json`.
EDGE_PORT: Final = "edge"
CONTROL_PORT: Final = "edge-control"
ORIGIN_PORT: Final = "origin"
#: Both are ready in about a second; a machine at its limits gets more.
READY_SECONDS: Final = 60.0
#: Time to write the last access logs when it is asked to stop.
STOP_SECONDS: Final = 10.0


class EdgeProcessError(StrataError):
    """The local edge, or the example origin, did not start."""


@dataclass(frozen=True)
class Part:
    """One of the two processes.

    Args:
        name: as commands show it.
        kind: its name in `local.edge.serve`, of its folder and of its log.
        ready_path: answers 200 once it is ready.
        ready_port: name of the port where it does.
    """

    name: str
    kind: str
    ready_path: str
    ready_port: str

    def record_file(self, home: Home) -> Path:
        """Return where its process is recorded; the file stays while it is meant to run."""
        return home.root / self.kind / "process.json"

    def log(self, home: Home) -> Path:
        """Return its log."""
        return home.logs / f"{self.kind}.log"

    def running(self, home: Home) -> processes.ProcessRecord | None:
        """Return its process if it runs."""
        record = processes.read_record(self.record_file(home))
        return record if record is not None and record.is_running else None


EDGE: Final = Part("local edge", "edge", "/", CONTROL_PORT)
ORIGIN: Final = Part("example origin", "origin", "/healthz", ORIGIN_PORT)
PARTS: Final = (EDGE, ORIGIN)


def start(home: Home, environment: Mapping[str, str], say: Callable[[str], None]) -> bool:
    """Start the edge in front of an origin, unless both run as they should, and return once they answer.

    Args:
        home: the environment, whose stack is up.
        environment: variables that lead boto3 to the emulator; of STRATA_ORIGIN_URL, where an API of the user's is.
        say: is told what the user should know.

    Returns:
        whether the stack has an edge at all; without one, nothing is left running.

    Raises:
        EdgeProcessError: one of them ended, or did not answer in time.
        OriginAddressError: STRATA_ORIGIN_URL leads beyond this machine.
    """
    outputs = stack.outputs(home)
    if "cdn_distribution_id" not in outputs:
        stop(home)
        _forget(home, PARTS)
        return False
    own = environment.get(ORIGIN_VARIABLE)
    if own is None:
        lock = "secret" if "edge_secret_arn" in outputs else "network"
        record = _ensure(home, ORIGIN, environment, say, {"lock": lock})
        origin_url = f"http://localhost:{record.port}"
    else:
        origin_url = parse_origin_url(own)
        _stop(home, ORIGIN)
        _forget(home, [ORIGIN])
    control_port = _port(home, CONTROL_PORT, "the local edge's control interface", say, is_kept=EDGE.running(home))
    _ensure(home, EDGE, environment, say, {"control-port": str(control_port), "origin-url": origin_url})
    return True


def _ensure(
    home: Home, part: Part, environment: Mapping[str, str], say: Callable[[str], None], options: Mapping[str, str]
) -> processes.ProcessRecord:
    # Among the words of the process, so that one that would look for AWS elsewhere is replaced.
    options = {"endpoint-url": environment["AWS_ENDPOINT_URL"], **options}
    record = part.running(home)
    if record is None or list(words_of(record.pid)) != _command(home, record.port, part, options):
        _stop(home, part)
        port = _port(home, part.kind, f"the {part.name}", say)
        command = _command(home, port, part, options)
        record = processes.spawn(command, dict(environment), CHECKOUT, part.log(home), port)
        part.record_file(home).parent.mkdir(exist_ok=True)
        processes.write_record(part.record_file(home), record)
    _wait_until_ready(home, part, record)
    return record


def _command(home: Home, port: int, part: Part, options: Mapping[str, str]) -> list[str]:
    words = [str(CHECKOUT / ".venv" / "bin" / "python"), "-m", "local.edge.serve", part.kind]
    every = {"port": str(port), "reference": REFERENCE, "marker": str(home.marker), **options}
    return [*words, *(word for name, value in every.items() for word in (f"--{name}", value))]


def _port(
    home: Home, name: str, who: str, say: Callable[[str], None], *, is_kept: processes.ProcessRecord | None = None
) -> int:
    if is_kept is not None:
        return read_ports(home.ports_file)[name]
    port, given_up = kept_port(home.ports_file, name)
    if given_up is not None:
        say(f"port {given_up} now belongs to another program; {who} moves to {port}")
    return port


def stop(home: Home) -> None:
    """Stop the edge, which writes its last logs, and then the example origin."""
    for part in PARTS:
        _stop(home, part)


def _stop(home: Home, part: Part) -> None:
    record = part.running(home)
    if record is not None:
        processes.stop(record, STOP_SECONDS)


def _forget(home: Home, parts: list[Part] | tuple[Part, ...]) -> None:
    for part in parts:
        part.record_file(home).unlink(missing_ok=True)


def _wait_until_ready(home: Home, part: Part, record: processes.ProcessRecord) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if not record.is_running:
            raise _failure(home, part, f"the {part.name} ended while it was starting")
        if _is_ready(read_ports(home.ports_file)[part.ready_port], part.ready_path):
            return
        time.sleep(0.05)
    raise _failure(home, part, f"the {part.name} did not answer within {READY_SECONDS:.0f} s")


def _is_ready(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("localhost", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _failure(home: Home, part: Part, what: str) -> EdgeProcessError:
    lines = part.log(home).read_text(errors="replace").splitlines()
    return EdgeProcessError(
        f"{what}: {lines[-1] if lines else 'it wrote nothing'}",
        where={"log": os.path.relpath(part.log(home))},
        next_command="make up (after the cause in the log is gone)",
    )
