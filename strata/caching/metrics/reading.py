"""What was read, and what was not: nothing of a log is left out without a word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class DamagedFile:
    """A file of which something could not be counted.

    Args:
        file: its path or URL.
        skipped_lines: lines that were not counted.
        first_line_numbers: where the first of them are, from 1; never what they hold, which may be a token.
        damage: what else is wrong with the file, if anything.
    """

    file: str
    skipped_lines: int
    first_line_numbers: tuple[int, ...]
    damage: str | None = None


@dataclass(frozen=True)
class ReadingReport:
    """How a source was read.

    Args:
        source: what was asked for.
        files: files that were read.
        lines: requests that were counted.
        outside: requests outside the window of time.
        undated: lines without a readable time, left out where there is a window of time.
        damaged: files with lines that were skipped.
        unreadable: files that were left out as a whole, each with the reason; only when asked to keep going.
    """

    source: str
    files: int
    lines: int
    outside: int
    undated: int
    damaged: tuple[DamagedFile, ...]
    unreadable: tuple[tuple[str, str], ...]

    @property
    def skipped_lines(self) -> int:
        """How many lines were not counted because they are broken."""
        return sum(file.skipped_lines for file in self.damaged)


@dataclass(frozen=True)
class ReadingProgress:
    """How far a reading is.

    Args:
        files: files read so far.
        total_files: files to be read.
        read_bytes: bytes read so far, as they are stored.
        total_bytes: bytes to be read, as they are stored.
    """

    files: int
    total_files: int
    read_bytes: int
    total_bytes: int


Progress = Callable[[ReadingProgress], None]


def no_progress(_: ReadingProgress) -> None:
    """Tell nobody."""
