"""What row-level security costs a query that carries its tenant: planning and execution at 1,000 partitions.

One side is a session of a role that is no owner, the other a session of the owner, whom no policy holds: the same
tables, the same text, in turns as short as 40 statements.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from benchmarks.comparison import Named, in_turns
from benchmarks.server import server

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from benchmarks.comparison import Comparison
    from benchmarks.options import Options

_REPEATS: Final = 101
#: Statements of one sample; the sample is their median, so that a pause of the machine is none of it.
_CALLS: Final = 40
_ROWS: Final = 2_000
#: Partitions that one transaction makes.
_BATCH: Final = 100
_ROLE: Final = "benchmark_application"
_TENANTS: Final = 1_000
_TENANT: Final = "tenant-0001"
_SETTLE: Final = "SELECT set_config('row_security', 'on', false), set_config('app.tenant_id', %s, false)"
_QUERIES: Final = {
    "the latest 50 of a tenant": f"""
        SELECT id, status, amount_minor FROM app.payments WHERE tenant_id = '{_TENANT}'
        ORDER BY created_at DESC LIMIT 50""",  # noqa: S608 - names of this module
    "one row by its key": f"""
        SELECT * FROM app.payments WHERE tenant_id = '{_TENANT}' AND idempotency_key = 'k777'""",  # noqa: S608 - as above
}


def measure(options: Options) -> tuple[Comparison, ...]:
    """Time each query with and without the policies, in turns."""
    with server() as one, one.connect() as owner:
        _make_partitions(owner, options.tenants or _TENANTS)
        _fill(owner)
        with one.connect() as application:
            application.execute(f"SET ROLE {_ROLE}")
            application.execute(_SETTLE, (_TENANT,))
            return tuple(
                in_turns(
                    name,
                    "ratio",
                    "ms",
                    Named("with the policy", _sample(application, query)),
                    Named("as the owner, without it", _sample(owner, query)),
                    options.repeats or _REPEATS,
                )
                for name, query in _QUERIES.items()
            )


def _make_partitions(owner: psycopg.Connection[Any], tenants: int) -> None:
    """Give the tenants their partitions of the one table that is read."""
    for first in range(1, tenants + 1, _BATCH):
        last = min(first + _BATCH - 1, tenants)
        owner.execute(
            "SELECT strata.create_tenant_partition('payments', 'tenant-' || to_char(n, 'FM0000'))"
            " FROM generate_series(%s::int, %s::int) n",
            (first, last),
        )


def _fill(owner: psycopg.Connection[Any]) -> None:
    owner.execute("SET ROLE NONE")  # RESET would give back the role of the login's options
    owner.execute(f"CREATE ROLE {_ROLE}")
    owner.execute(f"GRANT {_ROLE} TO strata_deployer WITH INHERIT FALSE, SET TRUE")
    owner.execute("SET ROLE strata_owner")
    owner.execute(f"GRANT USAGE ON SCHEMA app TO {_ROLE}")
    owner.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA app TO {_ROLE}")
    owner.execute(
        "INSERT INTO app.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method, created_at)"
        " SELECT %s, 'k' || n, n, 'EUR', 'card', now() - n * interval '1 minute' FROM generate_series(1, %s) n",
        (_TENANT, _ROWS),
    )
    owner.execute('ANALYZE partitions."payments_p_tenant-0001"')


def _sample(connection: psycopg.Connection[Any], query: str) -> Callable[[], float]:
    """Return a measurement: the median time of a statement that is sent, planned and executed anew each time."""

    def sample() -> float:
        times = []
        for _ in range(_CALLS):
            started = perf_counter()
            connection.execute(query, prepare=False).fetchall()
            times.append((perf_counter() - started) * 1_000)
        return median(times)

    return sample
