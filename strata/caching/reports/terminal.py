"""Hit ratios as tables with bars, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from strata.caching.reports.labels import labels, median, sorted_series
from strata.figures import amount_of_bytes, label, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strata.caching.metrics import Measures, MetricsTable

_BAR_CELLS: Final = 20
#: Parts of a bar in the order in which they are drawn: the measure, its colour, and its mark where there is no colour.
PARTS: Final = (
    ("edge_hits", "green", "█"),
    ("refresh_hits", "cyan", "▓"),
    ("shield_hits", "blue", "▒"),
    ("misses", "yellow", "░"),
)
#: What a wide terminal shows beside.
_WIDE_CELLS: Final = 110
_DETAILS: Final[Mapping[str, Callable[[Measures], str]]] = {
    "hits": lambda measures: f"{measures.hits:,}",
    "misses": lambda measures: f"{measures.misses:,}",
    "left out": lambda measures: f"{measures.left_out:,}",
    "first byte: hit": lambda measures: median(measures.hit_first_byte),
    "miss": lambda measures: median(measures.miss_first_byte),
}


def totals(measures: Measures) -> Text:
    """Return the figures of all requests, in lines."""
    types = ", ".join(f"{label(name)} {number:,}" for name, number in measures.result_types.items())
    ratios = ", ".join(
        f"{name} {percent(ratio)}"
        for name, ratio in (
            ("at the edge", measures.edge_hit_ratio),
            ("by bytes", measures.byte_hit_ratio),
            ("as CloudWatch counts", measures.cloudwatch_hit_ratio),
        )
    )
    lines = [
        f"hit ratio {percent(measures.hit_ratio)} of {measures.comparable:,} requests that a cache could answer",
        f"  {ratios}",
        f"  {measures.requests:,} requests in all, {amount_of_bytes(measures.sent_bytes)} sent",
        f"  {types}",
    ]
    return Text("\n".join(lines))


def legend() -> Text:
    """Return what the marks of a bar mean."""
    text = Text("bar: ")
    names = ("hit", "refresh hit", "shield hit", "miss")
    for (_, colour, mark), name in zip(PARTS, names, strict=True):
        text.append(mark * 2, colour)
        text.append(f" {name}  ")
    return text


def table(of: MetricsTable, width: int) -> Table:
    """Return the groups with their ratios; the bar is what became of the comparable requests.

    Args:
        of: the groups.
        width: of the terminal, in cells; a narrow one gets fewer columns.
    """
    hidden = of.group_count - len(of.groups)
    caption = f"and {hidden:,} more; --top 0 shows all" if hidden else None
    result = Table(box=None, pad_edge=False, header_style="bold", caption=caption, caption_justify="left")
    result.add_column(" · ".join(of.dimensions), overflow="fold")
    for name in ("requests", "hit ratio", ""):
        result.add_column(name, justify="left" if name == "" else "right", no_wrap=True)
    details = _DETAILS if width >= _WIDE_CELLS else {}
    for name in details:
        result.add_column(name, justify="right", no_wrap=True)
    for group in sorted_series(of):
        measures = group.measures
        figures = (Text(f"{measures.requests:,}"), Text(percent(measures.hit_ratio)), bar(measures))
        result.add_row(Text(labels(group.values)), *figures, *(Text(show(measures)) for show in details.values()))
    return result


def bar(measures: Measures) -> Text:
    """Return what became of comparable requests, as a bar; empty where there are none."""
    text = Text()
    drawn = reached = 0
    for name, colour, mark in PARTS:
        reached += getattr(measures, name)
        cells = round(_BAR_CELLS * reached / measures.comparable) if measures.comparable else 0
        text.append(mark * (cells - drawn), colour)
        drawn = cells
    return text
