"""``strata logs publish``: the hit ratio of each cache class, put where alarms see it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from strata.aws import client
from strata.caching.reports import labels
from strata.cli.output import AsJson, DryRun, console, print_json, print_table, progress_console
from strata.cli.stack_edge import EdgeReference, edge_of
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strata.caching.metrics.publish import ClassHour

_REFERENCE: Final = re.compile(r"ssm:/strata/([^/]+)/edge")


class UnknownStackError(StrataError):
    """The reference does not say which stack the metrics belong to."""

    def __init__(self, reference: str | None) -> None:
        super().__init__(
            f"the stack's name does not follow from the reference {reference}",
            allowed="ssm:/strata/STACK/edge, or --stack NAME",
        )


def publish(
    *,
    hours: Annotated[int, typer.Option("--hours", min=1, max=24, help="How many whole hours to look back.")] = 6,
    late_minutes: Annotated[
        int, typer.Option("--late", min=0, metavar="MINUTES", help="How late a record may arrive.")
    ] = 60,
    source: Annotated[
        str | None, typer.Option("--source", help="A file, folder or s3://bucket/prefix; by default the stack's logs.")
    ] = None,
    stack: Annotated[str | None, typer.Option("--stack", help="By default the one that the reference names.")] = None,
    edge: EdgeReference = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put the hit ratio of each cache class into CloudWatch, hour by hour."""
    # DuckDB takes 0.2 s that other commands do not need.
    from strata.caching.metrics.publish import complete_hours, measure, unpublished  # noqa: PLC0415
    from strata.caching.metrics.publish import publish as put  # noqa: PLC0415
    from strata.caching.metrics.summary import ReadOptions  # noqa: PLC0415

    parameters = edge_of(edge)
    name = stack or _stack_of(edge)
    window = complete_hours(datetime.now(UTC), hours, late_minutes)
    place = source or f"s3://{parameters.access_log_bucket}/"
    measured = measure(place, window, ReadOptions(keep_going=True, region=parameters.region))
    cloudwatch = client("cloudwatch", parameters.region)
    missing = unpublished(cloudwatch, name, measured)
    if not dry_run:
        put(cloudwatch, name, missing)
    if as_json:
        print_json({"stack": name, "published": not dry_run, "hours": missing})
    else:
        _print(missing, dry_run=dry_run)
    for note in labels.reading_notes(measured.reading):
        progress_console().print(f"warning: {note}", soft_wrap=True)


def _stack_of(reference: str | None) -> str:
    matched = _REFERENCE.fullmatch(reference or "")
    if matched is None:
        raise UnknownStackError(reference)
    return matched.group(1)


def _print(entries: Sequence[ClassHour], *, dry_run: bool) -> None:
    if not entries:
        console().print("nothing to publish: CloudWatch has every hour of the window")
        return
    rows = [
        (
            f"{entry.hour:%Y-%m-%d %H:%M}",
            entry.cache_class,
            entry.requests,
            None if entry.hit_ratio_percent is None else f"{entry.hit_ratio_percent:.1f} %",
        )
        for entry in entries
    ]
    title = "would be published" if dry_run else "published"
    print_table(("hour (UTC)", "class", "requests", "hit ratio"), rows, title=title, right=("hit ratio",))
