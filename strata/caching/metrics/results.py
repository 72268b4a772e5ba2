"""What is counted, and what the ratios mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from strata.caching.metrics.reading import ReadingReport
    from strata.caching.metrics.time_range import TimeRange


@dataclass(frozen=True)
class Percentiles:
    """Times to the first byte, in seconds: the smallest that so many percent of the requests do not exceed."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Measures:
    """What a group of requests came to.

    A request is *comparable* when a cache could have answered it: GET or HEAD, and its result type is Hit, RefreshHit
    or Miss. Errors, redirects, refusals, answers that a function made, and every other method are left out.

    Args:
        requests: all of them.
        result_types: all of them by ``x-edge-result-type``.
        edge_hits: comparable; the edge had the answer (Hit), and it was fresh.
        refresh_hits: comparable; the edge had it, and asked the origin whether it still holds (RefreshHit).
        shield_hits: comparable; the Origin Shield had it (OriginShieldHit in ``x-edge-detailed-result-type``).
        misses: comparable; the origin sent it.
        cloudwatch_hits: the part of `cloudwatch_requests` that is Hit or RefreshHit.
        cloudwatch_requests: all but POST, PUT and errors: what CloudWatch says that its CacheHitRate counts.
        sent_bytes: of all answers, headers included (``sc-bytes``).
        comparable_bytes: of comparable requests.
        hit_bytes: of hits.
        hit_first_byte: of hits; None where the log has no such times.
        miss_first_byte: of misses; None where the log has no such times.
    """

    requests: int
    result_types: Mapping[str, int]
    edge_hits: int
    refresh_hits: int
    shield_hits: int
    misses: int
    cloudwatch_hits: int
    cloudwatch_requests: int
    sent_bytes: int
    comparable_bytes: int
    hit_bytes: int
    hit_first_byte: Percentiles | None = None
    miss_first_byte: Percentiles | None = None

    @property
    def hits(self) -> int:
        """Comparable requests whose body did not come from the origin."""
        return self.edge_hits + self.refresh_hits + self.shield_hits

    @property
    def comparable(self) -> int:
        """Requests that a cache could have answered."""
        return self.hits + self.misses

    @property
    def left_out(self) -> int:
        """Requests that no cache could have answered."""
        return self.requests - self.comparable

    @property
    def hit_ratio(self) -> float | None:
        """Hits by comparable requests; None without any."""
        return _ratio(self.hits, self.comparable)

    @property
    def edge_hit_ratio(self) -> float | None:
        """Hits of the edge itself, without those of the Origin Shield, by comparable requests."""
        return _ratio(self.edge_hits + self.refresh_hits, self.comparable)

    @property
    def byte_hit_ratio(self) -> float | None:
        """Bytes of hits by bytes of comparable requests."""
        return _ratio(self.hit_bytes, self.comparable_bytes)

    @property
    def cloudwatch_hit_ratio(self) -> float | None:
        """The figure to hold against CloudWatch's CacheHitRate."""
        return _ratio(self.cloudwatch_hits, self.cloudwatch_requests)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True)
class Group:
    """The requests that have the same values.

    Args:
        values: one for each dimension; None is unknown: the log does not say.
        measures: what they came to.
    """

    values: tuple[str | None, ...]
    measures: Measures


@dataclass(frozen=True)
class MetricsTable:
    """Requests by one dimension, or by several together.

    Args:
        dimensions: what the groups are made by.
        groups: the largest first; of equal ones by value.
        group_count: how many there are; more than ``groups`` where only the top ones were asked for.
    """

    dimensions: tuple[str, ...]
    groups: tuple[Group, ...]
    group_count: int


@dataclass(frozen=True)
class CacheMetrics:
    """Requests by one or several dimensions together.

    Args:
        dimensions: what the groups are made by.
        time_range: the window.
        total: all requests, also those of groups that are not shown.
        groups: the largest first; of equal ones by value.
        group_count: how many there are; more than ``groups`` where only the top ones were asked for.
        reading: how the source was read.
    """

    dimensions: tuple[str, ...]
    time_range: TimeRange
    total: Measures
    groups: tuple[Group, ...]
    group_count: int
    reading: ReadingReport


@dataclass(frozen=True)
class HitRatioSummary:
    """Requests by each of several dimensions.

    Args:
        time_range: the window.
        total: all requests.
        tables: in the order in which they were asked for.
        reading: how the source was read.
    """

    time_range: TimeRange
    total: Measures
    tables: tuple[MetricsTable, ...]
    reading: ReadingReport

    def by(self, *dimensions: str) -> tuple[Group, ...]:
        """Return the groups of a table that was asked for.

        Raises:
            KeyError: it was not.
        """
        return {table.dimensions: table.groups for table in self.tables}[dimensions]


def measures_as_json(measures: Measures) -> dict[str, Any]:
    """Return measures with their ratios, for a JSON document."""
    own = {name: getattr(measures, name) for name in Measures.__dataclass_fields__}
    ratios = ("hit_ratio", "edge_hit_ratio", "byte_hit_ratio", "cloudwatch_hit_ratio")
    derived = {name: getattr(measures, name) for name in (*ratios, "hits", "comparable", "left_out")}
    return {**own, "result_types": dict(measures.result_types), **derived}


def summary_as_json(summary: HitRatioSummary) -> dict[str, Any]:
    """Return a summary for a JSON document."""
    tables = [
        {
            "dimensions": table.dimensions,
            "group_count": table.group_count,
            "groups": [
                {
                    "values": dict(zip(table.dimensions, group.values, strict=True)),
                    **measures_as_json(group.measures),
                }
                for group in table.groups
            ],
        }
        for table in summary.tables
    ]
    return {
        "source": summary.reading.source,
        "from": summary.time_range.start,
        "to": summary.time_range.end,
        "total": measures_as_json(summary.total),
        "tables": tables,
        "reading": summary.reading,
    }
