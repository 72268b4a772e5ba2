"""The lines of a damaged file, as far as they can be had; a sound one is left to DuckDB, which is ten times as fast.

Memory is bounded whatever the file holds: a line is never longer than `MAX_LINE_BYTES` here, however much a few
compressed bytes expand to.
"""

from __future__ import annotations

import codecs
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: CloudFront logs no request whose URL or headers exceed 20 KB (Developer Guide, "Standard logging reference").
MAX_LINE_BYTES: Final = 1024 * 1024
_READ_BYTES: Final = 256 * 1024
_EXPANDED_BYTES: Final = 1024 * 1024


@dataclass
class RawFile:
    """A file's bytes, and what is wrong with them once they were read.

    Args:
        path: the file.
        is_gzipped: whether it is compressed.
        damage: filled while reading; None for a sound file.
    """

    path: Path
    is_gzipped: bool
    damage: str | None = field(default=None, init=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield what the file holds, expanded, in pieces of a megabyte at most."""
        with self.path.open("rb") as file:
            pieces = iter(lambda: file.read(_READ_BYTES), b"")
            yield from self._expanded(pieces) if self.is_gzipped else pieces

    def _expanded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Expand one gzip member after the other, as far as they go."""
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            for piece in pieces:
                rest = piece
                while rest:
                    if stream.eof:
                        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
                    yield stream.decompress(rest, _EXPANDED_BYTES)
                    rest = stream.unused_data if stream.eof else stream.unconsumed_tail
            yield stream.flush()
        except zlib.error:
            self.damage = "its gzip data is damaged: what comes after that is lost"
            return
        if not stream.eof:
            self.damage = "its gzip data ends early: what came after that is lost"


@dataclass(frozen=True)
class Line:
    """A line of a file; its number counts from 1. The text is None when the line cannot be used."""

    number: int
    text: str | None


def read_lines(file: RawFile) -> Iterator[Line]:
    """Yield the lines of a file that are not blank.

    A line is unusable when it is longer than `MAX_LINE_BYTES`, is not UTF-8, holds NUL or a stray carriage return, or
    was cut off by the end of damaged gzip data.
    """
    number = 0
    pending = bytearray()
    is_too_long = False
    for chunk in file.chunks():
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            number += 1
            yield from _line(number, None if is_too_long else bytes(pending) + piece)
            pending.clear()
            is_too_long = False
        is_too_long = is_too_long or len(pending) + len(rest) > MAX_LINE_BYTES
        pending = bytearray() if is_too_long else pending + rest
    if pending or is_too_long:
        is_cut = is_too_long or file.damage is not None
        yield from _line(number + 1, None if is_cut else bytes(pending))


def _line(number: int, raw: bytes | None) -> Iterator[Line]:
    if raw is None or len(raw) > MAX_LINE_BYTES:
        yield Line(number, None)
        return
    content = raw.removesuffix(b"\r")
    if content:
        yield Line(number, _text(content.removeprefix(codecs.BOM_UTF8) if number == 1 else content))


def _text(raw: bytes) -> str | None:
    if b"\0" in raw or b"\r" in raw:
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
