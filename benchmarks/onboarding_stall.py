"""How long other tenants' statements wait because a tenant is onboarded, beside a report that reads for a minute."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from benchmarks.comparison import Named, in_turns
from benchmarks.environment import environment
from benchmarks.traffic import Client, open_reader, worst_wait_milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from benchmarks.comparison import Comparison
    from benchmarks.environment import Environment
    from benchmarks.options import Options

_REPEATS: Final = 5
_APPLICATION: Final = "strata_app"
#: Whose statements are timed, and whose rows the report reads.
_CLIENTS: Final = ("tenant-0001", "tenant-0002")
_READER: Final = "tenant-0003"


def measure(options: Options) -> tuple[Comparison, ...]:
    """Run windows of traffic with and without an onboarding, in turns, beside a transaction that stays open."""
    repeats = options.repeats or _REPEATS
    # With the reserved tenant and those onboarded meanwhile, the stack ends with as many as the options say.
    existing = [f"tenant-{number:04}" for number in range(1, options.tenants - repeats - 1)]
    with environment(existing) as one, ExitStack() as connections:
        clients = [Client(_open(one, connections, tenant), tenant) for tenant in _CLIENTS]
        reader = _open(one, connections, _READER)
        names = (f"newcomer-{number}" for number in count(1))

        def window(during: Callable[[], None]) -> float:
            with open_reader(reader, _READER):
                return worst_wait_milliseconds(clients, options.window_seconds, during)

        return (
            in_turns(
                "worst wait in a window",
                "difference",
                "ms",
                Named("a tenant is onboarded by pulumi up", lambda: window(lambda: _onboard(one, next(names)))),
                Named("nothing is onboarded", lambda: window(_nothing)),
                repeats,
            ),
        )


def _open(one: Environment, connections: ExitStack, tenant_id: str) -> psycopg.Connection[Any]:
    """Return an application's connection for a tenant, as a pool keeps it."""
    connection = connections.enter_context(one.connect(_APPLICATION))
    connection.execute("SELECT set_config('app.tenant_id', %s, false)", (tenant_id,))
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    return connection


def _nothing() -> None:
    """Leave the window to the traffic."""


def _onboard(one: Environment, tenant_id: str) -> None:
    one.write_tenants([*one.tenants, tenant_id])
    one.pulumi("up", "--yes", "--skip-preview")
