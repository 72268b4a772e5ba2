"""The window of time that is looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from strata.errors import StrataError

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_AGO: Final = re.compile(r"(\d{1,6})([mhd])")


class TimeRangeError(StrataError):
    """A moment that cannot be understood, or a window that ends before it starts."""


@dataclass(frozen=True)
class TimeRange:
    """A window of time, in UTC; None is open.

    Args:
        start: the first moment that belongs to it.
        end: the first moment after it.

    Raises:
        TimeRangeError: the end is not after the start.
    """

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise TimeRangeError(
                "the window of time ends before it starts",
                where={"from": self.start.isoformat(), "to": self.end.isoformat()},
                allowed="an end after the start",
            )

    @property
    def is_open(self) -> bool:
        """Whether every moment belongs to it."""
        return self.start is None and self.end is None

    def widened(self, by: timedelta) -> TimeRange:
        """Return the range with both ends moved outwards."""
        return TimeRange(self.start and self.start - by, self.end and self.end + by)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Say whether a moment of [start, end) belongs to it."""
        return (self.end is None or start < self.end) and (self.start is None or end > self.start)


def parse_moment(text: str, now: datetime) -> datetime:
    """Return the moment that a user names, in UTC.

    Args:
        text: ISO 8601, in UTC unless it says otherwise; or how long ago, ``90m``, ``24h`` or ``7d``.
        now: the present.

    Raises:
        TimeRangeError: it is neither.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise TimeRangeError(
            f"not a moment: {text!r}", allowed="2026-11-23, 2026-11-23T18:00, or how long ago: 90m, 24h, 7d"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
