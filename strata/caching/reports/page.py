"""Hit ratios as one HTML file: plots and sortable tables, light and dark, without network."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from strata import pages
from strata.caching.reports import charts
from strata.caching.reports.labels import emptiness, labels, median, reading_notes, sorted_series, window
from strata.figures import amount_of_bytes, label, percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from strata.caching.metrics import Group, HitRatioSummary, Measures, MetricsTable

_FOOTER: Final = Path(__file__).with_name("footer.html")
_PLOTS: Final = Path(__file__).with_name("plots.html")
#: Hours are shown as long as they can be told apart, days after that.
_MOST_HOURS: Final = 96
_NAMES: Final = {
    "behavior": "cache behavior",
    "class": "cache class",
    "pop": "edge location",
    "shield": "who answered",
}
#: Columns of a table, with what they mean where a word does not say it.
_COLUMNS: Final = {
    "requests": "all of them",
    "hit ratio": "of the requests that a cache could answer",
    "hits": "at the edge, fresh",
    "refresh": "at the edge, after the origin said that they still hold",
    "shield": "at the Origin Shield",
    "misses": "sent by the origin",
    "left out": "no cache could answer them",
    "sent": "bytes, headers included",
    "hit p50": "median time to the first byte of hits",
    "miss p50": "median time to the first byte of misses",
}


def write_page(summary: HitRatioSummary, path: Path, now: datetime) -> None:
    """Write the page.

    Args:
        summary: with the tables hour and day for the plot over time.
        path: the file.
        now: when it was made.

    Raises:
        PageError: the file cannot be written.
    """
    pages.write(path, render_page(summary, now))


def render_page(summary: HitRatioSummary, now: datetime) -> str:
    """Return the page's text."""
    where = f"{label(summary.reading.source)} · {window(summary.time_range)} · made {now:%Y-%m-%d %H:%M} UTC"
    footer = Template(_FOOTER.read_text(encoding="utf-8")).substitute(notes=_notes(summary))
    scripts = _PLOTS.read_text(encoding="utf-8")
    return pages.page("Cache hit ratio", where, _tiles(summary.total), _sections(summary), footer, scripts)


def _tiles(total: Measures) -> Sequence[tuple[str, str, str]]:
    spared = f"{amount_of_bytes(total.hit_bytes)} did not come from the origin"
    return (
        ("Hit ratio", percent(total.hit_ratio), f"of {total.comparable:,} requests that a cache could answer"),
        ("At the edge", percent(total.edge_hit_ratio), f"{total.shield_hits:,} more from the Origin Shield"),
        ("By bytes", percent(total.byte_hit_ratio), spared),
        ("As CloudWatch counts", percent(total.cloudwatch_hit_ratio), f"of {total.cloudwatch_requests:,} requests"),
        ("Requests", f"{total.requests:,}", f"{total.left_out:,} that no cache could answer"),
        ("First byte, median", _first_bytes(total), "of hits and of misses"),
    )


def _first_bytes(total: Measures) -> str:
    return f"{median(total.hit_first_byte)} / {median(total.miss_first_byte)}"


def _sections(summary: HitRatioSummary) -> str:
    if not summary.total.requests:
        return f'<section><p class="empty">{escape(emptiness(summary.reading, summary.time_range))}</p></section>'
    parts = []
    series = _series(summary)
    if series is not None:
        plot = charts.fragment(charts.over_time(series), with_library=True)
        parts.append(f"<section><h2>Over time</h2>{plot}</section>")
    for table in summary.tables:
        if table.dimensions in (("hour",), ("day",)):
            continue
        title = f"By {' and '.join(_NAMES.get(name, name) for name in table.dimensions)}" if table.dimensions else "All"
        plot = charts.fragment(charts.by_group(table), with_library=not parts)
        parts.append(f"<section><h2>{escape(title)}</h2>{plot}{_table(table)}</section>")
    return "\n".join(parts)


def _series(summary: HitRatioSummary) -> MetricsTable | None:
    """Return the table to draw over time; None where no line says when it was."""
    tables = {table.dimensions: table for table in summary.tables}
    hours, days = tables.get(("hour",)), tables.get(("day",))
    chosen = hours if hours is not None and hours.group_count <= _MOST_HOURS else days
    dated = chosen is not None and any(group.values[0] is not None for group in chosen.groups)
    return chosen if dated else None


def _table(table: MetricsTable) -> str:
    columns = {" · ".join(table.dimensions): "", **_COLUMNS}
    shown = pages.table(columns, map(_row, sorted_series(table)))
    hidden = table.group_count - len(table.groups)
    more = f"<p>and {hidden:,} more</p>" if hidden else ""
    is_open = " open" if len(table.groups) <= 12 else ""  # noqa: PLR2004 - as many as the plot shows
    return f"<details{is_open}><summary>Figures</summary>{shown}{more}</details>"


def _row(group: Group) -> str:
    measures = group.measures
    times = (measures.hit_first_byte, measures.miss_first_byte)
    cells: Sequence[tuple[float | None, str]] = (
        (measures.requests, f"{measures.requests:,}"),
        (measures.hit_ratio, percent(measures.hit_ratio)),
        *((number, f"{number:,}") for number in _counts(measures)),
        (measures.sent_bytes, amount_of_bytes(measures.sent_bytes)),
        *((None if time is None else time.p50, median(time)) for time in times),
    )
    return pages.row(labels(group.values), cells)


def _counts(measures: Measures) -> tuple[int, ...]:
    return (
        measures.edge_hits,
        measures.refresh_hits,
        measures.shield_hits,
        measures.misses,
        measures.left_out,
    )


def _notes(summary: HitRatioSummary) -> str:
    reading = summary.reading
    notes = [f"{reading.lines:,} requests counted out of {reading.files:,} files", *reading_notes(reading)]
    if reading.outside:
        notes.append(f"{reading.outside:,} requests are outside the window")
    return "\n".join(f"<li>{escape(note)}</li>" for note in notes)
