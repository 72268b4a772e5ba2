"""How a parent is split: `list`, one partition per tenant; or `bucketed`, 64 hash buckets of such partitions.

PostgreSQL routes a row to its bucket by a hash of the tenant id. The same hash is computed here, so that a preview can
show the exact statements without a database; the server confirms the bucket before anything is attached to it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import psycopg

from strata import sql
from strata.errors import StrataError
from strata.tenants import tenant_bytes

if TYPE_CHECKING:
    from strata.database import Connection

Layout = Literal["list", "bucketed"]

_LAYOUT_QUERY: Final = "SELECT partstrat FROM pg_partitioned_table WHERE partrelid = to_regclass('app.payments')"
_LAYOUT_BY_STRATEGY: Final[dict[str, Layout]] = {"l": "list", "h": "bucketed"}
# Fixed for good: changing the modulus would move every row.
_MODULUS: Final = 64
# PostgreSQL 16 to 18: partition.h HASH_PARTITION_SEED, hashfn.h hash_combine64, hashfn.c hash_bytes_extended.
_HASH_PARTITION_SEED: Final = 0x7A5B22367996DCFD
_COMBINE: Final = 0x49A0F4DD15E5A8E3
_INITIAL: Final = 0x9E3779B9 + 3923095
_WORD: Final = 0xFFFFFFFF
_BLOCK_BYTES: Final = 12


class LayoutMismatchError(StrataError):
    """The tables are made in the other layout, so nothing said of their partitions would be right."""

    def __init__(self, database: str, found: Layout, wanted: Layout) -> None:
        super().__init__(
            f"the tables have the layout {found}, and {wanted} was asked for",
            where={"database": database, "table": "app.payments"},
            allowed=f"{found}: a layout is chosen before the first deployment",
            next_command=f"set strata:partitions.layout back to {found}, then pulumi up",
        )
        self.found = found
        self.wanted = wanted


class LayoutUnreadableError(StrataError):
    """PostgreSQL did not say which layout its tables have."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(
            f"the layout was not read: {error.sqlstate or 'no answer'}: {' '.join(str(error).split())}",
            next_command="run again",
        )
        self.sqlstate = error.sqlstate


@dataclass(frozen=True)
class Bucket:
    """One hash partition of each parent, itself partitioned by tenant."""

    remainder: int

    def name(self, table: str) -> str:
        """Return the name of this bucket of a table, for example ``payments_b07``."""
        return f"{table}_b{self.remainder:02d}"


BUCKETS: Final = tuple(Bucket(remainder) for remainder in range(_MODULUS))


def require_layout(connection: Connection, layout: Layout) -> None:
    """Refuse a layout that the tables do not have; a database without tables may get either.

    A stack's connection parameter has the other one after a refused change of layout that no preview was made of.

    Raises:
        LayoutMismatchError: they have the other one.
        LayoutUnreadableError: PostgreSQL refused, or the connection broke.
    """
    try:
        row = connection.execute(_LAYOUT_QUERY).fetchone()
    except psycopg.Error as error:
        raise LayoutUnreadableError(error) from error
    found = layout if row is None else _LAYOUT_BY_STRATEGY[row[0]]
    if found != layout:
        raise LayoutMismatchError(connection.info.dbname, found, layout)


def buckets(layout: Layout) -> tuple[Bucket, ...]:
    """Return the buckets of each parent in this layout: none, or all 64."""
    return BUCKETS if layout == "bucketed" else ()


def how_to_make_again(table: str, bucket: Bucket | None) -> str:
    """Return what brings back a parent of partitions that somebody dropped: a bucket, or None for the table itself."""
    if bucket is None:
        return "docs/runbooks/point-in-time-restore.md, to before it was dropped"
    name = f"partitions.{sql.identifier(bucket.name(table))}"
    return (
        f"CREATE TABLE {name} PARTITION OF app.{sql.identifier(table)} FOR VALUES WITH"
        f" (MODULUS {_MODULUS}, REMAINDER {bucket.remainder}) PARTITION BY LIST (tenant_id);"
        f" ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, then pulumi up --refresh"
    )


def bucket_of(tenant_id: str) -> Bucket:
    """Return the bucket that PostgreSQL routes the tenant's rows to (little-endian servers, as all of RDS are).

    Raises:
        TenantIdError: the id cannot be a partition key.
    """
    row_hash = (_hash_bytes(tenant_bytes(tenant_id), _HASH_PARTITION_SEED) + _COMBINE) % 2**64
    return BUCKETS[row_hash % _MODULUS]


def immediate_parent(table: str, tenant_id: str, layout: Layout) -> tuple[str, str]:
    """Return schema and name of the table that the tenant's partition is attached to.

    Raises:
        TenantIdError: the id cannot be a partition key.
    """
    if layout == "list":
        return "app", table
    return "partitions", bucket_of(tenant_id).name(table)


def _hash_bytes(key: bytes, seed: int) -> int:
    """Return Bob Jenkins' lookup3 hash of the key as PostgreSQL computes it: 64 bits."""
    a = b = c = (_INITIAL + len(key)) & _WORD
    a, b, c = _mix((a + (seed >> 32)) & _WORD, (b + seed) & _WORD, c)
    whole = len(key) - len(key) % _BLOCK_BYTES
    for words in struct.iter_unpack("<3I", key[:whole]):
        a, b, c = _mix(*((state + word) & _WORD for state, word in zip((a, b, c), words, strict=True)))
    # The lowest byte of the last word is reserved for the length.
    tail = key[whole:]
    words = struct.unpack("<3I", tail[:8].ljust(8, b"\0") + b"\0" + tail[8:].ljust(3, b"\0"))
    b, c = _final(*((state + word) & _WORD for state, word in zip((a, b, c), words, strict=True)))
    return b << 32 | c


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (32 - bits)) & _WORD


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits in (4, 6, 8, 16, 19, 4):  # each step is the one before with its names moved on
        a, c = (a - c & _WORD) ^ _rotated(c, bits), c + b & _WORD
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> tuple[int, int]:
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - _rotated(b, bits) & _WORD
        a, b, c = b, c, a
    return a, b  # after 7 steps in 3 names, these are b and c
