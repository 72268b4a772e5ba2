"""What onboarding one tenant costs the server beyond its statements: round trips, looking, and waiting for the client.

The time is the server's own: from the connection's line in its log to the end of COMMIT. Each sample is a new process
with a cold start, as the engine's plugin process is when one tenant is added.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING, Final

from benchmarks.comparison import Named, in_turns
from benchmarks.server import LAYOUT, server
from local.postgres import programs
from strata import sql
from strata.advisory_locks import ONBOARD_KEY
from strata.partitions.onboard import ensure_tenant
from strata.partitions.render import leaves, render_onboarding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.comparison import Comparison
    from benchmarks.options import Options
    from benchmarks.server import Server

_REPEATS: Final = 30
#: Tenants that exist already; a statement takes longer with more of them, and what is added to it does not.
_EXISTING: Final = (10, 250)
_AS_THE_PROVIDER: Final = """
import sys
from infra.providers.tenant_partitions import TenantPartitionsProvider
values = {"connection": "env:STRATA_BENCHMARK_DATABASE", "state": "active", "on_remove": "archive"}
TenantPartitionsProvider().create({**values, "tenant_id": sys.argv[1], "layout": sys.argv[2], "statements": {}})
"""


def measure(options: Options) -> tuple[Comparison, ...]:
    """Onboard new tenants as the provider does and by psql, in turns; first with few tenants, which is harder."""
    with server() as one:
        names = (f"tenant-{number:04}" for number in count(1))
        return tuple(_compare(one, names, existing, options.repeats or _REPEATS) for existing in _EXISTING)


def _compare(one: Server, names: Iterator[str], existing: int, repeats: int) -> Comparison:
    with one.connect() as connection:
        while _tenants(one) < existing:
            ensure_tenant(connection, next(names), LAYOUT)
    return in_turns(
        f"beside {existing} tenants and more",
        "ratio",
        "ms",
        Named("the stack's provider", lambda: _by_provider(one, next(names))),
        Named("psql, the same statements", lambda: _by_psql(one, next(names))),
        repeats,
    )


def _tenants(one: Server) -> int:
    with one.connect() as connection:
        row = connection.execute("SELECT count(DISTINCT tenant_id) FROM strata.tenant_partitions").fetchone()
    return int(row[0]) if row else 0


def _by_provider(one: Server, tenant_id: str) -> float:
    since = one.log_size()
    words = [sys.executable, "-c", _AS_THE_PROVIDER, tenant_id, LAYOUT]
    subprocess.run(words, env={**os.environ, **one.variables}, check=True)
    return one.session_milliseconds(since)


def _by_psql(one: Server, tenant_id: str) -> float:
    since = one.log_size()
    words = [str(programs.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", one.conninfo, "-f", "-"]
    subprocess.run(words, input=script(tenant_id), text=True, stdout=subprocess.DEVNULL, check=True)
    return one.session_milliseconds(since)


def script(tenant_id: str) -> str:
    """Return what the provider executes, with the same lock and the same look at what is there."""
    values = {"onboard_key": ONBOARD_KEY, "tenant_id": tenant_id, "leaves": leaves(tenant_id, LAYOUT)}
    begin = sql.render("partitions/begin_onboarding.sql.j2", modulus=None, remainder=0, **values)
    return "\n".join([begin, *render_onboarding(tenant_id, LAYOUT).values(), "COMMIT;"])
