"""Which format a log file has, by what is in it; its name says nothing that is relied on."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from strata.caching.metrics.dimensions import FIELDS, REQUIRED_FIELD, canonical
from strata.caching.metrics.errors import UnreadableLogFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: ``text`` is legacy, W3C and plain: values between delimiters, named by a header.
Format = Literal["text", "json", "parquet"]
FIELDS_HEADER: Final = "#Fields:"
_RESULT_TYPE: Final = canonical(REQUIRED_FIELD)
_GZIP_MAGIC: Final = b"\x1f\x8b"
_PARQUET_MAGIC: Final = b"PAR1"
_HEAD_BYTES: Final = 256 * 1024
#: What a delivery's ``fieldDelimiter`` usually is; a tab unless the lines say otherwise.
_DELIMITERS: Final = ("\t", " ", ",", ";", "|")


@dataclass(frozen=True)
class Layout:
    """How the lines of a file are read; files of one layout are read together.

    Args:
        format: what kind of lines.
        is_gzipped: whether the file is compressed as a whole.
        fields: of ``text``, its fields in order, canonically named; of ``parquet``, its columns.
        delimiter: of ``text``.
        header: of ``text``, the line that names the fields; None where none does.
    """

    format: Format
    is_gzipped: bool
    fields: tuple[str, ...] = ()
    delimiter: str = "\t"
    header: str | None = None


@dataclass(frozen=True)
class LogFile:
    """A file to be counted.

    Args:
        path: where it is on this machine.
        name: what messages call it: the path, or the URL that it came from.
        layout: how it is read; None when it is empty.
    """

    path: Path
    name: str
    layout: Layout | None


def detect(path: Path, name: str, plain_fields: Sequence[str] = ()) -> LogFile:
    """Look at a file's beginning.

    Args:
        path: the file.
        name: what messages call it.
        plain_fields: the fields of files without any header (v2 ``plain``), as CloudFront spells them.

    Raises:
        UnreadableLogFileError: it is no access log, it lacks the result type, or it cannot be opened.
    """
    try:
        head, is_gzipped = _head(path)
    except OSError as error:
        raise UnreadableLogFileError(name, error.strerror or type(error).__name__) from None
    if head[:4] == _PARQUET_MAGIC:
        return LogFile(path, name, Layout("parquet", is_gzipped=False))
    if not head.strip():
        return LogFile(path, name, None)
    text = head.decode("utf-8-sig", "replace")
    layout = _layout(text.split("\n"), is_gzipped, tuple(map(canonical, plain_fields)))
    if layout is None:
        raise UnreadableLogFileError(name, "its beginning has no #Fields header, JSON object or field names")
    has_result_type = f'"{REQUIRED_FIELD}"' in text if layout.format == "json" else _RESULT_TYPE in layout.fields
    if not has_result_type:
        raise UnreadableLogFileError(name, f"it has no field {REQUIRED_FIELD}")
    return LogFile(path, name, layout)


def _head(path: Path) -> tuple[bytes, bool]:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.startswith(_GZIP_MAGIC):
        return head, False
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, _HEAD_BYTES), True
    except zlib.error:
        raise OSError(0, "it starts like gzip and is none") from None


def _layout(lines: Sequence[str], is_gzipped: bool, plain_fields: tuple[str, ...]) -> Layout | None:
    """Return what the first telling line says; junk before it is skipped here, and counted when the file is read."""
    for number, raw in enumerate(lines):
        line = raw.removesuffix("\r")
        if line.startswith(FIELDS_HEADER):
            return text_layout(line, lines[number + 1 :], is_gzipped)
        if line.startswith("{") and _is_record(line, is_last=number == len(lines) - 1):
            return Layout("json", is_gzipped)
        delimiter = _plain_header(line)
        if delimiter is not None:
            return Layout("text", is_gzipped, tuple(map(canonical, line.split(delimiter))), delimiter, line)
    if plain_fields:
        return Layout("text", is_gzipped, plain_fields, _delimiter(lines, len(plain_fields)))
    return None


def text_layout(header: str, following: Sequence[str], is_gzipped: bool) -> Layout:
    """Return the layout that a ``#Fields:`` line names; its names are separated by blanks, whatever the values are."""
    names = tuple(canonical(name) for name in header.removeprefix(FIELDS_HEADER).split())
    return Layout("text", is_gzipped, names, _delimiter(following, len(names)), header)


def _delimiter(lines: Sequence[str], count: int) -> str:
    for line in lines:
        for delimiter in _DELIMITERS:
            if not line.startswith("#") and line.count(delimiter) == count - 1:
                return delimiter
    return _DELIMITERS[0]


def _plain_header(line: str) -> str | None:
    """Return the delimiter of a line of field names, or None when it is another line."""
    known = set(map(canonical, FIELDS))
    for delimiter in _DELIMITERS:
        names = [canonical(name) for name in line.split(delimiter)]
        if _RESULT_TYPE in names and len(known.intersection(names)) > 1:
            return delimiter
    return None


def _is_record(line: str, is_last: bool) -> bool:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return is_last  # The head may end within a line.
    return isinstance(record, dict)
