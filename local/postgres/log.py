"""The log of a server: kept from growing without end, and asked why a program ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES: Final = 20 * 1024 * 1024
#: Marks of the lines that say why a program ended, the most telling first.
_TELLING: Final = (
    "No space left on device",
    "outside the valid range",
    "invalid value for parameter",
    "unrecognized configuration parameter",
    "could not",
    "FATAL",
    "PANIC",
    "error:",
)


def size(log: Path) -> int:
    """Return the length of a log in bytes, 0 where there is none yet."""
    return log.stat().st_size if log.exists() else 0


def rotate(log: Path, largest_bytes: int = LARGEST_BYTES) -> None:
    """Put a log that grew large aside, over the one put aside before."""
    if size(log) > largest_bytes:
        log.replace(log.with_name("log.1"))


def last_words(log: Path, since_bytes: int = 0) -> str:
    """Return the line that says why a program ended, without its time stamp.

    Args:
        log: the file.
        since_bytes: where the program's own output begins.
    """
    with log.open("rb") as stream:
        stream.seek(since_bytes)
        lines = stream.read().decode(errors="replace").splitlines()
    for mark in _TELLING:
        found = next((line for line in lines if mark in line), None)
        if found:
            return re.sub(r"^.*?\] (?=[A-Z]+: )", "", found).strip()
    return lines[-1].strip() if lines else "it said nothing"
