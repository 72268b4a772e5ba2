"""The request that goes to the origin: what the policies let through, and what CloudFront adds of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.edge.cache_key import normalised_accept_encoding
from local.edge.exchange import cookie_parts, query_parts
from local.edge.header_fields import HOP_BY_HOP, connection_options, flatten
from local.edge.messages import OriginRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.edge.behaviors import CompiledBehavior
    from local.edge.exchange import EdgeRequest
    from local.edge.header_fields import Fields

#: Headers that never go on as the viewer sent them, whatever a policy says: those of the connection, the body's length
#: (which the body itself tells), CloudFront's own, and those of its table of request headers that it always removes.
_NEVER_FORWARDED: Final = HOP_BY_HOP | {
    "accept-encoding",
    "content-length",
    "cookie",
    "x-amz-cf-id",
    "x-cache",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-http-method-override",
    "x-real-ip",
    "via",
}
_NEVER_FORWARDED_PREFIXES: Final = ("x-edge-", "x-amz-cf-", "x-accel-", "cloudfront-")
#: Decided by the edge on what can be cached: an answer to them would be no answer for the next viewer.
CONDITIONAL: Final = ("if-none-match", "if-modified-since", "if-range", "if-unmodified-since", "range")
_USER_AGENT: Final = "Amazon CloudFront"


def origin_request(
    behavior: CompiledBehavior, request: EdgeRequest, validators: Mapping[str, str], *, cacheable: bool
) -> OriginRequest:
    """Return what the origin gets.

    Args:
        behavior: the one that matched the viewer's path.
        request: after the function.
        validators: conditional headers of the edge's own, to revalidate what it has.
        cacheable: whether the answer may be kept; then the viewer's own conditions and ranges stay behind.
    """
    fields = _forwarded(behavior, request)
    if cacheable:
        for name in CONDITIONAL:
            fields.pop(name, None)
    _add_own(fields, behavior, request)
    for name, value in behavior.origin.custom_headers:
        fields[name.lower()] = (value,)
    for name, value in validators.items():
        fields[name] = (value,)
    names = behavior.forwarded_query_strings
    return OriginRequest(
        origin_id=behavior.origin.id,
        method=request.method,
        path=behavior.origin.path + request.path,
        query="&".join(raw for name, raw in query_parts(request.query) if name in names) if names else "",
        headers=flatten(fields),
        body=request.body,
        timeout_seconds=float(behavior.origin.read_timeout),
    )


def is_never_forwarded(name: str) -> bool:
    """Tell whether a viewer's header of this lower-case name never reaches an origin as it is."""
    return name in _NEVER_FORWARDED or name.startswith(_NEVER_FORWARDED_PREFIXES)


def _forwarded(behavior: CompiledBehavior, request: EdgeRequest) -> Fields:
    names = behavior.forwarded_headers
    named_by_connection = connection_options(request.fields)
    fields = {
        name: values
        for name, values in request.fields.items()
        if name in names and name not in named_by_connection and not is_never_forwarded(name)
    }
    cookies = [
        raw for name, raw in cookie_parts(request.fields.get("cookie", ())) if name in behavior.forwarded_cookies
    ]
    if cookies:
        fields["cookie"] = ("; ".join(cookies),)
    return fields


def _add_own(fields: Fields, behavior: CompiledBehavior, request: EdgeRequest) -> None:
    fields.setdefault("host", (behavior.origin.domain_name,))
    fields.setdefault("user-agent", (_USER_AGENT,))
    _add_accept_encoding(fields, behavior, request)
    fields["x-amz-cf-id"] = (request.id,)
    fields["x-forwarded-for"] = (_appended(request.fields.get("x-forwarded-for"), request.client_ip),)
    fields["via"] = (_appended(request.fields.get("via"), f"{request.id[:16]}.cloudfront.net (CloudFront)", "1.1 "),)


def _add_accept_encoding(fields: Fields, behavior: CompiledBehavior, request: EdgeRequest) -> None:
    if behavior.encodings:
        if normalised := normalised_accept_encoding(behavior, request):
            fields["accept-encoding"] = (normalised,)
    elif "accept-encoding" in behavior.forwarded_headers and "accept-encoding" in request.fields:
        fields["accept-encoding"] = request.fields["accept-encoding"]


def _appended(values: tuple[str, ...] | None, own: str, prefix: str = "") -> str:
    return ",".join((*(values or ()), prefix + own))
