"""Requests that CloudFront answers before it looks for a function or an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from local.edge.behaviors import CompiledBehavior, CompiledDistribution
    from local.edge.messages import ViewerRequest
    from local.edge.settings import EdgeSettings

#: Developer Guide, "Request and response behavior for custom origins", "Maximum length of a request".
MAX_REQUEST_BYTES: Final = 20_480
MAX_URL_BYTES: Final = 8_192
_REDIRECTED_METHODS: Final = frozenset({"GET", "HEAD"})
_BEFORE_1_1: Final = frozenset({"0.9", "1.0"})
_METHODS_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})


def host_name(host: str) -> str:
    """Return a Host header in lower case without its port."""
    name = host.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0]


def refusal(
    compiled: CompiledDistribution, request: ViewerRequest, host: str | None, settings: EdgeSettings
) -> tuple[int, str, str] | None:
    """Return status, detailed result type and rule of a request that no behavior gets; None for the others."""
    if not compiled.distribution.enabled:
        return 403, "InvalidRequest", "distribution-disabled"
    if host is None or not request.path.startswith("/"):
        return 400, "InvalidRequest", "request-malformed"
    name = host_name(host)
    if not compiled.is_own_host(name) and name not in settings.loopback_hosts:
        return 403, "InvalidRequest", "host-names"
    url = len(request.scheme) + 3 + len(host) + len(request.path) + 1 + len(request.query)
    if url > MAX_URL_BYTES:
        return 413, "InvalidRequest", "url-length"
    size = len(request.method) + len(request.path) + len(request.query) + 12
    size += sum([len(name) + len(value) + 4 for name, value in request.headers])
    return (413, "InvalidRequest", "request-length") if size > MAX_REQUEST_BYTES else None


def behavior_refusal(behavior: CompiledBehavior, request: ViewerRequest) -> tuple[int, str, str] | None:
    """Return status, detailed result type and rule of a request that its behavior does not take; None otherwise."""
    deployed = behavior.behavior
    if request.scheme == "http" and deployed.viewer_protocol_policy != "allow-all":
        return 403, "InvalidRequest", "https-only"
    if request.method not in deployed.allowed_methods:
        return 403, "InvalidRequestMethod", "allowed-methods"
    if request.body and request.method in _METHODS_WITHOUT_BODY:
        return 403, "InvalidRequest", "get-with-body"
    return None


def redirect(behavior: CompiledBehavior, request: ViewerRequest, host: str) -> tuple[int, str] | None:
    """Return status and location where plain http is sent to https; None otherwise, as for writes in HTTP/1.0."""
    if request.scheme != "http" or behavior.behavior.viewer_protocol_policy != "redirect-to-https":
        return None
    if request.method not in _REDIRECTED_METHODS and request.http_version in _BEFORE_1_1:
        return None
    query = f"?{request.query}" if request.query else ""
    return 301 if request.method in _REDIRECTED_METHODS else 307, f"https://{host}{request.path}{query}"
