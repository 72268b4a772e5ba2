"""The same counts in plain Python, written from the definitions and not from the SQL."""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

CACHED = {
    "/api/v1/payments": "user_data",
    "/api/v1/invoices": "user_data",
    "/api/v1/webhook-logs": "realtime",
    "/api/v1/config": "static_data",
    "/api/v1/currencies": "static_data",
}
ENCODED = ("cache-behavior-path-pattern", "cs-uri-stem")


def records(path: Path, plain_fields: Sequence[str] = (), delimiter: str = "\t") -> Iterator[dict[str, str | None]]:
    """Read a sound file."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    fields = list(plain_fields)
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith("#Fields:"):
            fields = line[8:].split()
        elif line.startswith("{"):
            yield {name: known(name, str(value)) for name, value in json.loads(line).items()}
        elif line and not line.startswith("#") and line.split(delimiter) != fields:
            yield {name: known(name, value) for name, value in zip(fields, line.split(delimiter), strict=True)}


def known(name: str, value: str) -> str | None:
    if value in ("", "-"):
        return None
    return decoded(value) if name in ENCODED else value


def decoded(value: str) -> str:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        return value


def moment(record: dict[str, str | None]) -> datetime | None:
    try:
        return datetime.strptime(f"{record.get('date')} {record.get('time')}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def behavior(record: dict[str, str | None]) -> str | None:
    if record.get("cache-behavior-path-pattern") is not None:
        return record["cache-behavior-path-pattern"]
    stem = record.get("cs-uri-stem")
    if stem is None:
        return None
    for path in CACHED:
        if stem == path:
            return path
        if stem.startswith(path + "/"):
            return path + "/*"
    return "*"


def logged(record: dict[str, str | None], key: str) -> str | None:
    data = record.get("viewer-request-log-data") or ""
    for part in (data if "=" in data else decoded(data)).split("&"):
        if part.startswith(key + "="):
            return part[len(key) + 1 :] or None
    return None


def cache_class(record: dict[str, str | None]) -> str | None:
    matched = behavior(record)
    derived = None if matched is None else CACHED.get(matched.removesuffix("/*"), "none")
    return logged(record, "class") or derived


def tenant(record: dict[str, str | None]) -> str | None:
    value = logged(record, "tenant")
    if value is None:
        return None
    return decoded(decoded(value)) if "%25" in value else decoded(value)


def shield(record: dict[str, str | None]) -> str | None:
    detailed, result = record.get("x-edge-detailed-result-type"), record["x-edge-result-type"]
    if detailed is None:
        return None
    if detailed == "OriginShieldHit":
        return "shield"
    return {"Hit": "edge", "RefreshHit": "edge", "Miss": "origin"}.get(result, "nobody")


def value_of(dimension: str, record: dict[str, str | None]) -> str | None:
    when = moment(record)
    values = {
        "behavior": behavior(record),
        "class": cache_class(record),
        "tenant": tenant(record),
        "pop": (record.get("x-edge-location") or "")[:3] or None,
        "shield": shield(record),
        "status": record.get("sc-status"),
        "method": record.get("cs-method"),
        "country": record.get("c-country"),
        "hour": None if when is None else when.strftime("%Y-%m-%dT%H:00Z"),
        "day": None if when is None else when.strftime("%Y-%m-%d"),
    }
    return values[dimension]


def count(rows: Iterable[dict[str, str | None]], dimensions: Sequence[str]) -> dict[tuple[str | None, ...], dict]:
    grouped: dict[tuple[str | None, ...], list] = defaultdict(list)
    for record in rows:
        grouped[tuple(value_of(name, record) for name in dimensions)].append(record)
    return {values: measures(found) for values, found in grouped.items()}


def measures(rows: list[dict[str, str | None]]) -> dict:
    found = dict.fromkeys(("edge_hits", "refresh_hits", "shield_hits", "misses"), 0)
    sent = comparable = hit = cloudwatch_hits = cloudwatch_requests = 0
    times: dict[bool, list[int]] = {True: [], False: []}
    for record in rows:
        result, method = record["x-edge-result-type"], record.get("cs-method") or "GET"
        size = int(record.get("sc-bytes") or "0") if (record.get("sc-bytes") or "0").isdecimal() else 0
        sent += size
        if method not in ("POST", "PUT") and result not in ("Error", "LimitExceeded", "CapacityExceeded"):
            cloudwatch_requests += 1
            cloudwatch_hits += result in ("Hit", "RefreshHit")
        if method not in ("GET", "HEAD") or result not in ("Hit", "RefreshHit", "Miss"):
            continue
        outcome = {"Hit": "edge_hits", "RefreshHit": "refresh_hits", "Miss": "misses"}[result]
        if record.get("x-edge-detailed-result-type") == "OriginShieldHit":
            outcome = "shield_hits"
        found[outcome] += 1
        comparable += size
        hit += size if outcome != "misses" else 0
        if (milliseconds := first_byte(record)) is not None:
            times[outcome != "misses"].append(milliseconds)
    return {
        "requests": len(rows),
        "result_types": dict(Counter(record["x-edge-result-type"] for record in rows)),
        **found,
        "cloudwatch_hits": cloudwatch_hits,
        "cloudwatch_requests": cloudwatch_requests,
        "sent_bytes": sent,
        "comparable_bytes": comparable,
        "hit_bytes": hit,
        "hit_first_byte": percentiles(times[True]),
        "miss_first_byte": percentiles(times[False]),
    }


def first_byte(record: dict[str, str | None]) -> int | None:
    try:
        seconds = Decimal(record.get("time-to-first-byte") or "-")
    except InvalidOperation:
        return None
    return int((seconds * 1000).to_integral_value(ROUND_HALF_UP))


def percentiles(times: list[int]) -> dict[str, float] | None:
    if not times:
        return None
    ordered = sorted(times)
    return {f"p{p}": ordered[math.ceil(len(ordered) * p / 100) - 1] / 1000 for p in (50, 95, 99)}
