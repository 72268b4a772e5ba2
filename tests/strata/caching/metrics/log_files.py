"""Log files of every format, written from records: field name to value."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import duckdb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Record = dict[str, str]
LEGACY = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
]
V2 = [
    "date",
    "time",
    "timestamp(ms)",
    "x-edge-location",
    "x-edge-request-id",
    "x-edge-result-type",
    "x-edge-detailed-result-type",
    "cache-behavior-path-pattern",
    "viewer-request-log-data",
    "cs-method",
    "cs-uri-stem",
    "sc-status",
    "sc-bytes",
    "time-to-first-byte",
    "c-country",
    "cs(User-Agent)",
]
#: What CloudFront leaves as it is in a value of a text format.
UNTOUCHED = "!$&'()*+,/:;=?@"


def request(**values: str) -> Record:
    """Return a plain hit, with other values where they are given; ``_`` in a name stands for ``-``."""
    plain = {
        "date": "2026-11-23",
        "time": "18:05:09",
        "x-edge-location": "FRA56-C1",
        "x-edge-result-type": "Hit",
        "x-edge-detailed-result-type": "Hit",
        "cs-method": "GET",
        "cs-uri-stem": "/api/v1/payments",
        "sc-status": "200",
        "sc-bytes": "1000",
        "time-to-first-byte": "0.010",
    }
    return plain | {name.replace("_", "-"): value for name, value in values.items()}


def line(fields: Sequence[str], record: Record, delimiter: str = "\t") -> str:
    return delimiter.join(quote(record.get(name, "-"), safe=UNTOUCHED) or "-" for name in fields)


def text(fields: Sequence[str], records: Sequence[Record], *, newline: str = "\n", delimiter: str = "\t") -> str:
    """Return a legacy or W3C file."""
    lines = ["#Version: 1.0", f"#Fields: {' '.join(fields)}", *(line(fields, one, delimiter) for one in records)]
    return newline.join([*lines, ""])


def plain(fields: Sequence[str], records: Sequence[Record], *, header: bool) -> str:
    lines = ["\t".join(fields)] if header else []
    return "\n".join([*lines, *(line(fields, one) for one in records), ""])


def json_lines(
    fields: Sequence[str], records: Sequence[Record], *, newline: str = "\n", ascii_only: bool = True
) -> str:
    objects = ({name: one.get(name, "-") for name in fields} for one in records)
    return newline.join([*(json.dumps(one, ensure_ascii=ascii_only) for one in objects), ""])


def write(path: Path, content: str | bytes, *, gzipped: bool = False) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if gzipped else data)
    return path


def parquet(path: Path, fields: Sequence[str], records: Sequence[Record]) -> Path:
    """Write columns named as CloudFront names them in Parquet: underscores."""
    with duckdb.connect() as connection:
        names = [name.replace("(", "_").replace(")", "").replace("-", "_").lower() for name in fields]
        columns = ", ".join(f'"{name}" VARCHAR' for name in names)
        connection.execute(f"CREATE TABLE records ({columns})")
        rows = [[one.get(name, "-") for name in fields] for one in records]
        if rows:
            connection.executemany(f"INSERT INTO records VALUES ({', '.join('?' for _ in names)})", rows)
        connection.execute(f"COPY records TO '{path}' (FORMAT parquet)")
    return path
