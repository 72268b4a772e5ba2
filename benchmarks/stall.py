"""How long tenants' statements wait because something is done to another tenant, beside a report that reads."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from benchmarks.comparison import Named, in_turns
from benchmarks.traffic import Client, open_reader, worst_wait_milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from benchmarks.comparison import Comparison
    from benchmarks.environment import Environment
    from benchmarks.options import Options

_APPLICATION: Final = "strata_app"
#: Whose statements are timed, and whose rows the report reads.
_CLIENTS: Final = ("tenant-0001", "tenant-0002")
_READER: Final = "tenant-0003"


def worst_waits(one: Environment, options: Options, repeats: int, changed: Named, unchanged: str) -> Comparison:
    """Run windows of traffic with and without a change, in turns, beside a transaction that stays open in each.

    Args:
        one: an environment with ``tenant-0001`` to ``tenant-0003``.
        options: of the run.
        repeats: windows of each kind.
        changed: what is done to one more tenant in a window, which lasts until it is done.
        unchanged: what the other windows are called.
    """
    with ExitStack() as connections:
        clients = [Client(_open(one, connections, tenant), tenant) for tenant in _CLIENTS]
        reader = _open(one, connections, _READER)

        def window(work: Callable[[], object]) -> float:
            during = _beside(reader, options.window_seconds, work)
            return worst_wait_milliseconds(clients, options.window_seconds, during)

        return in_turns(
            "worst wait in a window",
            "difference",
            "ms",
            Named(changed.name, lambda: window(changed.measure)),
            Named(unchanged, lambda: window(_nothing)),
            repeats,
        )


def _open(one: Environment, connections: ExitStack, tenant_id: str) -> psycopg.Connection[Any]:
    """Return an application's connection for a tenant, as a pool keeps it."""
    connection = connections.enter_context(one.connect(_APPLICATION))
    connection.execute("SELECT set_config('app.tenant_id', %s, false)", (tenant_id,))
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    return connection


def _beside(reader: psycopg.Connection[Any], seconds: float, work: Callable[[], object]) -> Callable[[], None]:
    """Return work that begins beside an open reader, and may need its end: a detach waits for who reads its parent."""

    def during() -> None:
        with ThreadPoolExecutor(1) as pool:
            with open_reader(reader, _READER):
                done = pool.submit(work)
                time.sleep(seconds)
            done.result()

    return during


def _nothing() -> None:
    """Leave the window to the traffic."""
