"""Cache metrics of a source of access logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.caching.metrics.counting import Counter
from strata.caching.metrics.dimensions import DIMENSIONS
from strata.caching.metrics.read import read_source
from strata.caching.metrics.reading import Progress, no_progress
from strata.caching.metrics.results import CacheMetrics, HitRatioSummary, MetricsTable
from strata.caching.metrics.sources import S3_SCHEME, LocalFiles, Source
from strata.caching.metrics.tally import groups
from strata.caching.metrics.time_range import TimeRange
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strata.caching.metrics.counting import GroupingSet

#: What `get_cache_hit_ratio_summary` counts by unless asked for others.
SUMMARY_DIMENSIONS: Final = ("behavior", "class", "tenant", "pop", "shield", "status")
_EVER: Final = TimeRange()


class UnknownDimensionError(StrataError):
    """A dimension that requests are not counted by."""

    def __init__(self, name: str) -> None:
        super().__init__(f"requests are not counted by {name!r}", allowed=", ".join(DIMENSIONS))
        self.name = name


@dataclass(frozen=True)
class ReadOptions:
    """How a source is read.

    Args:
        plain_fields: the fields of v2 ``plain`` files, which do not name them, as CloudFront spells them.
        keep_going: list files that cannot be read in the report, instead of refusing.
        progress: called after each batch of files.
        threads: of DuckDB; None is one for each processor.
        region: of a bucket; None leaves it to the environment.
    """

    plain_fields: tuple[str, ...] = ()
    keep_going: bool = False
    progress: Progress = no_progress
    threads: int | None = None
    region: str | None = None


_DEFAULT_OPTIONS: Final = ReadOptions()


def get_cache_metrics(
    source: str | Sequence[str],
    group_by: Sequence[str] = ("behavior",),
    *,
    time_range: TimeRange = _EVER,
    top: int | None = None,
    options: ReadOptions = _DEFAULT_OPTIONS,
) -> CacheMetrics:
    """Count the requests in access logs by one or several dimensions together.

    Args:
        source: files, folders or patterns of this machine, or one ``s3://bucket/prefix``.
        group_by: names of `strata.caching.metrics.dimensions.DIMENSIONS`.
        time_range: the window of time.
        top: how many groups to return; None is all.
        options: how the source is read.

    Raises:
        UnknownDimensionError: there is no such dimension.
        LogSourceError: there is no such source.
        UnreadableLogFileError: a file is no access log.
        AwsCallError: the bucket cannot be listed.
    """
    summary = get_cache_hit_ratio_summary(source, [tuple(group_by)], time_range=time_range, top=top, options=options)
    (table,) = summary.tables
    return CacheMetrics(table.dimensions, time_range, summary.total, table.groups, table.group_count, summary.reading)


def get_cache_hit_ratio_summary(
    source: str | Sequence[str],
    by: Sequence[str | Sequence[str]] = SUMMARY_DIMENSIONS,
    *,
    time_range: TimeRange = _EVER,
    top: int | None = None,
    options: ReadOptions = _DEFAULT_OPTIONS,
) -> HitRatioSummary:
    """Count the requests in access logs by each of several dimensions, in one pass over the logs.

    Args:
        source: as `get_cache_metrics`.
        by: a table each: a dimension, or several together.
        time_range: as `get_cache_metrics`.
        top: how many groups of each table to return; None is all, as it is for hours and days, which are a series.
        options: as `get_cache_metrics`.

    Raises:
        StrataError: as `get_cache_metrics`.
    """
    sets = tuple(dict.fromkeys(_known((one,) if isinstance(one, str) else one) for one in by))
    with Counter(sets, time_range, options.threads) as counter:
        reading = read_source(
            counter,
            _source(source, options.region),
            time_range,
            plain_fields=options.plain_fields,
            keep_going=options.keep_going,
            progress=options.progress,
        )
        (total,), _ = groups(counter, (), None)
        tables = [MetricsTable(one, *groups(counter, one, None if _is_series(one) else top)) for one in sets]
    return HitRatioSummary(time_range, total.measures, tuple(tables), reading)


def _is_series(one: GroupingSet) -> bool:
    return one in (("hour",), ("day",))


def _known(names: Sequence[str]) -> GroupingSet:
    for name in names:
        if name not in DIMENSIONS:
            raise UnknownDimensionError(name)
    return tuple(dict.fromkeys(names))


def _source(source: str | Sequence[str], region: str | None) -> Source:
    names = (source,) if isinstance(source, str) else tuple(source)
    if len(names) == 1 and names[0].startswith(S3_SCHEME):
        from strata.caching.metrics.s3 import S3Objects  # noqa: PLC0415 - boto3 takes 0.2 s that local files do not need

        return S3Objects.from_url(names[0], region)
    return LocalFiles(names)
