"""The event that a viewer request function gets (event structure 1.0), and what its result means."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from local.edge.exchange import EdgeRequest, cookie_parts, query_parts
from local.edge.messages import FunctionFailure, OriginResponse
from local.edge.values import value_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from local.edge.header_fields import Fields
    from local.edge.model import Distribution
    from local.edge.settings import EdgeSettings

#: Developer Guide, "Restrictions on all edge functions": not shown to functions, which cannot add them.
_DISALLOWED: Final = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "upgrade",
        "x-accel-buffering",
        "x-accel-charset",
        "x-accel-limit-rate",
        "x-accel-redirect",
        "x-amzn-auth",
        "x-amzn-cf-billing",
        "x-amzn-cf-id",
        "x-amzn-cf-xff",
        "x-amzn-errortype",
        "x-amzn-fle-profile",
        "x-amzn-header-count",
        "x-amzn-header-order",
        "x-amzn-lambda-integration-tag",
        "x-amzn-requestid",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    }
)
_DISALLOWED_PREFIXES: Final = ("x-amz-cf-", "x-edge-")
#: The same page: a function can read them, and can neither add, change nor delete them.
_READ_ONLY: Final = ("content-length", "host", "transfer-encoding", "via")
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_IN_URL: Final = re.compile(r"[\x00-\x20\x7f#]")
_MAX_URL_LENGTH: Final = 8192
_STATUS_RANGE: Final = range(200, 600)

Event = dict[str, object]
_Entries = dict[str, dict[str, object]]


@value_type
class FunctionInput:
    """The parts of an event that the result is compared with.

    Args:
        headers: as the function sees them.
        querystring: entries of the event.
        cookies: likewise.
    """

    headers: Fields
    querystring: _Entries
    cookies: _Entries


@lru_cache(maxsize=1024)  # The names that clients send are few.
def is_disallowed(name: str) -> bool:
    """Tell whether a header of this lower-case name is kept from functions."""
    return name in _DISALLOWED or name.startswith(_DISALLOWED_PREFIXES)


@lru_cache(maxsize=1024)  # The names that functions write are few.
def _may_be_written(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name != "cookie" and not is_disallowed(name)


def function_event(
    distribution: Distribution, request: EdgeRequest, settings: EdgeSettings
) -> tuple[Event, FunctionInput]:
    """Return the event, and what of it the result is compared with; the two share nothing that can change."""
    given = FunctionInput(
        _shown(request.fields, settings),
        _entries((name, raw.partition("=")[2]) for name, raw in query_parts(request.query)),
        _entries((name, raw.partition("=")[2]) for name, raw in cookie_parts(request.fields.get("cookie", ()))),
    )
    event: Event = {
        "version": "1.0",
        "context": {
            "distributionDomainName": distribution.domain_name,
            "distributionId": distribution.id,
            "eventType": "viewer-request",
            "requestId": request.id,
        },
        "viewer": {"ip": request.client_ip},
        "request": {
            "method": request.method,
            "uri": request.path,
            "querystring": _copy(given.querystring),
            "headers": {name: _entry(values) for name, values in given.headers.items()},
            "cookies": _copy(given.cookies),
        },
    }
    return event, given


def _shown(fields: Fields, settings: EdgeSettings) -> Fields:
    return {
        name: values if values[0].isascii() and len(values) == 1 else tuple([_seen(one, settings) for one in values])
        for name, values in fields.items()
        if name != "cookie" and not is_disallowed(name)
    }


def apply_result(
    value: object, request: EdgeRequest, given: FunctionInput, settings: EdgeSettings
) -> EdgeRequest | OriginResponse:
    """Return the request as the function left it, or the response that it made.

    Nothing of the viewer's request is carried over but its method and body: what the function deleted stays deleted.

    Raises:
        FunctionFailure: CloudFront would refuse the result.
    """
    result = _mapping(value, "the result")
    if "statusCode" in result:
        return _generated(result, settings)
    if result.get("method", request.method) != request.method:
        raise _invalid("the method is read-only")
    uri = _uri(result.get("uri"), request)
    headers = _mapping(result.get("headers"), "headers")
    query_entries = _mapping(result.get("querystring", {}), "querystring")
    cookie_entries = _mapping(result.get("cookies", {}), "cookies")
    fields = _fields(headers, request, given, settings)
    if cookie_entries == given.cookies and "cookie" in request.fields:
        fields["cookie"] = request.fields["cookie"]
    elif cookie_entries:
        fields["cookie"] = ("; ".join(_pairs(cookie_entries, given.cookies, "cookie")),)
    query = request.query if query_entries == given.querystring else _query(query_entries, given)
    if len(uri) + len(query) >= _MAX_URL_LENGTH:
        raise _invalid("the URI is longer than 8,191 characters")
    return EdgeRequest(
        method=request.method,
        path=uri,
        query=query,
        fields=fields,
        body=request.body,
        client_ip=request.client_ip,
        scheme=request.scheme,
        id=request.id,
    )


def _fields(
    headers: Mapping[str, object], request: EdgeRequest, given: FunctionInput, settings: EdgeSettings
) -> Fields:
    before = {name: _entry(values) for name, values in given.headers.items()}
    for name in _READ_ONLY:
        if headers.get(name) != before.get(name):
            raise _invalid(f"header {name} is read-only")
    fields: Fields = {}
    for name, entry in headers.items():
        if name in before and entry == before[name]:
            fields[name] = request.fields[name]
            continue
        if not _may_be_written(name):
            raise _invalid("a header's name is not allowed, or not in lower case")
        fields[name] = tuple([_sent(text, settings) for text in _values(entry, before.get(name), name)])
    return fields


def _uri(value: object, request: EdgeRequest) -> str:
    if value == request.path:
        return request.path
    if not isinstance(value, str) or not value.startswith("/") or "?" in value or _NOT_IN_URL.search(value):
        raise _invalid("the URI must start with a slash, without query, space, control character and fragment")
    return value


def _query(entries: Mapping[str, object], given: FunctionInput) -> str:
    query = "&".join(_pairs(entries, given.querystring, "querystring"))
    if _NOT_IN_URL.search(query):
        raise _invalid("the query has a space, a control character or a fragment")
    return query


def _pairs(entries: Mapping[str, object], given: Mapping[str, dict[str, object]], where: str) -> list[str]:
    return [f"{name}={text}" for name, entry in entries.items() for text in _values(entry, given.get(name), where)]


def _values(entry: object, before: dict[str, object] | None, where: str) -> list[str]:
    """Return the values of one name; where ``multiValue`` is as it was, a changed ``value`` replaces its first.

    Source: Developer Guide, "CloudFront Functions event structure", "Duplicate query strings, headers, and cookies".
    """
    mapping = _mapping(entry, where)
    multiple = mapping.get("multiValue")
    if multiple is None:
        return [_text(mapping.get("value"), where)]
    if not isinstance(multiple, list) or not multiple:
        raise _invalid(f"{where}: multiValue is no list of values")
    values = [_text(_mapping(item, where).get("value"), where) for item in multiple]
    unchanged = before is not None and multiple == before.get("multiValue")
    if unchanged and "value" in mapping:
        values[0] = _text(mapping["value"], where)
    return values


def _generated(result: Mapping[str, object], settings: EdgeSettings) -> OriginResponse:
    status = result["statusCode"]
    if not isinstance(status, int) or isinstance(status, bool) or status not in _STATUS_RANGE:
        raise _invalid("statusCode is no integer from 200 to 599")
    headers: list[tuple[str, str]] = []
    for name, entry in _mapping(result.get("headers", {}), "headers").items():
        if not _NAME.fullmatch(name) or is_disallowed(name) or name in {*_READ_ONLY, "set-cookie", "warning"}:
            raise _invalid("a header's name is not allowed, or not in lower case")
        headers.extend((name, _sent(text, settings)) for text in _values(entry, None, name))
    for name, entry in _mapping(result.get("cookies", {}), "cookies").items():
        attributes = _mapping(entry, "cookies").get("attributes")
        suffix = f"; {_text(attributes, 'cookies')}" if attributes else ""
        headers.extend(("set-cookie", f"{name}={text}{suffix}") for text in _values(entry, None, "cookies"))
    return OriginResponse(status, tuple(headers), _body(result.get("body")))


def _body(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    mapping = _mapping(body, "body")
    data = _text(mapping.get("data"), "body", controls=True)
    if mapping.get("encoding") == "text":
        return data.encode()
    if mapping.get("encoding") == "base64":
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise _invalid("the body is no base64") from error
    raise _invalid("the body's encoding is neither text nor base64")


def _entries(pairs: Iterable[tuple[str, str]]) -> _Entries:
    grouped: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        grouped[name] = (*grouped.get(name, ()), value)
    return {name: _entry(values) for name, values in grouped.items()}


def _entry(values: Sequence[str]) -> dict[str, object]:
    if len(values) == 1:
        return {"value": values[0]}
    return {"value": values[0], "multiValue": [{"value": value} for value in values]}


def _copy(entries: _Entries) -> _Entries:
    """Return entries of their own: a function that runs in this process may write into the event."""
    return {
        name: {
            key: [dict(item) for item in value] if isinstance(value, list) else value for key, value in entry.items()
        }
        for name, entry in entries.items()
    }


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _invalid(f"{where} is no object")
    return cast("dict[str, object]", value)


def _text(value: object, where: str, *, controls: bool = False) -> str:
    if not isinstance(value, str) or not (controls or value.isprintable() or not _CONTROL.search(value)):
        raise _invalid(f"{where}: a value is no text, or has control characters")
    return value


def _seen(value: str, settings: EdgeSettings) -> str:
    if settings.header_text == "latin-1" or value.isascii():
        return value
    return value.encode("latin-1").decode("utf-8", "surrogateescape")


def _sent(text: str, settings: EdgeSettings) -> str:
    if text.isascii():
        return text
    try:
        encoded = text.encode(settings.header_text, "surrogateescape" if settings.header_text == "utf-8" else "strict")
    except UnicodeEncodeError as error:
        raise _invalid("a header's value cannot be sent") from error
    return encoded.decode("latin-1")


def _invalid(detail: str) -> FunctionFailure:
    return FunctionFailure("invalid", detail)
