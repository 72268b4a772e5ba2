"""The distribution of rows and bytes as one HTML file: bars and sortable tables, light and dark, without network."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING, Final

from strata import pages
from strata.figures import UNKNOWN, amount_of_bytes, label, percent
from strata.partitions.distribution import TOP_TENANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from strata.partitions.distribution import PartitionDistribution, Spread
    from strata.partitions.statistics import PartitionStats

    Cell = tuple[float | None, str]

_DRAWN_TENANTS: Final = 20
_FOOTER: Final = """<h2>How it was counted</h2>
<ul>
<li>Rows are the planner's estimates: PostgreSQL makes them when it analyzes a partition; nobody counts for a page.</li>
<li>Sizes hold indexes and TOAST; they are the planner's too, unless <code>strata partitions refresh --sizes</code>
has measured the files since its last look. Here: {sizes}.</li>
<li>What was never analyzed is unknown, and in no figure. Tenants that are in an archive only are left out.</li>
<li>The coefficient of Gini is 0 when all tenants have the same, and close to 1 when one has all.</li>
</ul>"""


def write_distribution_page(
    found: PartitionDistribution, stats: Sequence[PartitionStats], path: Path, database: str, now: datetime
) -> None:
    """Write the page.

    Args:
        found: who has how much.
        stats: what it was made from.
        path: the file.
        database: its name, for the title.
        now: when it was made.

    Raises:
        PageError: the file cannot be written.
    """
    pages.write(path, render_distribution_page(found, stats, database, now))


def render_distribution_page(
    found: PartitionDistribution, stats: Sequence[PartitionStats], database: str, now: datetime
) -> str:
    """Return the page's text."""
    what = found.table or "all tables"
    subtitle = f"{what} · database {database} · made {now:%Y-%m-%d %H:%M} UTC"
    present = [one for one in stats if one.state != "archived"]
    footer = _FOOTER.format(sizes=escape(str(found.sizes)))
    return pages.page("Partitions by tenant", subtitle, _tiles(found), _sections(found, present), footer)


def _tiles(found: PartitionDistribution) -> Sequence[tuple[str, str, str]]:
    return (
        ("Size", _size(found.bytes.total if found.bytes.known_tenants else None), _unknown(found.bytes)),
        ("Rows", _count(found.rows.total if found.rows.known_tenants else None), _unknown(found.rows)),
        ("Tenants", f"{len(found.tenants):,}", f"half of them have {_size(found.bytes.median)} or less"),
        ("Largest tenant", _size(found.bytes.largest), f"most rows of one tenant: {_count(found.rows.largest)}"),
        (
            f"The {TOP_TENANTS} largest",
            percent(found.bytes.top_share),
            f"of all bytes; {percent(found.rows.top_share)} of rows",
        ),
        ("Gini", _gini(found.bytes), f"by bytes; {_gini(found.rows)} by rows"),
    )


def _unknown(spread: Spread) -> str:
    known = f"of {spread.known_tenants:,} tenants"
    return f"{known}; of {spread.unknown_tenants:,} nobody knows yet" if spread.unknown_tenants else known


def _sections(found: PartitionDistribution, present: Sequence[PartitionStats]) -> str:
    if not present:
        return '<section><p class="empty">There are no partitions.</p></section>'
    tables = list(dict.fromkeys(one.table for one in present))
    by_tenant: dict[str, dict[str, PartitionStats]] = defaultdict(dict)
    for one in present:
        by_tenant[one.tenant_id][one.table] = one
    return "\n".join(
        (
            f"<section><h2>Largest tenants</h2>{_bars(found, by_tenant, tables)}</section>",
            f"<section><h2>By tenant</h2>{_tenant_table(found, by_tenant, tables)}</section>",
            f"<section><h2>By table</h2>{_table_table(present, tables)}</section>",
        )
    )


def _bars(
    found: PartitionDistribution, by_tenant: Mapping[str, Mapping[str, PartitionStats]], tables: Sequence[str]
) -> str:
    """Return a bar for each of the largest tenants, made of its tables; by rows where no size is known."""
    by_bytes = found.bytes.total > 0
    drawn = found.tenants[:_DRAWN_TENANTS]
    parts = {
        one.tenant_id: [_amount(by_tenant[one.tenant_id].get(table), by_bytes=by_bytes) for table in tables]
        for one in drawn
    }
    largest = max(map(sum, parts.values()), default=0) or 1
    legend = "".join(f'<span><i class="part-{place}"></i>{escape(table)}</span>' for place, table in enumerate(tables))
    lines = []
    for one in drawn:
        spans = "".join(
            f'<span class="part-{place}" style="width:{100 * part / largest:.2f}%" title="{escape(table)}"></span>'
            for place, (table, part) in enumerate(zip(tables, parts[one.tenant_id], strict=True))
            if part
        )
        shown = _size(one.bytes) if by_bytes else f"{_count(one.rows)} rows"
        lines.append(f'<dt>{escape(label(one.tenant_id))}</dt><dd class="bar">{spans}</dd><dd>{shown}</dd>')
    return f'<p class="legend">{legend}</p><dl class="bars">{"".join(lines)}</dl>'


def _amount(one: PartitionStats | None, *, by_bytes: bool) -> int:
    return (one and (one.bytes if by_bytes else one.rows)) or 0


def _tenant_table(
    found: PartitionDistribution, by_tenant: Mapping[str, Mapping[str, PartitionStats]], tables: Sequence[str]
) -> str:
    columns = {"tenant": "", "size": "indexes and TOAST included", "of all": "share of all bytes", "rows": "estimated"}
    for table in tables:
        columns |= {f"{table} size": "", f"{table} rows": "estimated"}
    return pages.table(
        columns,
        (
            pages.row(
                label(one.tenant_id),
                (
                    _size_cell(one.bytes),
                    (one.byte_share, percent(one.byte_share)),
                    _count_cell(one.rows),
                    *_table_cells(by_tenant[one.tenant_id], tables),
                ),
            )
            for one in found.tenants
        ),
    )


def _table_cells(partitions: Mapping[str, PartitionStats], tables: Sequence[str]) -> Iterable[Cell]:
    for table in tables:
        one = partitions.get(table)
        yield _size_cell(None if one is None else one.bytes)
        yield _count_cell(None if one is None else one.rows)


def _table_table(present: Sequence[PartitionStats], tables: Sequence[str]) -> str:
    known = "of those that are known"
    columns = {"table": "", "partitions": "", "size": known, "rows": known, "never analyzed": "partitions"}
    rows = []
    for table in tables:
        group = [one for one in present if one.table == table]
        unknown = sum(one.rows is None for one in group)
        cells = (
            _count_cell(len(group)),
            _size_cell(_known_total(one.bytes for one in group)),
            _count_cell(_known_total(one.rows for one in group)),
            _count_cell(unknown),
        )
        rows.append(pages.row(table, cells))
    return pages.table(columns, rows)


def _known_total(amounts: Iterable[int | None]) -> int | None:
    """Return the sum of what is known; None when nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _size(number: int | None) -> str:
    return UNKNOWN if number is None else amount_of_bytes(number)


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _gini(spread: Spread) -> str:
    return "-" if spread.gini is None else f"{spread.gini:.2f}"


def _size_cell(number: int | None) -> Cell:
    return number, "-" if number is None else amount_of_bytes(number)


def _count_cell(number: int | None) -> Cell:
    return number, "-" if number is None else f"{number:,}"
