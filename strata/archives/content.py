"""The content of an archived part: its rows, unpacked as a stream, under the tenant they are brought back for."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.archives.bucket import ArchiveBucketError
from strata.archives.manifest import BRING_BACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from strata.archives.bucket import ArchiveBucket
    from strata.archives.manifest import Part

#: zlib's sign for "with a gzip header", on top of the largest window.
GZIP: Final = 16 + zlib.MAX_WBITS
_UNPACKED_BYTES: Final = 1 << 20
#: What COPY text writes for a character that has a meaning of its own (PostgreSQL, COPY, "Text Format").
_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
)


def unpacked(bucket: ArchiveBucket, part: Part) -> Iterator[bytes]:
    """Yield the rows of a part as COPY text, in pieces that need not end with a row.

    Raises:
        ArchiveBucketError: the object is gone, another one than was written, or no gzip file.
    """
    inflater = zlib.decompressobj(GZIP)
    try:
        for packed in bucket.read(part):
            piece = inflater.decompress(packed, _UNPACKED_BYTES)
            while piece:
                yield piece
                piece = inflater.decompress(inflater.unconsumed_tail, _UNPACKED_BYTES)
    except zlib.error as error:
        raise ArchiveBucketError(
            f"a part of the archive cannot be unpacked: {error}",
            where={"object": f"s3://{bucket.location.bucket}/{part.key}"},
            allowed=f"an object with SHA-256 {part.sha256}",
            next_command=BRING_BACK,
        ) from None


def content_sha256(pieces: Iterable[bytes]) -> str:
    """Return the SHA-256 of the pieces in a row."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


@dataclass(frozen=True)
class Rename:
    """Rows of one tenant as rows of another: their first column is the tenant's id."""

    before: bytes
    after: bytes

    @classmethod
    def of(cls, before: str, after: str) -> Rename:
        """Return the change from one tenant id to another; from an id to itself it changes nothing."""
        return cls(_first_field(before), _first_field(after))

    def apply(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the rows with the new id, in pieces of whole rows.

        Raises:
            ValueError: a row does not begin with the old id.
        """
        if self.before == self.after:
            yield from pieces
            return
        rest = b""
        for piece in pieces:
            *rows, rest = (rest + piece).split(b"\n")
            if rows:
                yield b"".join(self._row(row) for row in rows)

    def _row(self, row: bytes) -> bytes:
        if not row.startswith(self.before):
            raise ValueError("a row of the archive does not begin with its tenant's id")
        return self.after + row[len(self.before) :] + b"\n"


def _first_field(tenant_id: str) -> bytes:
    return tenant_id.translate(_ESCAPES).encode() + b"\t"
