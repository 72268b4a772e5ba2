"""Cache metrics from CloudFront's access logs, counted exactly with DuckDB.

`get_cache_metrics` counts by one or several dimensions together, `get_cache_hit_ratio_summary` by each one alone.
"""

from strata.caching.metrics.dimensions import DIMENSIONS
from strata.caching.metrics.errors import LogSourceError, UnreadableLogFileError
from strata.caching.metrics.reading import DamagedFile, Progress, ReadingProgress, ReadingReport
from strata.caching.metrics.results import (
    CacheMetrics,
    Group,
    HitRatioSummary,
    Measures,
    MetricsTable,
    Percentiles,
    summary_as_json,
)
from strata.caching.metrics.summary import (
    SUMMARY_DIMENSIONS,
    ReadOptions,
    UnknownDimensionError,
    get_cache_hit_ratio_summary,
    get_cache_metrics,
)
from strata.caching.metrics.time_range import TimeRange

__all__ = [
    "DIMENSIONS",
    "SUMMARY_DIMENSIONS",
    "CacheMetrics",
    "DamagedFile",
    "Group",
    "HitRatioSummary",
    "LogSourceError",
    "Measures",
    "MetricsTable",
    "Percentiles",
    "Progress",
    "ReadOptions",
    "ReadingProgress",
    "ReadingReport",
    "TimeRange",
    "UnknownDimensionError",
    "UnreadableLogFileError",
    "get_cache_hit_ratio_summary",
    "get_cache_metrics",
    "summary_as_json",
]
