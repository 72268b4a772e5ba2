"""Hit ratios by class and hour, put into CloudWatch once each."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infra.components import alarm_table
from infra.config import AlarmsConfig
from strata.aws import AwsCallError
from strata.caching.metric_names import NAMESPACE
from strata.caching.metrics import ReadOptions
from strata.caching.metrics.publish import LEAST_REQUESTS, ClassHour, complete_hours, measure, publish, unpublished
from strata.caching.metrics.time_range import TimeRange
from tests.local.providers.conftest import REGION
from tests.strata.caching.metrics.conftest import bucket  # noqa: F401 - a fixture
from tests.strata.caching.metrics.log_files import V2, json_lines, request, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.strata.caching.metrics.conftest import Bucket

SIX, SEVEN, EIGHT = (datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (18, 19, 20))
WINDOW = TimeRange(SIX, EIGHT)


def rows(count: int, hits: int, time: str, cache_class: str) -> list[dict[str, str]]:
    logged = {"viewer_request_log_data": f"class={cache_class}", "time": time}
    return [request(**logged)] * hits + [request(x_edge_result_type="Miss", **logged)] * (count - hits)


@pytest.fixture
def log(tmp_path: Path) -> str:
    lines = [
        *rows(200, 150, "18:59:59", "static_data"),
        *rows(LEAST_REQUESTS, 40, "19:00:00", "user_data"),
        *rows(LEAST_REQUESTS - 1, 99, "19:30:00", "static_data"),
        *rows(500, 500, "20:00:00", "static_data"),
        *rows(500, 500, "18:10:00", "none"),
    ]
    return str(write(tmp_path / "log.gz", json_lines(V2, lines), gzipped=True))


@pytest.fixture
def cloudwatch(bucket: Bucket) -> Iterator[Any]:  # noqa: F811 - the fixture, for its account of the emulator
    client = boto3.session.Session().client("cloudwatch", region_name=REGION)
    yield client
    client.close()


def test_whole_hours_end_when_their_records_have_had_time_to_arrive() -> None:
    now = datetime(2026, 11, 23, 20, 59, 30, tzinfo=UTC)
    assert complete_hours(now, 2, 60) == TimeRange(datetime(2026, 11, 23, 17, tzinfo=UTC), SEVEN)
    assert complete_hours(now, 2, 59) == TimeRange(SIX, EIGHT)


def test_each_class_and_hour_has_its_ratio_unless_it_says_nothing(log: str) -> None:
    found = {(entry.cache_class, entry.hour): entry for entry in measure(log, WINDOW, ReadOptions()).entries}
    assert found.keys() == {(name, hour) for name in ("realtime", "user_data", "static_data") for hour in (SIX, SEVEN)}
    assert found["static_data", SIX] == ClassHour("static_data", SIX, 200, 75.0)
    assert found["user_data", SEVEN] == ClassHour("user_data", SEVEN, LEAST_REQUESTS, 40.0)
    assert found["static_data", SEVEN] == ClassHour("static_data", SEVEN, LEAST_REQUESTS - 1, None)
    assert found["realtime", SIX] == ClassHour("realtime", SIX, 0, None)


def statistics(
    cloudwatch: Any, name: str, cache_class: str, stack: str = "prod"
) -> dict[datetime, tuple[float, float]]:
    answer = cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=name,
        Dimensions=[{"Name": "Class", "Value": cache_class}, {"Name": "Stack", "Value": stack}],
        StartTime=SIX,
        EndTime=EIGHT,
        Period=3600,
        Statistics=["Average", "SampleCount"],
    )
    return {point["Timestamp"]: (point["Average"], point["SampleCount"]) for point in answer["Datapoints"]}


def test_publishing_twice_puts_each_hour_once(log: str, cloudwatch: Any) -> None:
    measured = measure(log, WINDOW, ReadOptions())
    for _ in range(2):
        publish(cloudwatch, "prod", unpublished(cloudwatch, "prod", measured))
    assert unpublished(cloudwatch, "prod", measured) == []
    assert statistics(cloudwatch, "HitRatio", "static_data") == {SIX: (75.0, 1.0)}
    assert statistics(cloudwatch, "HitRatio", "user_data") == {SEVEN: (40.0, 1.0)}
    assert statistics(cloudwatch, "Requests", "realtime") == {SIX: (0.0, 1.0), SEVEN: (0.0, 1.0)}


def test_only_hours_that_are_missing_are_put(log: str, cloudwatch: Any) -> None:
    first = measure(log, TimeRange(SIX, SEVEN), ReadOptions())
    publish(cloudwatch, "prod", unpublished(cloudwatch, "prod", first))
    missing = unpublished(cloudwatch, "prod", measure(log, WINDOW, ReadOptions()))
    assert {entry.hour for entry in missing} == {SEVEN}


def test_another_stacks_hours_are_its_own(log: str, cloudwatch: Any) -> None:
    measured = measure(log, WINDOW, ReadOptions())
    publish(cloudwatch, "prod", unpublished(cloudwatch, "prod", measured))
    assert len(unpublished(cloudwatch, "staging", measured)) == len(measured.entries)


def test_an_hour_whose_count_is_missing_is_put_again(log: str, cloudwatch: Any) -> None:
    """The count is what the next run asks for, so it is put last: a run that dies between the two loses nothing."""
    measured = measure(log, WINDOW, ReadOptions())
    put = cloudwatch.put_metric_data

    class Dying:
        get_metric_statistics = staticmethod(cloudwatch.get_metric_statistics)

        @staticmethod
        def put_metric_data(**arguments: Any) -> None:
            if arguments["MetricData"][0]["MetricName"] == "Requests":
                raise KeyboardInterrupt
            put(**arguments)

    with pytest.raises(KeyboardInterrupt):
        publish(Dying, "prod", unpublished(cloudwatch, "prod", measured))
    assert len(unpublished(cloudwatch, "prod", measured)) == len(measured.entries)
    publish(cloudwatch, "prod", unpublished(cloudwatch, "prod", measured))
    assert statistics(cloudwatch, "HitRatio", "static_data")[SIX][0] == 75.0


def test_a_refusal_names_the_service(log: str, monkeypatch: pytest.MonkeyPatch, cloudwatch: Any) -> None:
    nobody = boto3.session.Session().client("cloudwatch", region_name=REGION, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(AwsCallError, match="cloudwatch: Could not connect"):
        unpublished(nobody, "prod", measure(log, WINDOW, ReadOptions()))
    nobody.close()


def test_what_is_published_raises_the_alarm_of_the_table(cloudwatch: Any) -> None:
    """Both mean the same metric. The emulator judges an alarm without its dimensions, so they are asked for too."""
    floors = AlarmsConfig.model_validate({"hitRatioFloor": {"staticData": 80, "userData": 0}})
    (row,) = alarm_table.hit_ratios("prod", floors)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    low = [ClassHour("static_data", hour - timedelta(hours=ago), 1_000, 12.5) for ago in range(row.periods)]
    metric = {
        "Namespace": row.metric.namespace,
        "MetricName": row.metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in row.metric.dimensions.items()],
    }
    publish(cloudwatch, "prod", low)
    window = {"StartTime": hour - timedelta(hours=row.periods), "EndTime": hour + timedelta(hours=1)}
    found = cloudwatch.get_metric_statistics(**metric, **window, Period=row.period_seconds, Statistics=[row.statistic])
    assert [point[row.statistic] for point in found["Datapoints"]] == [12.5] * row.periods
    cloudwatch.put_metric_alarm(
        **metric,
        AlarmName=row.name,
        Statistic=row.statistic,
        ComparisonOperator="LessThanThreshold",
        Threshold=row.threshold,
        Period=row.period_seconds,
        EvaluationPeriods=row.periods,
        DatapointsToAlarm=row.needed,
        TreatMissingData=row.missing,
    )
    publish(cloudwatch, "prod", low[:1])
    deadline = time.monotonic() + 10
    while (state := _state(cloudwatch, row.name)) != "ALARM" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert state == "ALARM"


def _state(cloudwatch: Any, name: str) -> str:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])
