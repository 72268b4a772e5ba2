"""A stack with 10,000 tenants, in buckets: what it takes to get there, and what each query and preview costs then."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from benchmarks.comparison import Comparison, Side
from benchmarks.environment import environment
from benchmarks.rows import fill
from strata.rollout import BULK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.environment import Environment
    from benchmarks.options import Options

_REPEATS: Final = 400
_TENANTS: Final = 10_000
#: Tenants with rows, whose queries are timed before and after.
_FIRST: Final = 10
_ROWS: Final = 20_000
_APPLICATION: Final = "strata_app"
_DEPLOYER: Final = "strata_deployer"
_OWNER: Final = "strata_owner"
_TABLES: Final = ("payments", "invoices", "audit_logs", "webhook_logs")


def measure(options: Options) -> tuple[Comparison, ...]:
    """Onboard ten tenants, time their queries, onboard the rest, and time them again."""
    count, repeats = options.tenants or _TENANTS, options.repeats or _REPEATS
    tenants = [f"tenant-{number:05}" for number in range(count - 1)]  # with the reserved one, as many as wanted
    first = tenants[:_FIRST]
    settings = {"strata:partitions": {"layout": "bucketed", "capacity": count}}
    with environment(first, settings) as one:
        _fill(one, first, options.rows or _ROWS)
        before = _query_milliseconds(one, first, repeats)
        one.write_tenants(tenants)
        onboarding = one.pulumi("up", "--yes", "--skip-preview", **BULK)
        print(f"  {count - len(first) - 1} tenants onboarded in {onboarding:.0f} s", flush=True)
        after = _query_milliseconds(one, first, repeats)
        state = sum(path.stat().st_size for path in one.home.state.glob("**/stacks/**/*.json")) / 2**20
        preview = one.pulumi("preview", "--expect-no-changes")
    where = f"at {count} tenants"
    return (
        Comparison(
            "a tenant's page of 20 rows",
            "ratio of medians",  # the samples of the two sides are an onboarding apart
            "ms",
            Side(where, after),
            Side(f"at {_FIRST}", before),
        ),
        Comparison(
            "first pulumi up", "figure", "s", Side(f"{count - len(first) - 1} tenants, bulk mode", (onboarding,))
        ),
        Comparison("state", "figure", "MiB", Side(where, (state,))),
        Comparison("preview without changes", "figure", "s", Side(where, (preview,))),
    )


def _fill(one: Environment, tenants: Sequence[str], rows: int) -> None:
    with closing(one.connect(_DEPLOYER)) as connection:
        connection.execute(f"SET ROLE {_OWNER}")
        for tenant_id in tenants:
            fill(connection, tenant_id, rows)
        for table in _TABLES:
            connection.execute(f"VACUUM (ANALYZE) app.{table}")  # as autovacuum has by the second round


def _query_milliseconds(one: Environment, tenants: Sequence[str], repeats: int) -> tuple[float, ...]:
    """Time a query of each table on the application's connection, after one round that does not count."""
    milliseconds = []
    with closing(one.connect(_APPLICATION)) as connection:
        for number in range(repeats + len(tenants) * len(_TABLES)):
            tenant_id, table = tenants[number // len(_TABLES) % len(tenants)], _TABLES[number % len(_TABLES)]
            connection.execute("SELECT set_config('app.tenant_id', %s, false)", (tenant_id,))
            started = time.perf_counter()
            connection.execute(
                f"SELECT * FROM app.{table} WHERE tenant_id = %s ORDER BY created_at DESC LIMIT 20",  # noqa: S608 - constants
                (tenant_id,),
            ).fetchall()
            milliseconds.append((time.perf_counter() - started) * 1_000)
    return tuple(milliseconds[-repeats:])
