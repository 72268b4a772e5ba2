"""A registry of 4,000 partitions whose figures are refreshed, against one query that reads them from the catalog."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.comparison import Named, in_turns
from benchmarks.rows import fill
from benchmarks.server import LAYOUT, server
from strata.partitions.onboard import ensure_tenant
from strata.partitions.statistics import refresh_partition_stats
from strata.partitions.tables import PARTITIONED_TABLES

if TYPE_CHECKING:
    import psycopg

    from benchmarks.comparison import Comparison
    from benchmarks.options import Options

_REPEATS: Final = 15
_TENANTS: Final = 1_000
#: Of each tenant, in four tables; without any, there would be no file to measure.
_ROWS: Final = 40
#: The same columns of every partition as a refresh reads: rows, bytes, and when it was last analyzed.
_COLUMNS: Final = """
SELECT leaf.relname, nullif(leaf.reltuples, -1)::bigint, {bytes} AS bytes,
    greatest(pg_stat_get_last_analyze_time(leaf.oid), pg_stat_get_last_autoanalyze_time(leaf.oid))
FROM pg_class leaf {joins} WHERE leaf.relnamespace = 'partitions'::regnamespace AND leaf.relkind = 'r'
"""
_MEASURED: Final = _COLUMNS.format(bytes="pg_total_relation_size(leaf.oid)", joins="")
#: The planner's pages of the table, its indexes, its TOAST table and that one's index.
_PAGES: Final = """
WITH pages AS (
    SELECT coalesce(i.indrelid, c.oid) AS oid, sum(c.relpages) AS pages
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relkind IN ('i', 't') AND c.relnamespace IN ('partitions'::regnamespace, 'pg_toast'::regnamespace)
    GROUP BY 1
)
"""
_PLANNED: Final = _PAGES + _COLUMNS.format(
    bytes="(leaf.relpages + coalesce(side.pages, 0) + coalesce(toast.pages, 0)) * 8192::bigint",
    joins="LEFT JOIN pages side ON side.oid = leaf.oid LEFT JOIN pages toast ON toast.oid = leaf.reltoastrelid",
)


def compare_refreshes(options: Options, *, with_sizes: bool) -> tuple[Comparison, ...]:
    """Make a registry, and refresh it in turns with the query: when every figure has changed, and when none has."""
    tenants = options.tenants or _TENANTS
    with server() as one, one.connect() as connection:
        _make(connection, tenants, options.rows or _ROWS)
        leaves = tenants * len(PARTITIONED_TABLES)
        return _compare(connection, leaves, options.repeats or _REPEATS, with_sizes=with_sizes)


def _compare(
    connection: psycopg.Connection[Any], leaves: int, repeats: int, *, with_sizes: bool
) -> tuple[Comparison, ...]:
    query = _MEASURED if with_sizes else _PLANNED
    read = Named("one catalog query of the same columns", lambda: _milliseconds(connection, query))

    def refresh(expected: int) -> float:
        if expected:
            _forget(connection)
        started = time.perf_counter()
        refreshed = refresh_partition_stats(connection, with_sizes=with_sizes)
        milliseconds = (time.perf_counter() - started) * 1_000
        if refreshed != expected:
            raise ValueError(f"{refreshed} partitions were refreshed, and not {expected}")
        return milliseconds

    changed = Named("refresh, every figure has changed", lambda: refresh(leaves))
    unchanged = Named("refresh, no figure has changed", lambda: refresh(0))
    where = f"{leaves} leaves, {'with' if with_sizes else 'without'} sizes"
    return (
        in_turns(f"{where}, all changed", "ratio", "ms", changed, read, repeats),
        in_turns(f"{where}, none changed", "ratio", "ms", unchanged, read, repeats),
    )


def _make(connection: psycopg.Connection[Any], tenants: int, rows: int) -> None:
    print(f"  {tenants} tenants with {rows} rows each", flush=True)
    for number in range(tenants):
        ensure_tenant(connection, f"tenant-{number:04}", LAYOUT)
        fill(connection, f"tenant-{number:04}", rows)
    connection.execute("VACUUM (ANALYZE)")


def _forget(connection: psycopg.Connection[Any]) -> None:
    """Let the registry know of no figure, and leave it as tidy as autovacuum does."""
    connection.execute(
        "UPDATE strata.tenant_partitions SET row_estimate = NULL, bytes = NULL, bytes_measured_at = NULL,"
        " last_analyzed_at = NULL"
    )
    connection.execute("VACUUM (ANALYZE) strata.tenant_partitions")


def _milliseconds(connection: psycopg.Connection[Any], query: str) -> float:
    started = time.perf_counter()
    connection.execute(query).fetchall()
    return (time.perf_counter() - started) * 1_000
