"""Where access logs are: files and folders of this machine, or objects of a bucket."""

from __future__ import annotations

import glob
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from strata.caching.metrics.errors import LogSourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from strata.caching.metrics.time_range import TimeRange

S3_SCHEME: Final = "s3://"
_PATTERN_CHARACTERS: Final = frozenset("*?[")


@dataclass(frozen=True)
class StoredFile:
    """A log file where it is stored.

    Args:
        name: its path or URL.
        size_bytes: as it is stored.
    """

    name: str
    size_bytes: int


@dataclass(frozen=True)
class FetchedFile:
    """A log file on this machine, or why it is not there.

    Args:
        stored: what was asked for.
        path: where it is while the batch lasts.
        failure: why it could not be had; None when it is there.
    """

    stored: StoredFile
    path: Path
    failure: str | None = None


class Source(Protocol):
    """A place with log files."""

    @property
    def name(self) -> str:
        """What was asked for."""

    def list_files(self, time_range: TimeRange) -> Sequence[StoredFile]:
        """Return the files that may hold requests of the window, in the order of their names.

        Raises:
            StrataError: the place cannot be looked into.
        """

    @contextmanager
    def fetched(self, files: Sequence[StoredFile]) -> Iterator[Sequence[FetchedFile]]:
        """Have files on this machine while the block runs."""


@dataclass(frozen=True)
class LocalFiles:
    """Files, folders and patterns of this machine.

    Args:
        patterns: a folder stands for all files below it that are not hidden.
    """

    patterns: tuple[str, ...]

    @property
    def name(self) -> str:
        """What was asked for."""
        return ", ".join(self.patterns)

    def list_files(self, _: TimeRange) -> Sequence[StoredFile]:
        """Return every file once; what is in it says whether it belongs to the window.

        Raises:
            LogSourceError: nothing is there.
        """
        found = {path.resolve(): path for pattern in self.patterns for path in _matching(pattern)}
        return sorted((StoredFile(str(path), path.stat().st_size) for path in found.values()), key=lambda one: one.name)

    @contextmanager
    def fetched(self, files: Sequence[StoredFile]) -> Iterator[Sequence[FetchedFile]]:
        """They are there already."""
        yield [FetchedFile(file, Path(file.name)) for file in files]


def _matching(pattern: str) -> Sequence[Path]:
    path = Path(pattern)
    if path.is_dir():
        return [one for one in path.rglob("*") if one.is_file() and not _is_hidden(one.relative_to(path))]
    if path.exists():
        return [path]
    found = [Path(one) for one in glob.glob(pattern, recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute pattern
    if not found and not _PATTERN_CHARACTERS.intersection(pattern):
        raise LogSourceError(
            "no such file or folder",
            where={"source": pattern},
            allowed="a file, a folder, a pattern such as 'logs/**/*.gz', or s3://bucket/prefix",
        )
    return [one for one in found if one.is_file()]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
