"""What the commands show: the summary after `up` and the table of `status`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from local import postgres, stack
from local.edge import process as edge
from local.emulator import server
from local.paths import STACK
from local.ports import read_ports

if TYPE_CHECKING:
    from pathlib import Path

    from local.paths import Home


@dataclass(frozen=True)
class Row:
    """One process of the environment.

    Args:
        name: what it is.
        state: ``running`` or ``stopped``.
        pid: its process id while it runs.
        since: when it started, in UTC.
        port: the loopback port that is kept for it.
    """

    name: str
    state: str
    pid: int | None
    since: datetime | None
    port: int | None

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        since = self.since.strftime("%Y-%m-%d %H:%M:%S UTC") if self.since else "-"
        return self.name, self.state, str(self.pid or "-"), since, str(self.port or "-")


def processes(home: Home) -> list[Row]:
    """Return the processes that belong to the environment, running or not."""
    databases = [_database(folder) for folder in postgres.folders(home.root)]
    return [_emulator(home), *databases, *(_edge(home, part) for part in edge.PARTS if part.record_file(home).exists())]


def _emulator(home: Home) -> Row:
    record = server.running(home)
    if record is None:
        return Row("AWS emulator", "stopped", None, None, read_ports(home.ports_file).get(server.PORT_NAME))
    return Row("AWS emulator", "running", record.pid, datetime.fromtimestamp(record.since, UTC), record.port)


def _edge(home: Home, part: edge.Part) -> Row:
    record = part.running(home)
    if record is None:
        return Row(part.name, "stopped", None, None, read_ports(home.ports_file).get(part.kind))
    return Row(part.name, "running", record.pid, datetime.fromtimestamp(record.since, UTC), record.port)


def _database(folder: Path) -> Row:
    instance = postgres.describe(folder)
    name = f"PostgreSQL {instance.identifier}"
    if not postgres.is_running(folder):
        return Row(name, "stopped", None, None, instance.port)
    # Line 1 is the postmaster's pid, line 3 its start in seconds since the epoch (PostgreSQL's pidfile.h).
    lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    return Row(name, "running", int(lines[0]), datetime.fromtimestamp(int(lines[2]), UTC), instance.port)


def status(home: Home) -> str:
    """Return the table of processes and one line about the stack."""
    rows = [("NAME", "STATE", "PID", "SINCE", "PORT"), *(row.cells() for row in processes(home))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    count, pending = len(stack.resources(home)), stack.pending_operations(home)
    about = f"stack {STACK}: {count} resources" + (f", {len(pending)} interrupted operations" if pending else "")
    return "\n".join([*table, "", about, f"home: {home.root}", *_advice(home, interrupted=bool(pending))])


def _advice(home: Home, *, interrupted: bool) -> list[str]:
    stopped = any(row.state == "stopped" for row in processes(home))
    return ["next: make up"] if stopped or interrupted or home.stale_marker.exists() else []


def summary(home: Home, seconds: float) -> str:
    """Return what a user wants to know after `up`."""
    source = f"source {_short(home.environment_file)}"
    found = stack.outputs(home)
    width = max(map(len, found), default=0)
    listed = [f"  {name.ljust(width)}  {_shown(value)}" for name, value in sorted(found.items())]
    table = "psql \"$STRATA_DATABASE_URL\" -c '\\d+ app.payments'"
    steps = [
        f"1. Onboard a tenant: add the line `- acme` under strata:tenants in {_short(home.stack_file)}, then",
        f"     {source} && pulumi preview --diff && pulumi up",
        f"2. See its partitions: {table}",
        "3. Kill anything and heal: make status, kill -9 a PID of it, make up",
    ]
    return "\n".join(
        [
            "",
            f"Stack {STACK} is up: {len(stack.resources(home))} resources, {seconds:.0f} s.",
            "",
            "Connect",
            f"  {source}",
            '  psql "$STRATA_DATABASE_URL"',
            "",
            *_edge_lines(home),
            "Outputs",
            *(listed or ["  none"]),
            "",
            "Try next",
            *(f"  {step}" for step in steps),
        ]
    )


def _edge_lines(home: Home) -> list[str]:
    """Return what shows the edge at work: a miss, a hit, and a miss of another caller."""
    ports = read_ports(home.ports_file)
    if edge.EDGE.running(home) is None:
        return ["Edge", "  not started: the stack has no distribution (strata:api, strata:cdn enabled)", ""]
    own = edge.ORIGIN.running(home) is None
    origin = (
        f"your own API ({edge.ORIGIN_VARIABLE})" if own else f"the example origin on port {ports[edge.ORIGIN_PORT]}"
    )
    ask = 'curl -si -H "Authorization: Bearer $caller" "$STRATA_EDGE_URL$path"'
    return [
        "Edge",
        f"  http://localhost:{ports[edge.EDGE_PORT]} in front of {origin}",
        "  Miss, then Hit, then Miss for another caller:",
        "    path=/api/v1/payments/$(date +%s)",
        f'    for caller in alice alice bob; do echo "$caller $({ask} | grep -i ^x-cache)"; done',
        f"  Its clock, figures and last decisions: curl -s http://localhost:{ports[edge.CONTROL_PORT]}/decisions",
        *([] if own else [f"  Your own API instead: {edge.ORIGIN_VARIABLE}=http://localhost:PORT make up"]),
        "",
    ]


def _short(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _shown(value: object) -> str:
    is_secret = isinstance(value, dict) and "4dabf18193072939515e22adb298388d" in value
    return "[secret]" if is_secret else str(value)
