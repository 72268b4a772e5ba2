"""Access logs in a bucket: only the folders of the window are listed, and only a batch at a time is on this machine."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.exceptions
from botocore.config import Config

from strata.aws import AwsCallError
from strata.caching.metrics.errors import LogSourceError
from strata.caching.metrics.sources import S3_SCHEME, FetchedFile, StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from strata.caching.metrics.time_range import TimeRange

#: A file holds the requests of the hour in its name or folder; one more on either side, because an hour that is full
#: may go on in the next file.
_MARGIN: Final = timedelta(hours=1)
_DOWNLOADS: Final = 8
_COPY_BYTES: Final = 1024 * 1024
_PARTS: Final = ("year", "month", "day", "hour")
_NUMBER: Final = re.compile(r"(?:[A-Za-z]+=)?(\d{4}|\d{2})")
_YEAR_DIGITS: Final = 4
#: ``<distribution>.2026-11-23-18.<unique>.gz``, as legacy logging and v2 name their files.
_HOUR_IN_NAME: Final = re.compile(r"\.(\d{4})-(\d{2})-(\d{2})-(\d{2})\.[^/]*$")
_FAILURES: Final = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)


@dataclass(frozen=True)
class S3Objects:
    """The objects below a prefix.

    Args:
        bucket: its name.
        prefix: what keys start with; empty for all.
        region: the bucket's; None leaves it to the environment.
    """

    bucket: str
    prefix: str
    region: str | None = None

    @classmethod
    def from_url(cls, url: str, region: str | None = None) -> S3Objects:
        """Return what ``s3://bucket/prefix`` names.

        Raises:
            LogSourceError: it names no bucket.
        """
        bucket, _, prefix = url.removeprefix(S3_SCHEME).partition("/")
        if not bucket:
            raise LogSourceError(
                "no bucket in the URL", where={"source": url}, allowed="s3://bucket or s3://bucket/prefix"
            )
        return cls(bucket, prefix, region)

    @property
    def name(self) -> str:
        """What was asked for."""
        return f"{S3_SCHEME}{self.bucket}/{self.prefix}"

    def list_files(self, time_range: TimeRange) -> Sequence[StoredFile]:
        """Return the objects whose folder or name does not say that they are of another time.

        Raises:
            AwsCallError: the bucket may not be listed, or does not exist.
        """
        try:
            return sorted(self._below(self.prefix, time_range.widened(_MARGIN)), key=lambda one: one.name)
        except _FAILURES as error:
            raise AwsCallError(
                f"s3:ListBucket failed: {error}",
                where={"bucket": self.bucket, "prefix": self.prefix},
                allowed="an AWS identity that may list and read the bucket of the access logs",
            ) from None

    def _below(self, prefix: str, window: TimeRange) -> Iterator[StoredFile]:
        """Walk down the folders while a folder may hold other times than the window; list the rest flat."""
        is_walked = not window.is_open and not _is_within(prefix, window)
        pages = self._client().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, **({"Delimiter": "/"} if is_walked else {})):
            for found in page.get("Contents", ()):
                period = period_of_name(found["Key"])
                if found["Size"] > 0 and (period is None or window.overlaps(*period)):
                    yield StoredFile(f"{S3_SCHEME}{self.bucket}/{found['Key']}", int(found["Size"]))
            for folder in page.get("CommonPrefixes", ()):
                period = period_of_folder(folder["Prefix"])
                if period is None or window.overlaps(*period):
                    yield from self._below(folder["Prefix"], window)

    @contextmanager
    def fetched(self, files: Sequence[StoredFile]) -> Iterator[Sequence[FetchedFile]]:
        """Have a copy of objects in a temporary folder while the block runs."""
        with tempfile.TemporaryDirectory(prefix="strata-logs-") as folder, ThreadPoolExecutor(_DOWNLOADS) as pool:
            paths = [Path(folder) / f"{number}.log" for number in range(len(files))]
            yield list(pool.map(self._download, files, paths))

    def _download(self, file: StoredFile, path: Path) -> FetchedFile:
        key = file.name.removeprefix(f"{S3_SCHEME}{self.bucket}/")
        try:
            body = self._client().get_object(Bucket=self.bucket, Key=key)["Body"]
            with path.open("wb") as copy:
                shutil.copyfileobj(body, copy, _COPY_BYTES)
        except _FAILURES as error:
            return FetchedFile(file, path, f"s3:GetObject failed: {error}")
        return FetchedFile(file, path)

    def _client(self) -> Any:
        return bucket_client(self.region, os.environ.get("AWS_ENDPOINT_URL"))


@lru_cache(maxsize=4)  # Clients are thread-safe, hold no answer, and take 50 ms to make.
def bucket_client(region: str | None, endpoint_url: str | None) -> Any:
    """Return a client of S3."""
    # A stand-in has no name of its own for each bucket.
    config = Config(s3={"addressing_style": "path" if endpoint_url else "auto"}, max_pool_connections=_DOWNLOADS)
    return boto3.session.Session().client("s3", region_name=region, endpoint_url=endpoint_url, config=config)


def period_of_folder(prefix: str) -> tuple[datetime, datetime] | None:
    """Return the time that a folder is for, by the numbers at its end: ``.../2026/11/23/`` or ``.../year=2026/``.

    None when it does not end in a year, a month, a day or an hour of one.
    """
    numbers: list[int] = []
    for part in prefix.rstrip("/").split("/"):
        match = _NUMBER.fullmatch(part)
        if match is None:
            numbers = []
        elif len(match[1]) == _YEAR_DIGITS:
            numbers = [int(match[1])]
        elif numbers:
            numbers.append(int(match[1]))
    return _period(numbers) if 0 < len(numbers) <= len(_PARTS) else None


def period_of_name(key: str) -> tuple[datetime, datetime] | None:
    """Return the hour that an object's name says, or None."""
    match = _HOUR_IN_NAME.search(key)
    return _period([int(number) for number in match.groups()]) if match else None


def _period(numbers: Sequence[int]) -> tuple[datetime, datetime] | None:
    """Return the year, month, day or hour that numbers name; None when there is no such time."""
    year, month, day, hour = [*numbers, *(1, 1, 1, 0)[len(numbers) :]]
    try:
        start = datetime(year, month, day, hour, tzinfo=UTC)
        longest = {1: timedelta(days=366), 2: timedelta(days=31), 3: timedelta(days=1), 4: timedelta(hours=1)}
        return start, start + longest[len(numbers)]
    except (ValueError, OverflowError):
        return None


def _is_within(prefix: str, window: TimeRange) -> bool:
    """Say whether a whole folder belongs to the window."""
    period = period_of_folder(prefix)
    if period is None:
        return False
    start, end = period
    return (window.start is None or window.start <= start) and (window.end is None or end <= window.end)
