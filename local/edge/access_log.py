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
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from local.edge.log_delivery import PARTITIONS
from local.edge.values import value_type
from strata import aws

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@value_type
class Entry:
    """One request and its answer, for the log.

    Args:
        time: seconds since the epoch when the request came.
        request: as the viewer sent it, with lower-case names as ASGI has them.
        response: as the viewer got it, likewise.
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
        self._waiting = _no_files()
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
            values, hour = _values(entry), int(entry.time // 3600)
            for form in self._forms:
                self._waiting[form, hour].append(form.text(values))

    async def flush(self) -> int:
        """Write what was taken so far, and return how many lines that were; what fails is tried the next time."""
        async with self._writing:
            files, self._waiting = self._waiting, _no_files()
            if not files:
                return 0
            try:
                await asyncio.to_thread(self._write, files)
            except aws.failures() as error:
                _log.warning("access logs could not be written and wait: %s", error)
                self._keep(files)
                return 0
        lines = _count(files)
        self.written += lines
        return lines

    def _keep(self, files: _Files) -> None:
        for place, lines in self._waiting.items():
            files[place] += lines
        excess = max(0, _count(files) - MAXIMUM_WAITING)
        self.dropped += excess
        self._waiting = _no_files()
        for place, lines in files.items():
            if len(lines) > excess:
                self._waiting[place] = lines[excess:]
            excess = max(0, excess - len(lines))

    def _write(self, files: _Files) -> None:
        for (form, hour), lines in files.items():
            key = _key(form.delivery, self._distribution_id, datetime.fromtimestamp(hour * 3600, UTC))
            body = gzip.compress("".join([form.header, *lines]).encode(errors="backslashreplace"), compresslevel=1)
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
    return form.header + "".join(form.text(_values(entry)) for entry in entries)


class _Form:
    """The shape of a delivery's lines, made once: what is the same in every line is in it already."""

    def __init__(self, delivery: LogDelivery) -> None:
        self.delivery = delivery
        known = [_FIELDS.index(name) for name in delivery.fields if name in _FIELDS]
        self._chosen = itemgetter(*known) if known else lambda _: ()
        shown = ["%s" if name in _FIELDS else _NONE for name in delivery.fields]
        if delivery.output_format == "json":
            self.header = ""
            members = (f'{json.dumps(name)}: "{value}"' for name, value in zip(delivery.fields, shown, strict=True))
            self._template = f"{{{', '.join(members)}}}\n"
        else:
            self.header = f"#Version: 1.0\n#Fields: {' '.join(delivery.fields)}\n"
            self._template = "\t".join(shown) + "\n"

    def text(self, values: tuple[str, ...]) -> str:
        """Return one line of the values of all fields."""
        # No value has a character that JSON would escape, or a tab: `_encoded` has seen what others chose.
        return self._template % self._chosen(values)


_Files = defaultdict[tuple[_Form, int], list[str]]


def _no_files() -> _Files:
    """Return where lines go: by form and hour, in seconds since the epoch over 3,600."""
    return defaultdict(list)


def _count(files: _Files) -> int:
    return sum(map(len, files.values()))


@lru_cache(maxsize=64)  # Seconds of one file; many requests share one.
def _moment(second: int) -> tuple[str, str]:
    moment = datetime.fromtimestamp(second, UTC)
    return f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"


def _first_values(headers: Headers) -> dict[str, str]:
    return dict(reversed(headers))


def _encoded(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else value.translate(_ENCODED)


def _size(headers: Headers, body: bytes) -> str:
    # A first line of about 20 bytes, a colon, a space and a line's end for each header.
    return str(20 + sum([len(name) + len(value) + 4 for name, value in headers]) + len(body))


def _range(status: int, content_range: str) -> tuple[str, str]:
    # content-range: bytes 0-99/1234
    span = _SPAN.match(content_range) if status == HTTPStatus.PARTIAL_CONTENT else None
    return (span[1], span[2]) if span else (_NONE, _NONE)


#: What `_values` returns, in its order; those that others chose come last.
_FIELDS: Final = (
    "date",
    "time",
    "timestamp(ms)",
    "x-edge-result-type",
    "x-edge-response-result-type",
    "x-edge-detailed-result-type",
    "cs-method",
    "cs(Host)",
    "cs-protocol",
    "cs-protocol-version",
    "cs-bytes",
    "sc-status",
    "sc-bytes",
    "sc-range-start",
    "sc-range-end",
    "time-taken",
    "time-to-first-byte",
    "c-ip",
    "c-port",
    "viewer-request-log-data",
    "cache-behavior-path-pattern",
    "x-edge-location",
    "x-edge-request-id",
    "x-host-header",
    "cs-uri-stem",
    "cs(User-Agent)",
    "sc-content-type",
    "sc-content-len",
    "x-forwarded-for",
)


def _values(entry: Entry) -> tuple[str, ...]:
    """Return the value of every field; a request pays for all of them once, whatever the deliveries are."""
    request, response = entry.request, entry.response
    decision = response.decision
    sent, answered = _first_values(request.headers), _first_values(response.headers)
    log_data = decision.log_data or _NONE
    texts = (
        decision.path_pattern or _NONE,
        answered.get("x-amz-cf-pop") or _NONE,
        answered.get("x-amz-cf-id") or _NONE,
        sent.get("host") or _NONE,
        request.path or _NONE,
        sent.get("user-agent") or _NONE,
        answered.get("content-type") or _NONE,
        answered.get("content-length") or _NONE,
        sent.get("x-forwarded-for") or _NONE,
    )
    return (
        *_moment(int(entry.time)),
        str(round(entry.time * 1000)),
        decision.result_type,
        decision.result_type,
        decision.detailed_result_type,
        request.method,
        entry.distribution_domain,
        request.scheme,
        f"HTTP/{request.http_version}",
        _size(request.headers, request.body),
        str(response.status),
        _size(response.headers, response.body),
        *_range(response.status, answered.get("content-range", "")),
        f"{decision.taken_seconds:.3f}",
        f"{decision.to_first_byte_seconds:.3f}",
        request.client_ip,
        str(request.client_port),
        # The project's function encodes what it logs, and its percent signs stay.
        _encoded(log_data).replace("%25", "%"),
        *(texts if _PLAIN.fullmatch("".join(texts)) else map(_encoded, texts)),
    )
