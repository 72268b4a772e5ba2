"""The hit ratio of each cache class by the hour, put into CloudWatch, where alarms see it.

An hour is put once: what CloudWatch already has is left alone, so that the command may run as often as one likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from strata.aws import AwsCallError, failures
from strata.caching.classes import CACHE_CLASSES, NONE
from strata.caching.metric_names import CLASS_DIMENSION, HIT_RATIO, NAMESPACE, REQUESTS, STACK_DIMENSION
from strata.caching.metrics.summary import ReadOptions, get_cache_metrics
from strata.caching.metrics.time_range import TimeRange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strata.caching.metrics.reading import ReadingReport

_HOUR: Final = timedelta(hours=1)
_HOUR_SECONDS: Final = 3_600
_HOUR_FORMAT: Final = "%Y-%m-%dT%H:00Z"
#: Of fewer requests a ratio says nothing; CloudWatch gets their number only.
LEAST_REQUESTS: Final = 100
#: CloudWatch shows a value that is older than a day only after up to two days (PutMetricData, "Timestamp").
MOST_HOURS: Final = 24
#: CloudWatch takes this many values in one call (PutMetricData: 1,000).
_BATCH: Final = 1_000
_MEASURED_CLASSES: Final = tuple(name for name in CACHE_CLASSES if name != NONE.name)


@dataclass(frozen=True)
class ClassHour:
    """What the requests of one class came to in one hour.

    Args:
        cache_class: the class.
        hour: its first moment, in UTC.
        requests: that a cache could have answered.
        hit_ratio_percent: those that the edge or its shield answered; None where `requests` is below `LEAST_REQUESTS`.
    """

    cache_class: str
    hour: datetime
    requests: int
    hit_ratio_percent: float | None


@dataclass(frozen=True)
class Measured:
    """What the logs of a window of whole hours say.

    Args:
        window: the hours.
        entries: one for each class and hour.
        reading: how the logs were read, with the files that could not be.
    """

    window: TimeRange
    entries: tuple[ClassHour, ...]
    reading: ReadingReport


def complete_hours(now: datetime, hours: int, late_minutes: int) -> TimeRange:
    """Return the newest whole hours whose logs should be there.

    Args:
        now: the present.
        hours: how many.
        late_minutes: how long after a request its record may still arrive.
    """
    end = (now - timedelta(minutes=late_minutes)).replace(minute=0, second=0, microsecond=0)
    return TimeRange(end - hours * _HOUR, end)


def measure(source: str | Sequence[str], window: TimeRange, options: ReadOptions) -> Measured:
    """Count the access logs of whole hours.

    Raises:
        StrataError: as `get_cache_metrics`.
    """
    counted = get_cache_metrics(source, ("class", "hour"), time_range=window, options=options)
    by_place = {group.values: group.measures for group in counted.groups}
    found = []
    for hour in _hours(window):
        for cache_class in _MEASURED_CLASSES:
            measures = by_place.get((cache_class, hour.strftime(_HOUR_FORMAT)))
            requests = measures.comparable if measures else 0
            ratio = measures.hit_ratio if measures and requests >= LEAST_REQUESTS else None
            found.append(ClassHour(cache_class, hour, requests, None if ratio is None else 100 * ratio))
    return Measured(window, tuple(found), counted.reading)


def unpublished(client: Any, stack: str, measured: Measured) -> list[ClassHour]:
    """Return the entries that CloudWatch does not have yet.

    Raises:
        AwsCallError: CloudWatch refused.
    """
    window = measured.window
    known = {(name, hour) for name in _MEASURED_CLASSES for hour in _published_hours(client, stack, name, window)}
    return [entry for entry in measured.entries if (entry.cache_class, entry.hour) not in known]


def publish(client: Any, stack: str, entries: Sequence[ClassHour]) -> None:
    """Put entries into CloudWatch, each at the first moment of its hour.

    The number of requests is what `unpublished` asks for, so it is put last: an hour whose ratio is missing is put
    again.

    Raises:
        AwsCallError: CloudWatch refused.
    """
    ratios = [
        _datum(stack, entry, HIT_RATIO, entry.hit_ratio_percent, "Percent")
        for entry in entries
        if entry.hit_ratio_percent is not None
    ]
    counts = [_datum(stack, entry, REQUESTS, entry.requests, "Count") for entry in entries]
    for data in (ratios, counts):
        for start in range(0, len(data), _BATCH):
            _call(client.put_metric_data, Namespace=NAMESPACE, MetricData=data[start : start + _BATCH])


def _hours(window: TimeRange) -> list[datetime]:
    start, end = _ends(window)
    return [start + number * _HOUR for number in range((end - start) // _HOUR)]


def _ends(window: TimeRange) -> tuple[datetime, datetime]:
    if window.start is None or window.end is None:
        raise ValueError("whole hours have a first and a last one")
    return window.start, window.end


def _published_hours(client: Any, stack: str, cache_class: str, window: TimeRange) -> set[datetime]:
    start, end = _ends(window)
    answer = _call(
        client.get_metric_statistics,
        Namespace=NAMESPACE,
        MetricName=REQUESTS,
        Dimensions=_dimensions(stack, cache_class),
        StartTime=start,
        EndTime=end,
        Period=_HOUR_SECONDS,
        Statistics=["SampleCount"],
    )
    return {point["Timestamp"].astimezone(UTC) for point in answer["Datapoints"]}


def _datum(stack: str, entry: ClassHour, name: str, value: float, unit: str) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Dimensions": _dimensions(stack, entry.cache_class),
        "Timestamp": entry.hour,
        "Value": value,
        "Unit": unit,
    }


def _dimensions(stack: str, cache_class: str) -> list[dict[str, str]]:
    values = {CLASS_DIMENSION: cache_class, STACK_DIMENSION: stack}
    return [{"Name": name, "Value": value} for name, value in values.items()]


def _call(method: Any, **arguments: Any) -> Any:
    try:
        return method(**arguments)
    except failures() as error:
        raise AwsCallError(f"cloudwatch: {error}", where={"namespace": NAMESPACE}) from None
