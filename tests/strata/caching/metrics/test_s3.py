"""Logs of a bucket: which folders are listed, which objects are fetched, and what is left behind."""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from strata.aws import AwsCallError
from strata.caching.metrics import (
    LogSourceError,
    ReadingProgress,
    ReadOptions,
    TimeRange,
    UnreadableLogFileError,
    get_cache_metrics,
)
from strata.caching.metrics import read as reading
from strata.caching.metrics.s3 import S3Objects, period_of_folder, period_of_name
from tests.local.providers.conftest import REGION
from tests.strata.caching.metrics.log_files import LEGACY, V2, json_lines, request, text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.strata.caching.metrics.conftest import Bucket

OPTIONS = ReadOptions(threads=1, region=REGION)
FOLDER = "AWSLogs/123456789012/CloudFront/E1EXAMPLE"
EVENING = TimeRange(datetime(2026, 11, 23, 18, tzinfo=UTC), datetime(2026, 11, 23, 20, tzinfo=UTC))


def log(hour: int, day: int = 23) -> str:
    return json_lines(V2, [request(date=f"2026-11-{day:02}", time=f"{hour:02}:30:00")])


def delivered(bucket: Bucket, *moments: tuple[int, int]) -> None:
    for day, hour in moments:
        bucket.put(f"{FOLDER}/2026/11/{day:02}/{hour:02}/a.gz", log(hour, day))


def test_all_objects_below_a_prefix_are_counted(bucket: Bucket) -> None:
    delivered(bucket, (22, 1), (23, 18))
    bucket.put("elsewhere/a.log", log(1))
    bucket.put(f"{FOLDER}/", b"")  # what a console makes of a folder
    assert get_cache_metrics(f"s3://{bucket.name}/AWSLogs/", options=OPTIONS).total.requests == 2
    assert get_cache_metrics(f"s3://{bucket.name}", options=OPTIONS).total.requests == 3


def test_only_the_hours_of_the_window_are_listed_and_fetched(bucket: Bucket) -> None:
    delivered(bucket, (21, 3), (22, 18), (23, 3), (23, 18), (23, 19), (23, 23), (24, 1))
    metrics = get_cache_metrics(f"s3://{bucket.name}/", time_range=EVENING, options=OPTIONS)
    assert (metrics.total.requests, metrics.reading.files) == (2, 2)
    fetched = sorted(key for name, key in bucket.calls if name == "GetObject")
    assert fetched == [f"{FOLDER}/2026/11/23/18/a.gz", f"{FOLDER}/2026/11/23/19/a.gz"]
    listed = {prefix for name, prefix in bucket.calls if name == "ListObjectsV2"}
    assert f"{FOLDER}/2026/11/23/18/" in listed
    assert not any(prefix.startswith((f"{FOLDER}/2026/11/21", f"{FOLDER}/2026/11/23/03")) for prefix in listed)


def test_an_hour_more_on_either_side_is_looked_at_for_what_was_filed_late(bucket: Bucket) -> None:
    bucket.put(f"{FOLDER}/2026/11/23/20/a.gz", log(19))
    bucket.put(f"{FOLDER}/2026/11/23/17/a.gz", log(18))
    metrics = get_cache_metrics(f"s3://{bucket.name}/", time_range=EVENING, options=OPTIONS)
    assert (metrics.total.requests, metrics.reading.files) == (2, 2)


def test_legacy_names_say_the_hour(bucket: Bucket) -> None:
    for hour in (3, 18):
        bucket.put(f"logs/E1EXAMPLE.2026-11-23-{hour:02}.abcdef01.gz", text(LEGACY, [request(time="18:05:00")]))
    bucket.put("logs/of-no-known-hour.gz", text(LEGACY, [request(time="18:05:00")]))
    metrics = get_cache_metrics(f"s3://{bucket.name}/logs/", time_range=EVENING, options=OPTIONS)
    assert metrics.reading.files == 2


def test_a_batch_at_a_time_is_on_this_machine(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reading, "_BATCH_FILES", 2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    delivered(bucket, *((23, hour) for hour in range(5)))
    seen: list[tuple[int, int, int]] = []

    def show(reached: ReadingProgress) -> None:
        assert reached.total_files == 5
        assert reached.total_bytes >= reached.read_bytes > 0
        seen.append((reached.files, reached.total_files, len(list(tmp_path.rglob("*.log")))))

    options = ReadOptions(threads=1, region=REGION, progress=show)
    assert get_cache_metrics(f"s3://{bucket.name}/", options=options).total.requests == 5
    assert seen == [(2, 5, 0), (4, 5, 0), (5, 5, 0)]
    assert list(tmp_path.iterdir()) == []


def test_an_object_that_cannot_be_fetched_is_named(bucket: Bucket) -> None:
    delivered(bucket, (23, 18), (23, 19))
    bucket.client.meta.events.register(
        "before-send.s3.GetObject", lambda request, **_: gone() if "/18/" in request.url else None
    )
    url = f"s3://{bucket.name}/{FOLDER}/2026/11/23/18/a.gz"
    with pytest.raises(UnreadableLogFileError, match=re.escape("s3:GetObject failed: ") + ".*" + re.escape(url)):
        get_cache_metrics(f"s3://{bucket.name}/", options=OPTIONS)
    kept = get_cache_metrics(f"s3://{bucket.name}/", options=ReadOptions(threads=1, region=REGION, keep_going=True))
    assert (kept.total.requests, [name for name, _ in kept.reading.unreadable]) == (1, [url])


def gone():
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - one test's

    class Raw:
        def stream(self, *_args, **_options):
            yield b"<Error><Code>InvalidObjectState</Code><Message>in Glacier</Message></Error>"

    return AWSResponse("http://bucket", 403, {}, Raw())


def test_a_bucket_that_is_not_there_is_refused(bucket: Bucket) -> None:
    with pytest.raises(AwsCallError, match=f"s3:ListBucket failed: .*NoSuchBucket.*bucket {bucket.name}-x"):
        get_cache_metrics(f"s3://{bucket.name}-x/", options=OPTIONS)


def test_a_url_without_a_bucket_is_refused() -> None:
    with pytest.raises(LogSourceError, match="no bucket in the URL .* allowed: s3://bucket"):
        S3Objects.from_url("s3:///prefix")


@pytest.mark.parametrize(
    ("prefix", "first", "hours"),
    [
        ("a/2026/", (2026, 1, 1, 0), 366 * 24),
        ("a/2026/02/", (2026, 2, 1, 0), 31 * 24),
        ("a/2026/11/23/", (2026, 11, 23, 0), 24),
        ("a/2026/11/23/18/", (2026, 11, 23, 18), 1),
        ("a/year=2026/month=11/day=23/hour=18/", (2026, 11, 23, 18), 1),
        ("2025/x/2026/11/", (2026, 11, 1, 0), 31 * 24),
    ],
)
def test_folders_say_their_time(prefix: str, first: tuple[int, ...], hours: int) -> None:
    start, end = period_of_folder(prefix)
    assert (start, (end - start).total_seconds() / 3600) == (datetime(*first, tzinfo=UTC), hours)


@pytest.mark.parametrize(
    "prefix", ["", "a/", "AWSLogs/123456789012/", "11/23/", "2026/13/", "2026/02/31/", "2026/11/23/18/05/", "2026/x/"]
)
def test_other_folders_say_no_time(prefix: str) -> None:
    assert period_of_folder(prefix) is None


@pytest.mark.parametrize("key", ["a.gz", "E1.2026-13-01-00.x.gz", "E1.2026-11-23.x.gz", "x.2026-11-23-18.a/b.gz"])
def test_other_names_say_no_time(key: str) -> None:
    assert period_of_name(key) is None
