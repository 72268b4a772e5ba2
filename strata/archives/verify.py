"""Proving an archive: every part is read back from the bucket and compared with the partition's own rows."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from strata.archives.content import Rename, content_sha256, unpacked
from strata.archives.errors import ArchiveMismatchError, ComparisonPausedError
from strata.archives.rows import Piece, copy_out, exact_text, read_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.archives.bucket import ArchiveBucket
    from strata.archives.manifest import ArchivedTable
    from strata.archives.write import Report
    from strata.database import Connection
    from strata.deadline import Deadline
    from strata.partitions.render import Leaf


def verify_table(
    connection: Connection,
    leaf: Leaf,
    bucket: ArchiveBucket,
    table: ArchivedTable,
    deadline: Deadline,
    report: Report,
    archived_tenant: str | None = None,
) -> None:
    """Compare a partition with the archive, part by part and byte by byte.

    Args:
        connection: in autocommit, as the owner.
        leaf: a partition that nobody writes to.
        bucket: of the archive.
        table: what the manifest says of it.
        deadline: when to stop; verification of a table begins anew in the next run.
        report: called after each part.
        archived_tenant: the tenant of the archived rows, where it is another than the leaf's.

    Raises:
        ArchiveMismatchError: they differ.
        ComparisonPausedError: the deadline was reached, and rows are left.
        ArchiveBucketError: a part is gone or damaged.
    """
    rename = Rename.of(archived_tenant or leaf.tenant_id, leaf.tenant_id)
    done = 0
    with (
        exact_text(connection, deadline),
        copy_out(connection, leaf, read_shape(connection, leaf), table.copied_columns, 0) as pieces,
        ThreadPoolExecutor(1) as reader,
    ):
        live = _Rows(pieces)
        for number, part in enumerate(table.parts):
            archived = reader.submit(content_sha256, rename.apply(unpacked(bucket, part)))
            if live.digest(part.rows) != archived.result():
                raise ArchiveMismatchError(leaf.tenant_id, leaf.table, f"part {number} holds other rows")
            done += part.rows
            report(leaf.table, done)
            if deadline.is_over and done < table.rows:
                raise ComparisonPausedError(leaf.tenant_id, leaf.table, deadline.budget_seconds, done)
        if live.is_left:
            raise ArchiveMismatchError(leaf.tenant_id, leaf.table, f"the partition has more than {done} rows")


class _Rows:
    """The partition's rows, taken in any number."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._rest: list[bytes] = []

    @property
    def is_left(self) -> bool:
        """Whether there are more rows."""
        return bool(self._rest) or next(self._pieces, None) is not None

    def digest(self, rows: int) -> str:
        """Return the SHA-256 of the next rows; of fewer, if there are no more."""
        digest = hashlib.sha256()
        while rows:
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                if piece.rows <= rows:
                    digest.update(piece.text)
                    rows -= piece.rows
                    continue
                self._rest = piece.text.splitlines(keepends=True)
            digest.update(b"".join(self._rest[:rows]))
            self._rest, rows = self._rest[rows:], max(0, rows - len(self._rest))
        return digest.hexdigest()
