"""Values and figures as people read them, the same in a terminal and on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.figures import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strata.caching.metrics import DamagedFile, Group, MetricsTable, Percentiles, ReadingReport, TimeRange


def labels(values: Sequence[str | None]) -> str:
    """Return the values of several dimensions as one label."""
    return " · ".join(map(label, values)) or "all"


def median(times: Percentiles | None) -> str:
    """Return the median of times in milliseconds; a dash where there are none."""
    return "-" if times is None else f"{1000 * times.p50:,.0f} ms"


def window(time_range: TimeRange) -> str:
    """Return a window of time in words."""
    start = None if time_range.start is None else f"from {time_range.start:%Y-%m-%d %H:%M} UTC"
    end = None if time_range.end is None else f"to {time_range.end:%Y-%m-%d %H:%M} UTC"
    return " ".join(filter(None, (start, end))) or "all times"


def sorted_series(table: MetricsTable) -> Sequence[Group]:
    """Return the groups of a table as they are shown: times in order, everything else by size."""
    if table.dimensions not in (("hour",), ("day",)):
        return table.groups
    return sorted(table.groups, key=lambda group: group.values[0] or "")


def reading_notes(reading: ReadingReport) -> list[str]:
    """Return what was not counted, one sentence for each kind or file."""
    notes = list(map(_damage_note, reading.damaged))
    notes += [f"{label(file)}: left out: {reason}" for file, reason in reading.unreadable]
    if reading.undated:
        notes.append(f"{reading.undated:,} lines have no readable time and are left out of the window")
    return notes


def _damage_note(file: DamagedFile) -> str:
    lines = f"{file.skipped_lines:,} {'line' if file.skipped_lines == 1 else 'lines'} skipped"
    first = ", ".join(map(str, file.first_line_numbers))
    more = ", ..." if file.skipped_lines > len(file.first_line_numbers) else ""
    places = f" (line {first}{more})" if first else ""
    return f"{label(file.file)}: {lines}{places}" + (f"; {file.damage}" if file.damage else "")


def emptiness(reading: ReadingReport, time_range: TimeRange) -> str:
    """Return why there is nothing to show."""
    if reading.files == 0:
        cause = f"no log files in {reading.source} ({window(time_range)})"
    elif reading.outside:
        cause = f"{reading.outside:,} requests in {reading.source} are all outside the window ({window(time_range)})"
    else:
        cause = f"no request in the {reading.files:,} log files in {reading.source}"
    return (
        f"nothing to count: {cause}. CloudFront delivers logs some minutes after the requests, "
        "usually within the hour, at times up to 24 hours later."
    )
