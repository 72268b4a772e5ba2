"""A tenant with rows is taken away: as the stack offboards it with ``onRemove: drop``, and by DELETE and VACUUM."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from benchmarks.comparison import Comparison, Side
from benchmarks.rows import fill
from benchmarks.server import LAYOUT, server
from strata import sql
from strata.partitions.offboard import drop_tenant
from strata.partitions.onboard import ensure_tenant
from strata.partitions.tables import PARTITIONED_TABLES
from strata.tenants import partition_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import psycopg

    from benchmarks.options import Options

_REPEATS: Final = 3
_ROWS: Final = 1_000_000
#: Tenants that stay.
_OTHERS: Final = 10


@dataclass(frozen=True)
class _Cost:
    """What one removal took: seconds, and MiB of WAL."""

    seconds: float
    wal_mib: float


def compare_removals(options: Options, disk: Path | None = None) -> tuple[Comparison, Comparison]:
    """Remove tenants of a million rows in all, in turns, and return the comparison of time, then that of WAL.

    Args:
        options: of the run.
        disk: where the server has its files; by default where temporary files are.
    """
    rows = options.rows or _ROWS
    repeats = options.repeats or _REPEATS
    with server(disk=disk) as one, one.connect() as connection:
        for number in range(_OTHERS):
            ensure_tenant(connection, f"other-{number}", LAYOUT)
        names = (f"leaver-{number}" for number in count(1))
        dropped, deleted = [], []
        for remove in (_drop, _delete):  # the first of each compiles templates and fills caches
            _cost(connection, next(names), _OTHERS * len(PARTITIONED_TABLES), remove)
        for _ in range(repeats):
            dropped.append(_cost(connection, next(names), rows, _drop))
            deleted.append(_cost(connection, next(names), rows, _delete))
    return (
        _comparison(
            "time",
            "s",
            [cost.seconds for cost in dropped],
            [cost.seconds for cost in deleted],
        ),
        _comparison("WAL", "MiB", [cost.wal_mib for cost in dropped], [cost.wal_mib for cost in deleted]),
    )


def _comparison(name: str, unit: str, dropped: Sequence[float], deleted: Sequence[float]) -> Comparison:
    offboarded = Side("offboarded with onRemove: drop", tuple(dropped))
    return Comparison(name, "ratio", unit, offboarded, Side("DELETE, then VACUUM", tuple(deleted)))


def _cost(
    connection: psycopg.Connection[Any],
    tenant_id: str,
    rows: int,
    remove: Callable[[psycopg.Connection[Any], str], None],
) -> _Cost:
    ensure_tenant(connection, tenant_id, LAYOUT)
    fill(connection, tenant_id, rows)
    _vacuum(connection, tenant_id)
    before, started = _wal_bytes(connection), time.perf_counter()
    remove(connection, tenant_id)
    seconds = time.perf_counter() - started
    cost = _Cost(seconds, (_wal_bytes(connection) - before) / 2**20)
    print(
        f"  {tenant_id} {remove.__name__.strip('_')}: {cost.seconds:.3g} s, {cost.wal_mib:.3g} MiB of WAL", flush=True
    )
    return cost


def _drop(connection: psycopg.Connection[Any], tenant_id: str) -> None:
    drop_tenant(connection, tenant_id, LAYOUT)


def _delete(connection: psycopg.Connection[Any], tenant_id: str) -> None:
    for table in PARTITIONED_TABLES:
        connection.execute(f"DELETE FROM app.{table} WHERE tenant_id = %s", (tenant_id,))  # noqa: S608 - constants
    _vacuum(connection, tenant_id)


def _vacuum(connection: psycopg.Connection[Any], tenant_id: str) -> None:
    for table in PARTITIONED_TABLES:
        connection.execute(f"VACUUM partitions.{sql.identifier(partition_name(table, tenant_id))}")


def _wal_bytes(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
    return int(row[0]) if row else 0
