"""The answer that the viewer gets: headers, conditions, ranges, HEAD."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from local.edge.cache_control import parse_date
from local.edge.header_fields import combined, first, without
from local.edge.messages import OriginResponse
from local.edge.response_headers import apply_policy

if TYPE_CHECKING:
    from local.edge.answer import Answer
    from local.edge.behaviors import CompiledBehavior
    from local.edge.exchange import EdgeRequest
    from local.edge.messages import Headers

_OK, _PARTIAL_CONTENT, _NOT_MODIFIED, _RANGE_NOT_SATISFIABLE = 200, 206, 304, 416
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")
_MAX_RANGE_DIGITS: Final = 18
_OF_THE_BODY: Final = frozenset({"content-length", "content-type", "content-encoding", "content-range"})
_MADE_HERE: Final = frozenset({"content-length", "age", "x-cache", "via"})
_ALWAYS_IN_VARY: Final = ("accept-encoding", "cookie", "*")


def shaped(request: EdgeRequest, answer: Answer) -> tuple[OriginResponse, str | None]:
    """Return what a viewer's conditions and range leave of an object, and the rule that changed it.

    A range is cut from what was kept; one that the origin was asked for and ignored stays the whole object.
    """
    response = answer.response
    if request.method not in {"GET", "HEAD"} or response.status != _OK:
        return response, None
    if _is_not_modified(request, response.headers):
        return OriginResponse(_NOT_MODIFIED, without(response.headers, _OF_THE_BODY), b""), "not-modified"
    wanted = request.field("range")
    if wanted is None or request.method != "GET":
        return response, None
    if answer.age_seconds is None or not _range_applies(request, response.headers):
        return response, "range-whole"
    return _ranged(wanted, response)


def viewer_headers(
    behavior: CompiledBehavior, request: EdgeRequest, answer: Answer, response: OriginResponse, location: str
) -> Headers:
    """Return the headers of the answer with CloudFront's own."""
    headers = _shown(behavior, request, answer, response)
    length = _length(request, response)
    age = () if answer.age_seconds is None else (("age", str(int(answer.age_seconds))),)
    return (
        *headers,
        *(() if length is None else (("content-length", length),)),
        *age,
        *_own(request, answer, location),
    )


def _shown(behavior: CompiledBehavior, request: EdgeRequest, answer: Answer, response: OriginResponse) -> Headers:
    """Return an answer's headers as the behavior leaves them: of an object that is kept, made once for all viewers.

    Of a request, they depend on CORS alone, and CORS says nothing to one without Origin.
    """
    stored = answer.stored
    if stored is None or response is not stored.response or "origin" in request.fields:
        return _made(behavior, request, response)
    if stored.shown is None or stored.shown[0] is not behavior:
        stored.shown = (behavior, _made(behavior, request, response))
    return stored.shown[1]


def _made(behavior: CompiledBehavior, request: EdgeRequest, response: OriginResponse) -> Headers:
    headers = _with_vary(behavior, without(response.headers, _MADE_HERE))
    policy = behavior.behavior.response_headers_policy
    return headers if policy is None else apply_policy(policy, request, headers)


def plain_headers(request: EdgeRequest, answer: Answer, location: str) -> Headers:
    """Return the headers of an answer that no behavior, and so no policy, is about."""
    return (*answer.response.headers, *_own(request, answer, location))


def _own(request: EdgeRequest, answer: Answer, location: str) -> Headers:
    return (
        ("via", f"1.1 {request.id[:16]}.cloudfront.net (CloudFront)"),
        ("x-cache", f"{answer.result_type} from cloudfront"),
        ("x-amz-cf-pop", location),
        ("x-amz-cf-id", request.id),
    )


def _length(request: EdgeRequest, response: OriginResponse) -> str | None:
    if response.status in {204, _NOT_MODIFIED}:
        return None
    if request.method == "HEAD" and not response.body:
        return first(response.headers, "content-length")
    return str(len(response.body))


def _with_vary(behavior: CompiledBehavior, headers: Headers) -> Headers:
    """Keep of Vary what CloudFront forwards: it tells a browser about a header that the origin never saw otherwise."""
    vary = combined(headers, "vary")
    if vary is None:
        return headers
    names = [name.strip() for name in vary.split(",")]
    kept = [name for name in names if name.lower() in _ALWAYS_IN_VARY or name.lower() in behavior.forwarded_headers]
    others = without(headers, {"vary"})
    return (*others, ("vary", ", ".join(kept))) if kept else others


def _is_not_modified(request: EdgeRequest, headers: Headers) -> bool:
    """Tell whether the viewer has this version; If-None-Match goes before If-Modified-Since (RFC 9110, 13.2.2)."""
    wanted = request.fields.get("if-none-match")
    if wanted is not None:
        etag = first(headers, "etag")
        tags = {_weak(tag.strip()) for tag in ",".join(wanted).split(",")}
        return etag is not None and ("*" in tags or _weak(etag) in tags)
    since, modified = parse_date(request.field("if-modified-since")), parse_date(first(headers, "last-modified"))
    return since is not None and modified is not None and modified <= since


def _weak(etag: str) -> str:
    return etag.removeprefix("W/")


def _range_applies(request: EdgeRequest, headers: Headers) -> bool:
    condition = request.field("if-range")
    return condition is None or (
        condition in {first(headers, "etag"), first(headers, "last-modified")} and not condition.startswith("W/")
    )


def _ranged(wanted: str, response: OriginResponse) -> tuple[OriginResponse, str | None]:
    """Return one range of a whole object; several ranges, or none that can be read, get the whole one."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or not (found[1] or found[2]) or max(len(found[1]), len(found[2])) > _MAX_RANGE_DIGITS:
        return response, "range-ignored"
    size = len(response.body)
    start = int(found[1]) if found[1] else max(0, size - int(found[2]))
    end = min(int(found[2]), size - 1) if found[1] and found[2] else size - 1
    if found[1] and found[2] and int(found[2]) < int(found[1]):
        return response, "range-ignored"
    headers = without(response.headers, {"content-length", "content-range"})
    if start >= size or (not found[1] and int(found[2]) == 0):
        return OriginResponse(
            _RANGE_NOT_SATISFIABLE, (*headers, ("content-range", f"bytes */{size}")), b""
        ), "range-416"
    part = response.body[start : end + 1]
    return OriginResponse(
        _PARTIAL_CONTENT, (*headers, ("content-range", f"bytes {start}-{end}/{size}")), part
    ), "range-206"
