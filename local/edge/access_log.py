"""Access logs of the local edge, written into the log bucket as CloudFront's log delivery does.

What carries a credential or may do so is never written, whatever fields are deployed: cookies, the query, the referer,
the caller's digest and token. Fields of what is not here, such as TLS, are ``-``.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import re
import secrets
from collections import defaultdict
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from local.edge.log_delivery import PARTITIONS
from local.edge.values import value
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

_PLAIN: Final = re.compile(r"[!$&-;=?-Z_a-z~]*")
_SPAN: Final = re.compile(r"bytes (\d+)-(\d+)/")

_log = logging.getLogger(__name__)


@value
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
    """Collects lines and writes them in files of one hour each.

    Lines are made as requests end: to make them in a thread later would hold the server's own thread up for longer.
    """

    def __init__(self) -> None:
        self._distribution_id = ""
        self._forms: tuple[_Form, ...] = ()
        self._waiting: list[tuple[_Form, int, str]] = []
        self._writing = asyncio.Lock()
        self.written = 0
        self.dropped = 0

    def replace_deliveries(self, distribution_id: str, deliveries: Sequence[LogDelivery]) -> None:
        """Write to these from the next request on."""
        self._distribution_id = distribution_id
        self._forms = tuple(map(_Form, deliveries))

    def add(self, entry: Entry) -> None:
        """Take an entry; nothing is written yet."""
        if self._forms:
            line, hour = _Line.of(entry), int(entry.time // 3600)
            self._waiting += [(form, hour, form.text(line)) for form in self._forms]

    async def flush(self) -> int:
        """Write what was taken so far, and return how many lines that were; what fails is tried the next time."""
        async with self._writing:
            lines, self._waiting = self._waiting, []
            if not lines:
                return 0
            try:
                await asyncio.to_thread(self._write, lines)
            except aws.failures() as error:
                _log.warning("access logs could not be written and wait: %s", error)
                self._keep([*lines, *self._waiting])
                return 0
        self.written += len(lines)
        return len(lines)

    def _keep(self, lines: list[tuple[_Form, int, str]]) -> None:
        self._waiting = lines[-MAXIMUM_WAITING:]
        self.dropped += len(lines) - len(self._waiting)

    def _write(self, lines: Sequence[tuple[_Form, int, str]]) -> None:
        files: dict[tuple[_Form, int], list[str]] = defaultdict(list)
        for form, hour, line in lines:
            files[form, hour].append(line)
        for (form, hour), content in files.items():
            key = _key(form.delivery, self._distribution_id, datetime.fromtimestamp(hour * 3600, UTC))
            body = gzip.compress("".join([form.header, *content]).encode(errors="backslashreplace"), compresslevel=1)
            aws.client("s3", None).put_object(Bucket=form.delivery.bucket, Key=key, Body=body)


def _key(delivery: LogDelivery, distribution_id: str, hour: datetime) -> str:
    folder = delivery.folder
    for name, code in PARTITIONS.items():
        folder = folder.replace(name, hour.strftime(code))
    name = f"{distribution_id}.{hour:%Y-%m-%d-%H}.{secrets.token_hex(4)}.gz"
    return f"{folder}/{name}" if folder else name


def text(delivery: LogDelivery, entries: Sequence[Entry]) -> str:
    """Return the content of a file."""
    form = _Form(delivery)
    return form.header + "".join(form.text(_Line.of(entry)) for entry in entries)


class _Form:
    """The shape of a delivery's lines, made once: what is the same in every line is in it already."""

    def __init__(self, delivery: LogDelivery) -> None:
        self.delivery = delivery
        known = [name for name in delivery.fields if name in _FIELDS]
        self._values = [_FIELDS[name] for name in known]
        shown = ["%s" if name in _FIELDS else _NONE for name in delivery.fields]
        if delivery.output_format == "json":
            self.header = ""
            members = (f'{json.dumps(name)}: "{value}"' for name, value in zip(delivery.fields, shown, strict=True))
            self._template = f"{{{', '.join(members)}}}\n"
        else:
            self.header = f"#Version: 1.0\n#Fields: {' '.join(delivery.fields)}\n"
            self._template = "\t".join(shown) + "\n"

    def text(self, line: _Line) -> str:
        """Return one line."""
        # No value has a character that JSON would escape, or a tab: `_encoded` has seen what others chose.
        return self._template % tuple([value(line) for value in self._values])


class _Line(NamedTuple):
    """An entry with what several fields are made of: every request pays for a line."""

    entry: Entry
    day: str
    second: str
    request_fields: dict[str, str]
    response_fields: dict[str, str]

    @classmethod
    def of(cls, entry: Entry) -> _Line:
        day, second = _moment(int(entry.time))
        return cls(entry, day, second, _first_values(entry.request.headers), _first_values(entry.response.headers))


@lru_cache(maxsize=64)  # Seconds of one file; many requests share one.
def _moment(second: int) -> tuple[str, str]:
    moment = datetime.fromtimestamp(second, UTC)
    return f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"


def _first_values(headers: Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in reversed(headers)}


def _encoded(value: str | None) -> str:
    if not value:
        return _NONE
    return value if _PLAIN.fullmatch(value) else value.translate(_ENCODED)


def _of_request(name: str) -> Callable[[_Line], str]:
    return lambda line: _encoded(line.request_fields.get(name))


def _of_response(name: str) -> Callable[[_Line], str]:
    return lambda line: _encoded(line.response_fields.get(name))


def _size(headers: Headers, body: bytes) -> str:
    # A first line of about 20 bytes, a colon, a space and a line's end for each header.
    return str(20 + sum([len(name) + len(value) + 4 for name, value in headers]) + len(body))


def _range(index: int) -> Callable[[_Line], str]:
    def value(line: _Line) -> str:
        if line.entry.response.status != HTTPStatus.PARTIAL_CONTENT:
            return _NONE
        # content-range: bytes 0-99/1234
        span = _SPAN.match(line.response_fields.get("content-range", ""))
        return span[index] if span else _NONE

    return value


_FIELDS: Final[Mapping[str, Callable[[_Line], str]]] = {
    "date": lambda line: line.day,
    "time": lambda line: line.second,
    "timestamp(ms)": lambda line: str(round(line.entry.time * 1000)),
    "x-edge-location": _of_response("x-amz-cf-pop"),
    "x-edge-request-id": _of_response("x-amz-cf-id"),
    "x-edge-result-type": lambda line: line.entry.response.decision.result_type,
    "x-edge-response-result-type": lambda line: line.entry.response.decision.result_type,
    "x-edge-detailed-result-type": lambda line: line.entry.response.decision.detailed_result_type,
    "cache-behavior-path-pattern": lambda line: _encoded(line.entry.response.decision.path_pattern),
    # The project's function encodes what it logs, and its percent signs stay.
    "viewer-request-log-data": lambda line: _encoded(line.entry.response.decision.log_data).replace("%25", "%"),
    "cs-method": lambda line: line.entry.request.method,
    "cs(Host)": lambda line: line.entry.distribution_domain,
    "x-host-header": _of_request("host"),
    "cs-uri-stem": lambda line: _encoded(line.entry.request.path),
    "cs-protocol": lambda line: line.entry.request.scheme,
    "cs-protocol-version": lambda line: f"HTTP/{line.entry.request.http_version}",
    "cs(User-Agent)": _of_request("user-agent"),
    "cs-bytes": lambda line: _size(line.entry.request.headers, line.entry.request.body),
    "sc-status": lambda line: str(line.entry.response.status),
    "sc-bytes": lambda line: _size(line.entry.response.headers, line.entry.response.body),
    "sc-content-type": _of_response("content-type"),
    "sc-content-len": _of_response("content-length"),
    "sc-range-start": _range(1),
    "sc-range-end": _range(2),
    "time-taken": lambda line: f"{line.entry.response.decision.taken_seconds:.3f}",
    "time-to-first-byte": lambda line: f"{line.entry.response.decision.to_first_byte_seconds:.3f}",
    "c-ip": lambda line: line.entry.request.client_ip,
    "c-port": lambda line: str(line.entry.request.client_port),
    "x-forwarded-for": _of_request("x-forwarded-for"),
}
