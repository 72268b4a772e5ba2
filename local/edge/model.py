"""A distribution with everything that it refers to, as frozen values; `local.edge.control_plane` reads it from AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.edge.messages import Headers


@dataclass(frozen=True)
class Selection:
    """Which headers, cookies or query parameters a policy names.

    Args:
        behavior: as the API spells it; what is allowed depends on the policy and the kind of input.
        names: the listed names as written; header names are compared without case, the others as they are.
    """

    behavior: Literal["none", "whitelist", "allExcept", "all", "allViewer", "allViewerAndWhitelistCloudFront"]
    names: tuple[str, ...] = ()


NOTHING = Selection("none")


@dataclass(frozen=True)
class CachePolicy:
    """How long objects stay, and what their key is made of; times in seconds."""

    name: str
    min_ttl: int
    default_ttl: int
    max_ttl: int
    headers: Selection = NOTHING
    cookies: Selection = NOTHING
    query_strings: Selection = NOTHING
    gzip: bool = False
    brotli: bool = False


@dataclass(frozen=True)
class OriginRequestPolicy:
    """What the origin gets to see beside the key."""

    name: str
    headers: Selection = NOTHING
    cookies: Selection = NOTHING
    query_strings: Selection = NOTHING


@dataclass(frozen=True)
class Cors:
    """The CORS part of a response headers policy."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    allow_credentials: bool
    expose_headers: tuple[str, ...]
    max_age_seconds: int | None
    origin_override: bool


@dataclass(frozen=True)
class SetHeader:
    """A header that a policy adds; with override it also replaces the origin's."""

    name: str
    value: str
    override: bool


@dataclass(frozen=True)
class ResponseHeadersPolicy:
    """What is added to answers and removed from them; security headers are among ``set_headers``."""

    name: str
    set_headers: tuple[SetHeader, ...] = ()
    remove_headers: tuple[str, ...] = ()
    cors: Cors | None = None


@dataclass(frozen=True)
class EdgeFunction:
    """A published function.

    Args:
        arn: as the association names it.
        code: the bytes that were deployed.
        runtime: ``cloudfront-js-2.0``.
        key_value_store_arn: the store it may read; None without one.
    """

    arn: str
    code: bytes
    runtime: str
    key_value_store_arn: str | None = None


@dataclass(frozen=True)
class Origin:
    """A custom origin; times in seconds.

    Args:
        id: in the distribution.
        domain_name: host name.
        path: put in front of each request's path.
        protocol_policy: ``http-only``, ``https-only`` or ``match-viewer``.
        http_port: used for http.
        https_port: used for https.
        custom_headers: added to each request, over the viewer's of the same name.
        shield_region: where its Origin Shield is; None without one.
        connection_attempts: 1 to 3.
        connection_timeout: 1 to 10.
        read_timeout: how long it may stay silent.
    """

    id: str
    domain_name: str
    path: str
    protocol_policy: Literal["http-only", "https-only", "match-viewer"]
    http_port: int
    https_port: int
    custom_headers: Headers = ()
    shield_region: str | None = None
    connection_attempts: int = 3
    connection_timeout: int = 10
    read_timeout: int = 30


@dataclass(frozen=True)
class Behavior:
    """A cache behavior; the default one has the path pattern ``*`` and comes last."""

    path_pattern: str
    origin_id: str
    viewer_protocol_policy: Literal["allow-all", "https-only", "redirect-to-https"]
    allowed_methods: frozenset[str]
    cached_methods: frozenset[str]
    compress: bool
    cache_policy: CachePolicy
    origin_request_policy: OriginRequestPolicy | None = None
    response_headers_policy: ResponseHeadersPolicy | None = None
    viewer_request: EdgeFunction | None = None


@dataclass(frozen=True)
class ErrorRule:
    """A custom error response: how long an error is kept, and what is answered instead."""

    min_ttl: int
    response_status: int | None = None
    response_page_path: str | None = None


@dataclass(frozen=True)
class Distribution:
    """A distribution as deployed.

    Args:
        id: its id.
        domain_name: its own name, the host part of every cache key.
        aliases: further host names it answers to.
        enabled: a disabled one answers nobody.
        origins: by id.
        behaviors: in order, the default one last.
        error_rules: by status.
        cache_tag_header: the origin's header with an object's tags; None where tags are not used.
        default_root_object: answered for ``/``; empty without one.
    """

    id: str
    domain_name: str
    aliases: tuple[str, ...]
    enabled: bool
    origins: Mapping[str, Origin]
    behaviors: tuple[Behavior, ...]
    error_rules: Mapping[int, ErrorRule]
    cache_tag_header: str | None = None
    default_root_object: str = ""
