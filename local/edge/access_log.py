"""Access logs of the local edge, written into the log bucket as CloudFront's log delivery does.

What carries a credential or may do so is never written, whatever fields are deployed: cookies, the query, the referer,
the caller's digest and token. Fields of what is not here, such as TLS, are ``-``.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from strata import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from local.edge.log_delivery import LogDelivery
    from local.edge.messages import Headers, ViewerRequest, ViewerResponse

#: CloudFront delivers within minutes; here somebody waits to see the lines.
FLUSH_SECONDS: Final = 5.0
#: Lines that are kept for a bucket that does not answer; the oldest go first, as logs are best effort on AWS as well.
MAXIMUM_WAITING: Final = 100_000
_NONE: Final = "-"
#: Developer Guide, "Standard log file format": what is encoded in a value.
_ENCODED: Final = {code: f"%{code:02X}" for code in (*range(33), *map(ord, '"#%<>[\\]^`{|}'), *range(127, 256))}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One request and its answer, for the log.

    Args:
        time: seconds since the epoch when the request came.
        request: as the viewer sent it.
        response: as the viewer got it.
        distribution_domain: the distribution's own name.
    """

    time: float
    request: ViewerRequest
    response: ViewerResponse
    distribution_domain: str


class AccessLog:
    """Collects entries and writes them in files of one hour each."""

    def __init__(self, deliveries: Sequence[LogDelivery]) -> None:
        self.deliveries = tuple(deliveries)
        self._distribution_id = ""
        self._waiting: list[Entry] = []
        self._writing = asyncio.Lock()
        self.written = 0
        self.dropped = 0

    def replace_deliveries(self, distribution_id: str, deliveries: Sequence[LogDelivery]) -> None:
        """Write to these from the next file on."""
        self._distribution_id = distribution_id
        self.deliveries = tuple(deliveries)

    def add(self, entry: Entry) -> None:
        """Take an entry; nothing is written yet."""
        if self.deliveries:
            self._waiting.append(entry)

    async def flush(self) -> int:
        """Write what was taken so far, and return how many lines that were; what fails is tried the next time."""
        async with self._writing:
            entries, self._waiting = self._waiting, []
            if not entries:
                return 0
            try:
                await asyncio.to_thread(self._write, entries)
            except aws.failures() as error:
                _log.warning("access logs could not be written and wait: %s", error)
                self._keep([*entries, *self._waiting])
                return 0
        self.written += len(entries)
        return len(entries)

    def _keep(self, entries: list[Entry]) -> None:
        self._waiting = entries[-MAXIMUM_WAITING:]
        self.dropped += len(entries) - len(self._waiting)

    def _write(self, entries: Sequence[Entry]) -> None:
        by_hour = defaultdict(list)
        for entry in entries:
            by_hour[int(entry.time // 3600)].append(entry)
        for delivery in self.deliveries:
            for hour, some in by_hour.items():
                key = _key(delivery, self._distribution_id, datetime.fromtimestamp(hour * 3600, UTC))
                body = gzip.compress(text(delivery, some).encode(), compresslevel=1)
                aws.client("s3", None).put_object(Bucket=delivery.bucket, Key=key, Body=body)


def _key(delivery: LogDelivery, distribution_id: str, hour: datetime) -> str:
    folder = delivery.folder
    for name, code in {"{yyyy}": "%Y", "{MM}": "%m", "{dd}": "%d", "{HH}": "%H"}.items():
        folder = folder.replace(name, hour.strftime(code))
    name = f"{distribution_id}.{hour:%Y-%m-%d-%H}.{secrets.token_hex(4)}.gz"
    return f"{folder}/{name}" if folder else name


def text(delivery: LogDelivery, entries: Sequence[Entry]) -> str:
    """Return the content of a file."""
    getters = [(name, _FIELDS.get(name, _nothing)) for name in delivery.fields]
    if delivery.output_format == "json":
        rows = (json.dumps({name: value(entry) for name, value in getters}) for entry in entries)
        return "".join(f"{row}\n" for row in rows)
    header = f"#Version: 1.0\n#Fields: {' '.join(delivery.fields)}\n"
    return header + "".join("\t".join(value(entry) for _, value in getters) + "\n" for entry in entries)


def _nothing(_: Entry) -> str:
    return _NONE


def _encoded(value: str) -> str:
    return value.translate(_ENCODED) or _NONE


def _header(headers: Headers, wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


def _of_request(name: str) -> Callable[[Entry], str]:
    return lambda entry: _encoded(_header(entry.request.headers, name))


def _of_response(name: str) -> Callable[[Entry], str]:
    return lambda entry: _encoded(_header(entry.response.headers, name))


def _size(headers: Headers, body: bytes) -> str:
    # A first line of about 20 bytes, a colon, a space and a line's end for each header.
    return str(20 + sum(len(name) + len(value) + 4 for name, value in headers) + len(body))


def _range(index: int) -> Callable[[Entry], str]:
    def value(entry: Entry) -> str:
        # content-range: bytes 0-99/1234
        span = _header(entry.response.headers, "content-range").removeprefix("bytes ").partition("/")[0].split("-")
        return span[index] if entry.response.status == 206 and len(span) == 2 else _NONE  # noqa: PLR2004 - Partial Content, and a pair

    return value


_FIELDS: Final[Mapping[str, Callable[[Entry], str]]] = {
    "date": lambda entry: f"{datetime.fromtimestamp(entry.time, UTC):%Y-%m-%d}",
    "time": lambda entry: f"{datetime.fromtimestamp(entry.time, UTC):%H:%M:%S}",
    "timestamp(ms)": lambda entry: str(round(entry.time * 1000)),
    "x-edge-location": _of_response("x-amz-cf-pop"),
    "x-edge-request-id": _of_response("x-amz-cf-id"),
    "x-edge-result-type": lambda entry: entry.response.decision.result_type,
    "x-edge-response-result-type": lambda entry: entry.response.decision.result_type,
    "x-edge-detailed-result-type": lambda entry: entry.response.decision.detailed_result_type,
    "cache-behavior-path-pattern": lambda entry: entry.response.decision.path_pattern or _NONE,
    # The function encodes what it logs.
    "viewer-request-log-data": lambda entry: entry.response.decision.log_data or _NONE,
    "cs-method": lambda entry: entry.request.method,
    "cs(Host)": lambda entry: entry.distribution_domain,
    "x-host-header": _of_request("host"),
    "cs-uri-stem": lambda entry: _encoded(entry.request.path),
    "cs-protocol": lambda entry: entry.request.scheme,
    "cs-protocol-version": lambda entry: f"HTTP/{entry.request.http_version}",
    "cs(User-Agent)": _of_request("user-agent"),
    "cs-bytes": lambda entry: _size(entry.request.headers, entry.request.body),
    "sc-status": lambda entry: str(entry.response.status),
    "sc-bytes": lambda entry: _size(entry.response.headers, entry.response.body),
    "sc-content-type": _of_response("content-type"),
    "sc-content-len": _of_response("content-length"),
    "sc-range-start": _range(0),
    "sc-range-end": _range(1),
    "time-taken": lambda entry: f"{entry.response.decision.taken_seconds:.3f}",
    "time-to-first-byte": lambda entry: f"{entry.response.decision.to_first_byte_seconds:.3f}",
    "c-ip": lambda entry: entry.request.client_ip,
    "c-port": lambda entry: str(entry.request.client_port),
    "x-forwarded-for": _of_request("x-forwarded-for"),
}
