"""Counts of log lines, summed over files in DuckDB: one pass over a file, whatever is grouped by.

The counts are kept by grouping set, and within it by result type, outcome and time to the first byte in milliseconds:
all figures, percentiles too, come exactly from there.
"""

# ruff: noqa: S608 - what is put into a statement is ours, or went through `literal`

from __future__ import annotations

import collections
import tempfile
from typing import TYPE_CHECKING, Any, Final, Self

import duckdb

from strata.caching.metrics.dimensions import DIMENSIONS, IN_CLOUDWATCH, OUTCOME
from strata.caching.metrics.relation import Wanted, file_lines, line_records, parquet_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from strata.caching.metrics.formats import Layout
    from strata.caching.metrics.time_range import TimeRange

#: One or several dimensions that are grouped by together; none is all requests.
GroupingSet = tuple[str, ...]
_MEASURED: Final = ("line_status", "result_type", "outcome", "in_cloudwatch", "first_byte_ms")
_SETTINGS: Final[Mapping[str, str]] = {
    # Everything that is needed is built in; nothing may be fetched.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "false",
}


class Counter:
    """Counts lines by grouping sets.

    Args:
        sets: what is grouped by; the empty set, all requests, is always there.
        time_range: the window.
        threads: of DuckDB; None is one for each processor.

    Attributes:
        lines: how many lines became what: ``record``, ``outside`` and ``undated``.
    """

    def __init__(self, sets: Sequence[GroupingSet], time_range: TimeRange, threads: int | None = None) -> None:
        self.sets: tuple[GroupingSet, ...] = tuple(dict.fromkeys([(), *sets]))
        self.dimensions = tuple(dict.fromkeys(name for one in self.sets for name in one))
        self.lines: collections.Counter[str] = collections.Counter()
        self._wanted = Wanted(self.dimensions, time_range)
        self._folder = tempfile.TemporaryDirectory(prefix="strata-logs-")
        settings: dict[str, str | bool | int | float | list[str]] = {**_SETTINGS, "temp_directory": self._folder.name}
        if threads is not None:
            settings["threads"] = threads
        self.connection = duckdb.connect(config=settings)
        columns = ", ".join(f"{name}_value VARCHAR" for name in self.dimensions)
        self.connection.execute(
            f"CREATE TABLE counts (set_mask BIGINT, file VARCHAR, {columns}{', ' if columns else ''}"
            "line_status VARCHAR, result_type VARCHAR, outcome VARCHAR, in_cloudwatch BOOLEAN, first_byte_ms BIGINT, "
            "requests BIGINT, sent_bytes HUGEINT)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self._folder.cleanup()

    def mask(self, one: GroupingSet) -> int:
        """Return what GROUPING says of a set: a bit for each column that is not in it, the first one highest."""
        bits = "".join("0" if name in one else "1" for name in self.dimensions)
        return int(f"1{bits}", 2)

    def parquet_columns(self, path: Path) -> tuple[str, ...]:
        """Return the names of a Parquet file's columns.

        Raises:
            duckdb.Error: it is none.
        """
        rows = self.connection.execute("DESCRIBE SELECT * FROM read_parquet($file)", {"file": str(path)}).fetchall()
        return tuple(str(row[0]) for row in rows)

    def count_files(self, layout: Layout, paths: Sequence[Path]) -> frozenset[str]:
        """Count files of one layout; return the paths of those with broken lines. `keep` adds the counts to the sum.

        Raises:
            duckdb.Error: DuckDB cannot read one of them.
        """
        if layout.format == "parquet":
            records = parquet_records(layout, self._wanted)
        else:
            records = line_records(layout, file_lines(layout), self._wanted)
        self._count(records, {"files": [str(path) for path in paths]})
        broken = self.connection.execute("SELECT file FROM batch WHERE file IS NOT NULL AND line_status = 'broken'")
        return frozenset(path for (path,) in broken.fetchall())

    def count_lines(self, layout: Layout, lines: Sequence[str], numbers: Sequence[int]) -> Sequence[int]:
        """Count lines of one layout and keep it; return the numbers of those that are broken."""
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE chunk AS "
            "SELECT unnest($numbers::BIGINT[])::VARCHAR AS file, unnest($lines::VARCHAR[]) AS line",
            {"numbers": list(numbers), "lines": list(lines)},
        )
        self._count(line_records(layout, "FROM chunk", self._wanted, is_checked=True), {})
        self.keep()
        broken = self.connection.execute("SELECT file FROM batch WHERE file IS NOT NULL AND line_status = 'broken'")
        return [int(number) for (number,) in broken.fetchall()]

    def keep(self) -> None:
        """Add what was counted last to the sum."""
        self.connection.execute("INSERT INTO counts FROM batch WHERE line_status = 'record' AND file IS NULL")
        statuses = self.connection.execute(
            "SELECT line_status, sum(requests)::BIGINT FROM batch WHERE file IS NOT NULL GROUP BY line_status"
        )
        self.lines.update(dict(statuses.fetchall()))

    def _count(self, records: str, parameters: Mapping[str, Any]) -> None:
        named = [f"{DIMENSIONS[name].sql} AS {name}_value" for name in self.dimensions]
        measured = (
            f"line_status, x_edge_result_type AS result_type, {OUTCOME} AS outcome, {IN_CLOUDWATCH} AS in_cloudwatch, "
            "CAST(1000 * TRY_CAST(time_to_first_byte AS DECIMAL(18, 3)) AS BIGINT) AS first_byte_ms, "
            "TRY_CAST(sc_bytes AS BIGINT) AS sent_bytes"
        )
        columns = ", ".join(["file", *(f"{name}_value" for name in self.dimensions)])
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE batch AS "
            f"SELECT GROUPING({columns}) AS set_mask, {columns}, {', '.join(_MEASURED)}, "
            "count(*) AS requests, coalesce(sum(sent_bytes), 0) AS sent_bytes "
            f"FROM (SELECT {', '.join(['file', *named, measured])} FROM ({records})) "
            f"GROUP BY GROUPING SETS ((file, line_status), {', '.join(map(self._grouped, self.sets))})",
            dict(parameters),
        )

    def _grouped(self, one: GroupingSet) -> str:
        return f"({', '.join([*(f'{name}_value' for name in one), *_MEASURED])})"
