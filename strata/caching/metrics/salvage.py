"""What can be counted of a file that DuckDB does not take as it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from strata.caching.metrics.dimensions import REQUIRED_FIELD, canonical
from strata.caching.metrics.formats import FIELDS_HEADER, text_layout
from strata.caching.metrics.lines import RawFile, read_lines
from strata.caching.metrics.reading import DamagedFile

if TYPE_CHECKING:
    from strata.caching.metrics.counting import Counter
    from strata.caching.metrics.formats import Layout, LogFile

_CHUNK_LINES: Final = 20_000
_CHUNK_CHARACTERS: Final = 8 * 1024 * 1024
#: How many of the skipped lines a report names.
FIRST_LINES: Final = 5


def count_damaged(counter: Counter, file: LogFile, layout: Layout) -> DamagedFile | None:
    """Count the lines of a file that are sound, and return what was skipped; None when nothing was.

    A ``#Fields:`` line within the file holds for what follows it.
    """
    raw = RawFile(file.path, layout.is_gzipped)
    salvage = _Salvage(counter, layout)
    for line in read_lines(raw):
        if line.text is None:
            salvage.skipped.append(line.number)
        else:
            salvage.add(line.number, line.text)
    salvage.flush()
    if not salvage.skipped and raw.damage is None:
        return None
    return DamagedFile(file.name, len(salvage.skipped), tuple(sorted(salvage.skipped)[:FIRST_LINES]), raw.damage)


@dataclass
class _Salvage:
    """Lines on their way to the counter."""

    counter: Counter
    layout: Layout
    skipped: list[int] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)
    _characters: int = 0

    def add(self, number: int, text: str) -> None:
        if self.layout.format == "text" and text.startswith("#"):
            self._comment(text)
            return
        if text == self.layout.header:
            return
        self._lines.append(text)
        self._numbers.append(number)
        self._characters += len(text)
        if len(self._lines) >= _CHUNK_LINES or self._characters >= _CHUNK_CHARACTERS:
            self.flush()

    def _comment(self, text: str) -> None:
        if text.startswith(FIELDS_HEADER) and text != self.layout.header:
            self.flush()
            self.layout = replace(text_layout(text, (), is_gzipped=False), delimiter=self.layout.delimiter)

    def flush(self) -> None:
        if canonical(REQUIRED_FIELD) in self.layout.fields or self.layout.format == "json":
            self.skipped += self.counter.count_lines(self.layout, self._lines, self._numbers)
        else:
            self.skipped += self._numbers
        self._lines, self._numbers, self._characters = [], [], 0
