"""The lines of log files as an SQL relation with one column for each field, whatever the format."""

# ruff: noqa: S608 - what is put into a statement is ours, or went through `literal`

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.caching.metrics.dimensions import (
    BEHAVIOR,
    COUNTED_FIELDS,
    DIMENSIONS,
    FIELDS,
    MATCHED_BEHAVIOR,
    MOMENT,
    MOMENT_FIELDS,
    REQUIRED_FIELD,
    canonical,
    decoded,
    literal,
)
from strata.caching.metrics.formats import FIELDS_HEADER
from strata.caching.metrics.lines import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from strata.caching.metrics.formats import Layout
    from strata.caching.metrics.time_range import TimeRange

#: Lines one by one: a separator that no log has, so that the reader only looks for the ends of lines.
FILE_LINES: Final = (
    "SELECT filename AS file, line FROM read_csv($files, delim = '\\x01', quote = '', escape = '', header = false, "
    "auto_detect = false, columns = {'line': 'VARCHAR'}, filename = true, "
    f"max_line_size = {MAX_LINE_BYTES}, compression = "
)
#: Percent-encoded, whatever the format (Developer Guide, "Standard logging reference"); what else is, is only counted.
_ENCODED: Final = ("cache_behavior_path_pattern", "cs_uri_stem")
_RESULT_TYPE: Final = canonical(REQUIRED_FIELD)


def file_lines(layout: Layout) -> str:
    """Return SQL for the lines of the files ``$files``, with columns file and line."""
    return f"{FILE_LINES}{literal('gzip' if layout.is_gzipped else 'none')})"


@dataclass(frozen=True)
class Wanted:
    """What is wanted of the lines.

    Args:
        dimensions: names of dimensions.
        time_range: the window.
    """

    dimensions: tuple[str, ...]
    time_range: TimeRange

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are needed, as CloudFront spells them; each one costs time."""
        needed = {field for name in self.dimensions for field in DIMENSIONS[name].fields}
        needed.update(COUNTED_FIELDS, () if self.time_range.is_open else MOMENT_FIELDS)
        return tuple(name for name in FIELDS if canonical(name) in needed)

    @property
    def needs_behavior(self) -> bool:
        """Whether the behavior has to be found."""
        return "cs-uri-stem" in self.fields


def line_records(layout: Layout, lines: str, wanted: Wanted, *, is_checked: bool = False) -> str:
    """Return SQL for the records of lines.

    Args:
        layout: how a line is read.
        lines: SQL with the columns file and line.
        wanted: which fields, and which window.
        is_checked: look before parsing, so that no line can end the query; half as fast.
    """
    if layout.format == "json":
        parts = _json_parts(wanted.fields, is_checked=is_checked)
        columns = [_value(f"parts[{place}]", canonical(name)) for place, name in enumerate(wanted.fields, start=1)]
        is_header, is_whole = "false", "true"
    else:
        parts = f"string_split(line, {literal(layout.delimiter)})"
        columns = [_text_value(layout, canonical(name)) for name in wanted.fields]
        is_header = "false" if layout.header is None else f"line = {literal(layout.header)}"
        # Another header means other fields for what follows: not for this layout to read.
        is_whole = f"len(parts) = {len(layout.fields)} AND NOT starts_with(line, {literal(FIELDS_HEADER)})"
    flags = [
        f"{is_header} AS is_header",
        _is_comment(layout),
        f"{is_whole} AS is_whole",
        "NOT contains(line, chr(0)) AS is_clean",
    ]
    split = f"SELECT file, line, {parts} AS parts FROM ({lines})"
    return _with_status(f"SELECT file, {', '.join([*flags, *columns])} FROM ({split})", wanted)


def parquet_records(layout: Layout, wanted: Wanted) -> str:
    """Return SQL for the records of the Parquet files ``$files``; a column is absent where the delivery left it out."""
    column_of = {canonical(column): column for column in layout.fields}
    columns = [
        _value(f"CAST({_identifier(column_of[name])} AS VARCHAR)", name) if name in column_of else _absent(name)
        for name in map(canonical, wanted.fields)
    ]
    flags = ["false AS is_header", "false AS is_comment", "true AS is_whole", "true AS is_clean"]
    selected = ", ".join(["filename AS file", *flags, *columns])
    return _with_status(f"SELECT {selected} FROM read_parquet($files, filename = true)", wanted)


def _with_status(records: str, wanted: Wanted) -> str:
    """Say of each line what becomes of it: only a ``record`` is counted."""
    cases = [
        "WHEN NOT is_clean THEN 'broken' WHEN is_header THEN 'header' WHEN is_comment THEN 'comment'",
        f"WHEN NOT is_whole OR {_RESULT_TYPE} IS NULL THEN 'broken'",
    ]
    if not wanted.time_range.is_open:
        cases.append(f"WHEN {MOMENT} IS NULL THEN 'undated' WHEN NOT ({_within(wanted.time_range)}) THEN 'outside'")
    columns = ["*", f"CASE {' '.join(cases)} ELSE 'record' END AS line_status"]
    if wanted.needs_behavior:
        columns.append(f"{MATCHED_BEHAVIOR} AS {BEHAVIOR}")
    return f"SELECT {', '.join(columns)} FROM ({records})"


def _within(time_range: TimeRange) -> str:
    bounds = []
    if time_range.start is not None:
        bounds.append(f"{MOMENT} >= {_timestamp(time_range.start)}")
    if time_range.end is not None:
        bounds.append(f"{MOMENT} < {_timestamp(time_range.end)}")
    return " AND ".join(bounds)


def _timestamp(moment: datetime) -> str:
    return f"TIMESTAMP {literal(moment.replace(tzinfo=None).isoformat(sep=' '))}"


def _json_parts(fields: Sequence[str], *, is_checked: bool) -> str:
    paths = ", ".join(literal(f'$."{name}"') for name in fields)
    line = "CASE WHEN json_valid(line) THEN line END" if is_checked else "line"
    return f"json_extract_string({line}, [{paths}])"


def _text_value(layout: Layout, name: str) -> str:
    if name not in layout.fields:
        return _absent(name)
    part = f"parts[{layout.fields.index(name) + 1}]"
    return _value(part, name)


def _absent(name: str) -> str:
    return f"NULL::VARCHAR AS {name}"


def _value(expression: str, name: str) -> str:
    """Return a column; a dash and nothing at all both say that there is no value."""
    value = decoded(expression) if name in _ENCODED else expression
    return f"CASE WHEN {expression} IN ('-', '') THEN NULL ELSE {value} END AS {name}"


def _is_comment(layout: Layout) -> str:
    if layout.format == "json":
        return "false AS is_comment"
    return f"(starts_with(line, '#') AND NOT starts_with(line, {literal(FIELDS_HEADER)})) AS is_comment"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
