"""``strata logs``: what the access logs say about the cache."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Final

import typer

from strata.caching.reports import labels, terminal
from strata.cli.logs_publish import publish
from strata.cli.output import AsJson, console, print_json, progress_console
from strata.cli.stack_edge import EdgeReference, edge_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from strata.caching.metrics import HitRatioSummary, Progress, ReadingProgress, TimeRange

app = typer.Typer(no_args_is_help=True, help="Look into CloudFront's access logs.")

#: What a page shows beside what was asked for.
_PAGE_TABLES: Final = ("behavior", "class", "tenant", "pop", "shield", "status", "hour", "day")
_TIME_HELP: Final = "UTC: 2026-11-23 or 2026-11-23T18:00; or how long ago: 90m, 24h, 7d."
_DIMENSIONS_HELP: Final = (
    "behavior, class, tenant, pop, shield, status, method, country, hour or day; several by commas: together; "
    "several times: one table each."
)


@app.callback()
def logs() -> None:
    """Keep the noun: with a single command, Typer would leave it out."""


app.command(epilog="Example: strata logs publish --hours 6")(publish)


@app.command(name="hit-ratio")
def hit_ratio(  # noqa: PLR0913 - a command has as many arguments as it has options
    source: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, patterns, or s3://bucket/prefix; by default what the stack's edge logged."
        ),
    ] = None,
    *,
    by: Annotated[list[str] | None, typer.Option("--by", metavar="DIMENSION", help=_DIMENSIONS_HELP)] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="TIME", help=_TIME_HELP)] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="As --from; itself not counted.")] = None,
    top: Annotated[int, typer.Option("--top", min=0, help="How many groups of a table to show; 0 is all.")] = 20,
    fields: Annotated[
        str | None, typer.Option("--fields", help="The fields of v2 plain files without a header, by commas.")
    ] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="List unreadable files; count the rest.")] = False,
    page: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with plots.")] = None,
    edge: EdgeReference = None,
    as_json: AsJson = False,
) -> None:
    """Show how much the cache answered, by behavior or by what else is asked for."""
    # DuckDB and Plotly take 0.3 s that other commands do not need.
    from strata.caching.metrics import ReadOptions, get_cache_hit_ratio_summary, summary_as_json  # noqa: PLC0415
    from strata.caching.reports.page import write_page  # noqa: PLC0415

    sources, region = _sources(source, edge)
    tables = [tuple(one.split(",")) for one in by or ["behavior"]]
    with _shown_progress() as progress:
        summary = get_cache_hit_ratio_summary(
            sources,
            [*tables, *(_PAGE_TABLES if page else ())],
            time_range=_time_range(start, end),
            top=top or None,
            options=ReadOptions(tuple(fields.split(",")) if fields else (), keep_going, progress, region=region),
        )
    if page is not None:
        write_page(summary, page, datetime.now(UTC))
    asked = replace(summary, tables=tuple(table for table in summary.tables if table.dimensions in tables))
    if as_json:
        print_json(summary_as_json(asked))
    else:
        _print(asked)
    _print_notes(asked, page)


def _print(summary: HitRatioSummary) -> None:
    if summary.total.requests == 0:
        return
    out = console()
    out.print(terminal.totals(summary.total))
    for table in summary.tables:
        out.print()
        out.print(terminal.table(table, out.width))
    out.print()
    out.print(terminal.legend())


def _print_notes(summary: HitRatioSummary, page: Path | None) -> None:
    """Say on stderr what was not counted, why there is nothing, and where the page is."""
    notes = [f"warning: {note}" for note in labels.reading_notes(summary.reading)]
    if summary.total.requests == 0:
        notes.append(labels.emptiness(summary.reading, summary.time_range))
    if page is not None:
        notes.append(f"page: {page}")
    for note in notes:
        progress_console().print(note, soft_wrap=True)


def _sources(source: Sequence[str] | None, edge: str | None) -> tuple[tuple[str, ...], str | None]:
    """Return where to look, and the bucket's region where it is known."""
    if source:
        return tuple(source), None
    parameters = edge_of(edge)
    return (f"s3://{parameters.access_log_bucket}/",), parameters.region


def _time_range(start: str | None, end: str | None) -> TimeRange:
    from strata.caching.metrics.time_range import TimeRange, parse_moment  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    return TimeRange(parse_moment(start, now) if start else None, parse_moment(end, now) if end else None)


@contextmanager
def _shown_progress() -> Iterator[Progress]:
    """Show how far the reading is, on a terminal."""
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (TextColumn("reading logs"), BarColumn(), MofNCompleteColumn(), TextColumn("files"), DownloadColumn())
    with Progress(*columns, console=progress_console(), transient=True) as shown:
        task = shown.add_task("reading", total=None)

        def show(reached: ReadingProgress) -> None:
            shown.update(task, completed=reached.read_bytes, total=reached.total_bytes)

        yield show
