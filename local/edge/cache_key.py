"""The cache key: parts of a tuple, so that no value can pose as another part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.edge.exchange import cookie_parts, query_parts

if TYPE_CHECKING:
    from local.edge.behaviors import CompiledBehavior
    from local.edge.exchange import EdgeRequest


def cache_key(domain_name: str, behavior: CompiledBehavior, request: EdgeRequest) -> tuple[str, ...]:
    """Return what tells two objects apart: the distribution's domain name, the path, and the policy's inputs.

    The viewer's Host is a part only where the policy lists it. An absent header differs from an empty one.
    """
    parts = [request.method, domain_name, request.path]
    if behavior.encodings:
        parts.append(f"accept-encoding:{normalised_accept_encoding(behavior, request)}")
    for name in behavior.key_headers:
        values = request.fields.get(name)
        if values is None:
            parts.append(name)
        else:
            parts.extend(f"{name}:{value}" for value in values)
    if behavior.key_cookies:
        cookies = cookie_parts(request.fields.get("cookie", ()))
        parts.append("cookie:" + "; ".join(raw for name, raw in cookies if name in behavior.key_cookies))
    if behavior.key_query_strings:
        parts.append("?" + keyed_query(behavior, request.query))
    return tuple(parts)


def keyed_query(behavior: CompiledBehavior, query: str) -> str:
    """Return the parameters that are in the key, in the viewer's order."""
    if not query:
        return ""
    return "&".join(raw for name, raw in query_parts(query) if name in behavior.key_query_strings)


def object_uri(behavior: CompiledBehavior, request: EdgeRequest) -> str:
    """Return what an invalidation path is compared with: the path and the parameters that are in the key."""
    query = keyed_query(behavior, request.query)
    return f"{request.path}?{query}" if query else request.path


def normalised_accept_encoding(behavior: CompiledBehavior, request: EdgeRequest) -> str:
    """Return ``br,gzip``, one of both, or nothing: what the policy enables and the viewer accepts."""
    values = request.fields.get("accept-encoding")
    if values is None:
        return ""
    accepted = _accepted(",".join(values))
    return ",".join(name for name in behavior.encodings if name in accepted)


def _accepted(text: str) -> set[str]:
    accepted = set()
    for item in text.split(","):
        name, _, parameters = item.partition(";")
        quality = parameters.replace(" ", "").lower()
        if not (quality.startswith("q=") and quality[2:].strip("0.") == ""):
            accepted.add(name.strip().lower())
    return accepted
