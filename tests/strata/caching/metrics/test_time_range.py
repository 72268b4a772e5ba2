"""Windows of time and how users name them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strata.caching.metrics import TimeRange
from strata.caching.metrics.time_range import TimeRangeError, parse_moment

NOW = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T10:05", datetime(2026, 11, 22, 10, 5, tzinfo=UTC)),
        ("2026-11-22T10:05:00+02:00", datetime(2026, 11, 22, 8, 5, tzinfo=UTC)),
        ("90m", NOW - timedelta(minutes=90)),
        ("24h", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
    ],
)
def test_moments_are_dates_times_or_how_long_ago(written, meant):
    assert parse_moment(written, NOW) == meant


@pytest.mark.parametrize("written", ["", "yesterday", "7w", "-3h", "2026-13-01", "9999999d"])
def test_other_words_are_no_moment(written):
    with pytest.raises(TimeRangeError, match="not a moment: .* allowed: 2026-11-23, 2026-11-23T18:00"):
        parse_moment(written, NOW)


def test_a_moment_before_the_calendar_is_refused():
    with pytest.raises(TimeRangeError, match="not a moment: '999999d'"):
        parse_moment("999999d", NOW)


def test_a_window_ends_after_it_starts():
    with pytest.raises(TimeRangeError, match="ends before it starts .*from 2026-11-23T18:30:00.*: an end after"):
        TimeRange(NOW, NOW)


@pytest.mark.parametrize(
    ("window", "overlaps"),
    [
        (TimeRange(), True),
        (TimeRange(start=NOW), True),
        (TimeRange(start=NOW + timedelta(hours=1)), False),
        (TimeRange(end=NOW), False),
        (TimeRange(end=NOW + timedelta(seconds=1)), True),
    ],
)
def test_a_window_overlaps_an_hour(window, overlaps):
    assert window.overlaps(NOW, NOW + timedelta(hours=1)) is overlaps
