"""What `strata partitions` shows in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.bar import Bar
from rich.table import Table

from strata.cli.output import console, print_facts, print_table
from strata.cli.tenant_views import number, size
from strata.figures import label, percent
from strata.partitions.distribution import TOP_TENANTS, size_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from strata.partitions.distribution import PartitionDistribution, Spread, TenantShare
    from strata.partitions.registry import RegistryDifference
    from strata.partitions.statistics import PartitionStats

_BAR_CHARACTERS: Final = 24
_NOBODY_COUNTED: Final = (
    "a dash is unknown: PostgreSQL has not analyzed the partition yet; unless it is set otherwise, it does so by itself"
    " once more than 50 rows are written"
)


def show_stats(found: Sequence[PartitionStats]) -> None:
    """Print a line for each partition."""
    if not found:
        console().print("no partitions")
        return
    rows = [
        (
            label(one.tenant_id),
            one.table,
            one.state,
            number(one.rows),
            size(one.bytes),
            None if one.last_analyzed_at is None else f"{one.last_analyzed_at:%Y-%m-%d %H:%M %Z}",
        )
        for one in found
    ]
    print_table(("tenant", "table", "state", "rows", "size", "analyzed"), rows, right=("rows", "size"))
    console().print(f"sizes: {size_origin(found)}", soft_wrap=True)
    if any(one.rows is None and one.state != "archived" for one in found):
        console().print(_NOBODY_COUNTED, soft_wrap=True)


def show_distribution(found: PartitionDistribution, top: int) -> None:
    """Print how rows and bytes are spread, and a bar for each of the largest tenants."""
    if not found.tenants:
        console().print("no tenants")
        return
    print_facts(
        [
            ("table", found.table or "all together"),
            ("tenants", number(len(found.tenants))),
            ("rows", _spread(found.rows, number)),
            ("size", _spread(found.bytes, size)),
            ("sizes", found.sizes),
        ]
    )
    by_bytes = found.bytes.total > 0
    console().print(_bars(found.tenants[:top], by_bytes=by_bytes))
    if len(found.tenants) > top:
        console().print(f"and {len(found.tenants) - top:,} more tenants: --top, --json or --html shows them")
    if found.rows.unknown_tenants:
        console().print(_NOBODY_COUNTED, soft_wrap=True)


def _spread(spread: Spread, written: Callable[[int | None], str | None]) -> str:
    if not spread.known_tenants:
        return "unknown"
    parts = [f"{written(spread.total)}", f"the largest {written(spread.largest)}, the median {written(spread.median)}"]
    if spread.gini is not None:
        parts += [f"the {TOP_TENANTS} largest have {percent(spread.top_share)}", f"Gini {spread.gini:.2f}"]
    if spread.unknown_tenants:
        parts.append(f"unknown of {spread.unknown_tenants:,}")
    return "; ".join(parts)


def _bars(tenants: Sequence[TenantShare], *, by_bytes: bool) -> Table:
    amounts = [(one.bytes if by_bytes else one.rows) or 0 for one in tenants]
    largest = max(amounts, default=0) or 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("tenant", overflow="fold")
    table.add_column("by size" if by_bytes else "by rows")
    for name in ("size", "share", "rows", "share"):
        table.add_column(name, justify="right")
    for one, amount in zip(tenants, amounts, strict=True):
        table.add_row(
            label(one.tenant_id),
            Bar(largest, 0, amount, width=_BAR_CHARACTERS),
            size(one.bytes) or "-",
            percent(one.byte_share),
            number(one.rows) or "-",
            percent(one.row_share),
        )
    return table


def show_differences(differences: Sequence[RegistryDifference]) -> None:
    """Print each difference and how to settle it."""
    lines = [str(difference) for difference in differences]
    console().print("\n".join(lines) or "registry, catalog and partitions agree", soft_wrap=True)
