"""Values and figures as people read them, the same in a terminal and on a page."""

from __future__ import annotations

from typing import Final

UNKNOWN: Final = "unknown"
_STEP: Final = 1000
_BYTE_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")


def label(value: str | None) -> str:
    """Return a value; what would move a cursor or hide itself is shown as an escape."""
    if value is None:
        return UNKNOWN
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in value)


def percent(ratio: float | None) -> str:
    """Return a ratio in percent, to a tenth; a dash where there is none."""
    return "-" if ratio is None else f"{100 * ratio:.1f} %"


def amount_of_bytes(number: int) -> str:
    """Return a number of bytes with a decimal unit, three digits at most before the point."""
    value, unit = float(number), 0
    while value >= _STEP and unit < len(_BYTE_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.0f} B" if unit == 0 else f"{value:.1f} {_BYTE_UNITS[unit]}"
