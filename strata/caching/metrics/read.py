"""All files of a source into one counter: batch by batch, quickly where a file is sound."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import duckdb

from strata.caching.metrics.dimensions import REQUIRED_FIELD, canonical
from strata.caching.metrics.errors import UnreadableLogFileError
from strata.caching.metrics.formats import detect
from strata.caching.metrics.reading import DamagedFile, Progress, ReadingProgress, ReadingReport
from strata.caching.metrics.salvage import count_damaged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from strata.caching.metrics.counting import Counter
    from strata.caching.metrics.formats import Layout, LogFile
    from strata.caching.metrics.sources import FetchedFile, Source, StoredFile
    from strata.caching.metrics.time_range import TimeRange

#: Of a batch, as stored: what a source in S3 has on this machine at a time.
_BATCH_BYTES: Final = 256 * 1024 * 1024
_BATCH_FILES: Final = 512
#: DuckDB would take such a path for a pattern.
_PATTERN_CHARACTERS: Final = frozenset("*?[")


def read_source(
    counter: Counter,
    source: Source,
    time_range: TimeRange,
    *,
    plain_fields: Sequence[str] = (),
    keep_going: bool = False,
    progress: Progress,
) -> ReadingReport:
    """Count a source's files, and say how they were read.

    Raises:
        UnreadableLogFileError: a file is no access log, unless asked to keep going.
        StrataError: the source cannot be looked into.
    """
    stored = source.list_files(time_range)
    reader = _Reader(counter, tuple(plain_fields), keep_going)
    total_bytes = sum(file.size_bytes for file in stored)
    files = read_bytes = 0
    for batch in _batches(stored):
        with source.fetched(batch) as fetched:
            reader.read(fetched)
        files, read_bytes = files + len(batch), read_bytes + sum(file.size_bytes for file in batch)
        progress(ReadingProgress(files, len(stored), read_bytes, total_bytes))
    return ReadingReport(
        source=source.name,
        files=len(stored) - len(reader.unreadable),
        lines=counter.lines["record"],
        outside=counter.lines["outside"],
        undated=counter.lines["undated"],
        damaged=tuple(sorted(reader.damaged, key=lambda file: file.file)),
        unreadable=tuple(sorted(reader.unreadable)),
    )


def _batches(files: Sequence[StoredFile]) -> Iterator[Sequence[StoredFile]]:
    batch: list[StoredFile] = []
    size = 0
    for file in files:
        if batch and (len(batch) == _BATCH_FILES or size + file.size_bytes > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size_bytes
    if batch:
        yield batch


@dataclass
class _Reader:
    """Counts files, and notes what could not be counted."""

    counter: Counter
    plain_fields: tuple[str, ...]
    keep_going: bool
    damaged: list[DamagedFile] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def read(self, fetched: Sequence[FetchedFile]) -> None:
        """Count a batch, the files of one layout together."""
        by_layout: dict[Layout, list[LogFile]] = {}
        for one in fetched:
            file = self._detected(one)
            if file is not None and file.layout is not None:
                by_layout.setdefault(file.layout, []).append(file)
        for layout, files in by_layout.items():
            plain = [file for file in files if not _PATTERN_CHARACTERS.intersection(str(file.path))]
            if plain:
                self._count(layout, plain)
            for file in files:
                if file not in plain:
                    self._count_damaged(layout, file)

    def _detected(self, one: FetchedFile) -> LogFile | None:
        if one.failure is not None:
            self._leave_out(UnreadableLogFileError(one.stored.name, one.failure))
            return None
        try:
            return self._with_columns(detect(one.path, one.stored.name, self.plain_fields))
        except UnreadableLogFileError as error:
            self._leave_out(error)
            return None

    def _with_columns(self, file: LogFile) -> LogFile:
        """Return a Parquet file with its columns, which its beginning does not say; any other as it is."""
        if file.layout is None or file.layout.format != "parquet":
            return file
        if _PATTERN_CHARACTERS.intersection(str(file.path)):
            raise UnreadableLogFileError(file.name, "a Parquet file's path may not have * ? or [ in it")
        try:
            columns = self.counter.parquet_columns(file.path)
        except duckdb.Error:
            raise UnreadableLogFileError(file.name, "its Parquet data is damaged") from None
        if canonical(REQUIRED_FIELD) not in map(canonical, columns):
            raise UnreadableLogFileError(file.name, f"it has no field {REQUIRED_FIELD}")
        return replace(file, layout=replace(file.layout, fields=columns))

    def _count(self, layout: Layout, files: Sequence[LogFile]) -> None:
        """Count files together; those that do not go through are found by halves, and counted line by line."""
        try:
            broken = self.counter.count_files(layout, [file.path for file in files])
        except duckdb.Error:
            # Its message quotes the line, which may hold a token: it is not passed on.
            if len(files) == 1:
                self._count_damaged(layout, files[0])
                return
            middle = len(files) // 2
            self._count(layout, files[:middle])
            self._count(layout, files[middle:])
            return
        if not broken:
            self.counter.keep()
            return
        sound = [file for file in files if str(file.path) not in broken]
        if sound:
            self._count(layout, sound)
        for file in files:
            if file not in sound:
                self._count_damaged(layout, file)

    def _count_damaged(self, layout: Layout, file: LogFile) -> None:
        if layout.format == "parquet":
            self._leave_out(UnreadableLogFileError(file.name, "its Parquet data is damaged"))
            return
        found = count_damaged(self.counter, file, layout)
        if found is not None:
            self.damaged.append(found)

    def _leave_out(self, error: UnreadableLogFileError) -> None:
        if not self.keep_going:
            raise error
        self.unreadable.append((error.file, error.reason))
