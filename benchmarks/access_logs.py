"""Access logs to be counted, and the plain Python that our counting is held against."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from strata.caching.classes import CACHED_PATHS, path_patterns
from strata.caching.metrics import get_cache_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FILES: Final = 20
LINES_PER_FILE: Final = 100_000
#: The 33 fields of a legacy log.
_LEGACY_HEADER: Final = (
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes "
    "time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
)
#: Those of v2 as the stack has it delivered (`infra.components.access_logs`, which imports all of the AWS SDK).
_V2_FIELDS: Final = (
    "date time timestamp(ms) x-edge-location x-edge-request-id x-edge-result-type x-edge-response-result-type "
    "x-edge-detailed-result-type cache-behavior-path-pattern viewer-request-log-data cs-method cs(Host) x-host-header "
    "cs-uri-stem cs-protocol cs-protocol-version cs(User-Agent) cs-bytes sc-status sc-bytes sc-content-type "
    "sc-content-len sc-range-start sc-range-end time-taken time-to-first-byte origin-fbl origin-lbl c-ip c-port "
    "c-country asn x-forwarded-for ssl-protocol ssl-cipher"
)
_HITS: Final = ("Hit", "RefreshHit")
#: What plain Python counts by: behavior, result type, detailed result type and method.
_Key = tuple[str, str, str, str]


@contextmanager
def access_logs() -> Iterator[Mapping[str, Path]]:
    """Write two million lines as legacy and as v2 JSON, compressed, and give their folders; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="strata-access-logs-") as folder:
        folders = {name: Path(folder) / name for name in ("legacy", "json")}
        records = [_record(random.Random(number)) for number in range(LINES_PER_FILE)]  # noqa: S311 - made-up traffic
        fields = _LEGACY_HEADER.split()[1:]
        legacy = ["\t".join(record.get(name, "-") for name in fields) for record in records]
        objects = ({name: record.get(name, "-") for name in _V2_FIELDS.split()} for record in records)
        _write(folders["legacy"], ["#Version: 1.0", _LEGACY_HEADER], legacy)
        _write(folders["json"], [], [json.dumps(one, separators=(",", ":")) for one in objects])
        yield folders


def _write(folder: Path, header: Sequence[str], lines: Sequence[str]) -> None:
    folder.mkdir()
    for number in range(FILES):
        rotated = [*header, *lines[number * 31 :], *lines[: number * 31], ""]
        with gzip.open(folder / f"E1EXAMPLE.2026-11-23-{number:02}.gz", "wt", compresslevel=6) as file:
            file.write("\n".join(rotated))


def _record(chance: random.Random) -> dict[str, str]:
    path = chance.choice([*CACHED_PATHS, "/api/v1/reports"])
    is_below = chance.random() < 0.5  # noqa: PLR2004 - one in two
    exact, below = path_patterns(path)
    result = chance.choices(("Hit", "Miss", "RefreshHit", "Error"), (60, 30, 8, 2))[0]
    is_shield_hit = result == "Miss" and chance.random() < 0.3  # noqa: PLR2004 - three in ten
    return {
        "date": "2026-11-23",
        "time": f"{chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(60):02}",
        "timestamp(ms)": str(1_795_000_000_000 + chance.randrange(10**8)),
        "x-edge-location": chance.choice(("FRA56-C1", "LHR61-P3", "IAD89-C2", "SFO5-C1")),
        "x-edge-request-id": f"{chance.getrandbits(240):060x}==",
        "x-edge-result-type": result,
        "x-edge-response-result-type": result,
        "x-edge-detailed-result-type": "OriginShieldHit" if is_shield_hit else result,
        "cache-behavior-path-pattern": (below if is_below else exact) if path in CACHED_PATHS else "*",
        "viewer-request-log-data": f"class=user_data&tenant=tenant-{chance.randrange(1000)}",
        "cs-method": chance.choices(("GET", "POST", "HEAD"), (90, 9, 1))[0],
        "cs(Host)": "d111111abcdef8.cloudfront.net",
        "x-host-header": "api.example.com",
        "cs-uri-stem": f"{path}/{chance.getrandbits(64):016x}" if is_below else path,
        "cs-protocol": "https",
        "cs-protocol-version": "HTTP/2.0",
        "cs(User-Agent)": "Mozilla/5.0%20(X11;%20Linux%20x86_64)%20AppleWebKit/537.36%20(KHTML,%20like%20Gecko)",
        "cs-bytes": str(chance.randrange(100, 900)),
        "sc-status": chance.choices(("200", "304", "404"), (90, 7, 3))[0],
        "sc-bytes": str(chance.randrange(300, 9000)),
        "sc-content-type": "application/json",
        "sc-content-len": str(chance.randrange(9000)),
        "time-taken": f"{chance.random():.3f}",
        "time-to-first-byte": f"{chance.random() / 3:.3f}",
        "c-ip": f"203.0.113.{chance.randrange(256)}",
        "c-port": str(chance.randrange(1024, 65_000)),
        "c-country": "DE",
        "asn": "3320",
        "ssl-protocol": "TLSv1.3",
        "ssl-cipher": "TLS_AES_128_GCM_SHA256",
    }


def ours(folder: Path) -> float:
    """Return the lines that the hit ratio by behavior takes in a second, with bytes and percentiles."""
    return _lines_per_second(lambda: get_cache_metrics(str(folder)).total.comparable)


def plain_python(folder: Path) -> float:
    """Return the lines that Python splits and counts in a second: the same dimensions and bytes, no percentiles."""
    return _lines_per_second(lambda: _comparable(_count(folder)))


def _lines_per_second(count: Callable[[], int]) -> float:
    start = time.perf_counter()
    counted = count()
    seconds = time.perf_counter() - start
    assert counted > FILES * LINES_PER_FILE / 2, "most lines of the benchmark's logs are comparable"
    return FILES * LINES_PER_FILE / seconds


def _count(folder: Path) -> Counter[_Key]:
    requests: Counter[_Key] = Counter()
    sent_bytes: Counter[_Key] = Counter()
    for path in sorted(folder.iterdir()):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            count = _count_json if folder.name == "json" else _count_legacy
            count(lines, requests, sent_bytes)
    return requests


def _count_json(lines: Iterator[str], requests: Counter[_Key], sent_bytes: Counter[_Key]) -> None:
    names = ("cache-behavior-path-pattern", "x-edge-result-type", "x-edge-detailed-result-type", "cs-method")
    behavior, result, detailed, method = names
    for line in lines:
        record = json.loads(line)
        key = (record[behavior], record[result], record[detailed], record[method])
        requests[key] += 1
        sent_bytes[key] += int(record["sc-bytes"])


def _count_legacy(lines: Iterator[str], requests: Counter[_Key], sent_bytes: Counter[_Key]) -> None:
    names = next(line for line in lines if line.startswith("#Fields:")).split()[1:]
    wanted = ("cs-uri-stem", "x-edge-result-type", "x-edge-detailed-result-type", "cs-method", "sc-bytes")
    stem, result, detailed, method, size = map(names.index, wanted)
    for line in lines:
        values = line.split("\t")
        key = (_behavior(values[stem]), values[result], values[detailed], values[method])
        requests[key] += 1
        sent_bytes[key] += int(values[size])


def _behavior(stem: str) -> str:
    for path in CACHED_PATHS:
        if stem.startswith(path):
            if stem == path:
                return path
            if stem[len(path)] == "/":
                return f"{path}/*"
    return "*"


def _comparable(requests: Counter[_Key]) -> int:
    return sum(
        number
        for (_, result, _, method), number in requests.items()
        if method in ("GET", "HEAD") and result in (*_HITS, "Miss")
    )
