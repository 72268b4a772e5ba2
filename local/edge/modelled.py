"""Whether the local edge models a distribution; what it does not is refused by name, never ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.edge.errors import UnmodelledError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.edge.model import Behavior, CachePolicy, Distribution, EdgeFunction, Origin, OriginRequestPolicy
    from local.edge.settings import EdgeSettings

#: Developer Guide, "Quotas on CloudFront Functions" and "Quotas on distributions".
MAX_FUNCTION_BYTES: Final = 10_240
MAX_ORIGIN_CUSTOM_HEADERS: Final = 30
_RUNTIME: Final = "cloudfront-js-2.0"
_METHOD_SETS: Final = (
    frozenset({"GET", "HEAD"}),
    frozenset({"GET", "HEAD", "OPTIONS"}),
    frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}),
)
_CACHED_METHOD_SETS: Final = _METHOD_SETS[:2]
#: Statuses that a custom error response can be about (CloudFront API, CustomErrorResponse).
_ERROR_STATUSES: Final = frozenset({400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504})
_CACHE_HEADERS: Final = ("none", "whitelist")
_REQUEST_HEADERS: Final = ("none", "whitelist", "allViewer", "allExcept")
_OTHERS: Final = ("none", "whitelist", "allExcept", "all")

_Problem = tuple[str, dict[str, object], str]


def require_modelled(distribution: Distribution, settings: EdgeSettings) -> None:
    """Refuse a distribution that the edge could not answer for as CloudFront does.

    Raises:
        UnmodelledError: with the first such setting.
    """
    for what, where, allowed in _problems(distribution, settings):
        raise UnmodelledError(what, where={"distribution": distribution.id, **where}, allowed=allowed)


def _problems(distribution: Distribution, settings: EdgeSettings) -> Iterator[_Problem]:
    if not distribution.behaviors or distribution.behaviors[-1].path_pattern != "*":
        yield "a distribution without a default behavior", {}, "the last behavior has the path pattern *"
    for status in distribution.error_rules:
        if status not in _ERROR_STATUSES:
            yield f"a custom error response for {status}", {}, ", ".join(map(str, sorted(_ERROR_STATUSES)))
    for origin in distribution.origins.values():
        yield from _origin_problems(origin)
    for behavior in distribution.behaviors:
        where: dict[str, object] = {"behavior": behavior.path_pattern}
        for what, more, allowed in _behavior_problems(distribution, behavior, settings):
            yield what, where | more, allowed


def _origin_problems(origin: Origin) -> Iterator[_Problem]:
    where: dict[str, object] = {"origin": origin.id}
    count = len(origin.custom_headers)
    if count > MAX_ORIGIN_CUSTOM_HEADERS:
        yield f"{count} origin custom headers", where, f"{MAX_ORIGIN_CUSTOM_HEADERS} (a quota of CloudFront)"
    if not 1 <= origin.connection_attempts <= 3:  # noqa: PLR2004 - CloudFront API, Origin: 1 to 3
        yield f"{origin.connection_attempts} connection attempts", where, "1 to 3"
    if origin.path and (not origin.path.startswith("/") or origin.path.endswith("/")):
        yield f"the origin path {origin.path}", where, "a slash in front and none at the end, or nothing"


def _behavior_problems(distribution: Distribution, behavior: Behavior, settings: EdgeSettings) -> Iterator[_Problem]:
    if behavior.origin_id not in distribution.origins:
        yield f"the origin {behavior.origin_id}", {}, ", ".join(sorted(distribution.origins))
    if behavior.allowed_methods not in _METHOD_SETS:
        yield f"the allowed methods {_listed(behavior.allowed_methods)}", {}, _sets(_METHOD_SETS)
    if behavior.cached_methods not in _CACHED_METHOD_SETS or not behavior.cached_methods <= behavior.allowed_methods:
        yield f"the cached methods {_listed(behavior.cached_methods)}", {}, _sets(_CACHED_METHOD_SETS)
    yield from _cache_policy_problems(behavior.cache_policy)
    if behavior.origin_request_policy is not None:
        yield from _request_policy_problems(behavior.origin_request_policy, settings)
    if behavior.viewer_request is not None:
        yield from _function_problems(behavior.viewer_request)


def _cache_policy_problems(policy: CachePolicy) -> Iterator[_Problem]:
    where: dict[str, object] = {"cache policy": policy.name}
    if not 0 <= policy.min_ttl <= policy.default_ttl <= policy.max_ttl:
        yield "these TTLs", where, "0 <= minimum <= default <= maximum"
    inputs = (policy.headers, policy.cookies, policy.query_strings)
    if policy.max_ttl == 0 and any(selection.behavior != "none" for selection in inputs):
        yield "inputs of a policy that caches nothing", where, "none while the maximum TTL is 0 (InvalidRequest)"
    if policy.headers.behavior not in _CACHE_HEADERS:
        yield f"headers {policy.headers.behavior}", where, ", ".join(_CACHE_HEADERS)
    for kind, selection in (("cookies", policy.cookies), ("query strings", policy.query_strings)):
        if selection.behavior not in _OTHERS:
            yield f"{kind} {selection.behavior}", where, ", ".join(_OTHERS)
    yield from _cloudfront_headers(policy.headers.names, where)
    if any(name.lower() == "accept-encoding" for name in policy.headers.names):
        yield "Accept-Encoding among the headers", where, "gzip and brotli of the policy"


def _request_policy_problems(policy: OriginRequestPolicy, settings: EdgeSettings) -> Iterator[_Problem]:
    where: dict[str, object] = {"origin request policy": policy.name}
    if policy.headers.behavior not in _REQUEST_HEADERS:
        yield f"headers {policy.headers.behavior}", where, ", ".join(_REQUEST_HEADERS)
    for kind, selection in (("cookies", policy.cookies), ("query strings", policy.query_strings)):
        if selection.behavior not in _OTHERS:
            yield f"{kind} {selection.behavior}", where, ", ".join(_OTHERS)
    yield from _cloudfront_headers(policy.headers.names, where)
    lists_authorization = any(name.lower() == "authorization" for name in policy.headers.names)
    is_allowed = settings.authorization_in_origin_request_policy or policy.headers.behavior != "whitelist"
    if lists_authorization and not is_allowed:
        yield "Authorization in an origin request policy", where, "in a cache policy, or with all viewer headers"


def _cloudfront_headers(names: tuple[str, ...], where: dict[str, object]) -> Iterator[_Problem]:
    for name in names:
        if name.lower().startswith("cloudfront-"):
            yield f"the header {name}", where, "headers that the viewer or the function sends"


def _function_problems(function: EdgeFunction) -> Iterator[_Problem]:
    where: dict[str, object] = {"function": function.arn}
    if function.runtime != _RUNTIME:
        yield f"the runtime {function.runtime}", where, _RUNTIME
    if len(function.code) > MAX_FUNCTION_BYTES:
        yield f"{len(function.code)} bytes of code", where, f"{MAX_FUNCTION_BYTES} (a quota of CloudFront)"


def _listed(methods: frozenset[str]) -> str:
    return ", ".join(sorted(methods))


def _sets(sets: tuple[frozenset[str], ...]) -> str:
    return " or ".join(_listed(methods) for methods in sets)
