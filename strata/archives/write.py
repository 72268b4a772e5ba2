"""Writing one partition into an archive: streamed, cut into parts, compressed and stored in threads beside the reading.

Memory holds two parts compressed and a few pieces of rows, whatever the size of the table. A part is stored whole or
not at all, and the same rows make the same bytes, so a run that was killed goes on behind the last part that is there.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from strata.archives.content import GZIP
from strata.archives.errors import ArchivePausedError
from strata.archives.manifest import ArchivedTable, Part
from strata.archives.rows import copy_out, exact_text, read_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from strata.archives.bucket import ArchiveBucket
    from strata.archives.rows import Piece
    from strata.database import Connection
    from strata.deadline import Deadline
    from strata.partitions.render import Leaf

    #: Called with the table and the number of its rows that are done.
    Report = Callable[[str, int], None]

#: A part is closed when it is this large compressed: one upload, and what a killed run loses at most.
PART_BYTES: Final = 8 << 20
#: gzip's own default: as good as the higher levels on rows, at half their time.
_LEVEL: Final = 6
#: Pieces that wait for the compressor.
_WAITING: Final = 4


def write_table(
    connection: Connection, leaf: Leaf, bucket: ArchiveBucket, deadline: Deadline, report: Report
) -> ArchivedTable:
    """Write the rows of a partition that are not in the archive yet, and return what it then holds of it.

    Args:
        connection: in autocommit, as the owner.
        leaf: a partition that nobody writes to any more.
        bucket: of the archive.
        deadline: when to stop.
        report: called after each piece of rows.

    Raises:
        ArchivePausedError: the deadline was reached.
        ArchiveBucketError: the bucket refused.
        NoPrimaryKeyError: its rows have no order.
    """
    shape = read_shape(connection, leaf)
    with ThreadPoolExecutor(1) as sender:
        parts = _Parts(bucket, leaf.table, sender)
        with (
            exact_text(connection, deadline),
            copy_out(connection, leaf, shape, shape.copied_columns, parts.rows) as pieces,
            ThreadPoolExecutor(1) as compressor,
        ):
            waiting: deque[Future[None]] = deque()
            rows = parts.rows
            for piece in pieces:
                waiting.append(compressor.submit(parts.add, piece))
                if len(waiting) > _WAITING:
                    waiting.popleft().result()
                rows += piece.rows
                report(leaf.table, rows)
                if deadline.is_over:
                    raise ArchivePausedError(leaf.tenant_id, leaf.table, deadline.budget_seconds, parts.rows)
            for added in waiting:
                added.result()
            parts.close()
        parts.settle()
    return ArchivedTable(leaf.table, shape.columns, parts.rows, tuple(parts.stored))


class _Parts:
    """The parts of a table: those that are stored, and the one that is being made."""

    def __init__(self, bucket: ArchiveBucket, table: str, sender: Executor) -> None:
        self.stored = bucket.parts(table)
        self._bucket = bucket
        self._table = table
        self._sender = sender
        self._sending: Future[None] | None = None
        self._start()

    @property
    def rows(self) -> int:
        """Rows in the parts that are stored."""
        return sum(part.rows for part in self.stored)

    def add(self, piece: Piece) -> None:
        """Add rows, and store the part when it is large enough."""
        self._compressed.append(self._compressor.compress(piece.text))
        self._content.update(piece.text)
        self._content_bytes += len(piece.text)
        self._size += len(self._compressed[-1])
        self._rows += piece.rows
        if self._size >= PART_BYTES:
            self.close()

    def close(self) -> None:
        """Hand on the part that is being made, unless it has no rows; the one before it is stored by then."""
        if not self._rows:
            return
        self.settle()
        body = b"".join([*self._compressed, self._compressor.flush()])
        key = self._bucket.location.part_key(self._table, len(self.stored))
        digest, content = hashlib.sha256(body).hexdigest(), self._content.hexdigest()
        part = Part(key, self._rows, len(body), digest, self._content_bytes, content)
        self._sending = self._sender.submit(self._store, part, body)
        self._start()

    def settle(self) -> None:
        """Wait until every part that was handed on is stored.

        Raises:
            ArchiveBucketError: the bucket refused it.
        """
        if self._sending is not None:
            self._sending.result()

    def _store(self, part: Part, body: bytes) -> None:
        self._bucket.put_part(part, body)
        self.stored.append(part)

    def _start(self) -> None:
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, GZIP)
        self._content = hashlib.sha256()
        self._compressed: list[bytes] = []
        self._content_bytes = self._size = self._rows = 0
