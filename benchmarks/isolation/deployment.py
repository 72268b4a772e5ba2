"""The distribution that the stack makes, built from the cache contract without a stack; a test holds both equal."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from infra.components.edge import SHIELDED_ORIGIN, UNSHIELDED_ORIGIN
from local.edge.control_plane import Deployment
from local.edge.model import (
    Behavior,
    CachePolicy,
    Distribution,
    EdgeFunction,
    ErrorRule,
    Origin,
    OriginRequestPolicy,
    ResponseHeadersPolicy,
    Selection,
    SetHeader,
)
from strata.caching.classes import (
    CACHE_CLASSES,
    CACHE_TAG_HEADER,
    LANGUAGES,
    SURROGATE_CONTROL_HEADER,
    SURROGATE_KEY_HEADER,
)
from strata.caching.contract import EVERYTHING, BehaviorContract, current_contract
from strata.caching.edge_function import SOURCE, EdgeFunctionSettings, render
from strata.caching.key_value_store import SECRETS_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STORE_ARN: Final = "arn:aws:cloudfront::123456789012:key-value-store/isolation"
_PEPPER: Final = "0123456789abcdef" * 4
_ORIGIN_VERIFY: Final = "fedcba9876543210" * 4
#: What the function sends after a rotation; the origin believes both.
NEXT_ORIGIN_VERIFY: Final = "00112233445566778899aabbccddeeff" * 2
_RUNTIME: Final = "cloudfront-js-2.0"
#: Said to caches, and removed on the way to viewers.
CDN_HEADERS: Final = (CACHE_TAG_HEADER, SURROGATE_CONTROL_HEADER, SURROGATE_KEY_HEADER)
_SECURITY_HEADERS: Final = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains; preload"),
)


@dataclass(frozen=True)
class Setup:
    """What a stack's config chooses about its edge.

    Args:
        tenant_claim: the claim that names a caller's tenant; None takes the Host.
        has_store: whether there is a KeyValueStore with pepper, origin-verify secret and epochs.
        languages: what Accept-Language is normalised to.
        aliases: host names; one with a star stands for a tenant's own each.
        source: the edge function's file.
    """

    tenant_claim: str | None = "tenant"
    has_store: bool = True
    languages: tuple[str, ...] = LANGUAGES
    aliases: tuple[str, ...] = ("*.api.example.com",)
    source: Path = SOURCE


DEFAULT_SETUP: Final = Setup()


def deployment_of(setup: Setup = DEFAULT_SETUP) -> Deployment:
    """Return the deployment of the current contract with secrets that are made up."""
    contract = current_contract()
    distribution = Distribution(
        id="EISOLATION",
        domain_name="d111111abcdef8.cloudfront.net",
        aliases=setup.aliases,
        enabled=True,
        origins={name: _origin(name) for name in (UNSHIELDED_ORIGIN, SHIELDED_ORIGIN)},
        behaviors=tuple(_behavior(one, setup) for one in contract.behaviors),
        error_rules={status: ErrorRule(seconds) for status, seconds in contract.error_ttl_seconds.items()},
        cache_tag_header=contract.cache_tag_header,
        default_root_object="index.html",
    )
    return Deployment(distribution, {STORE_ARN: secrets()} if setup.has_store else {}, ())


def secrets(origin_verify: str = _ORIGIN_VERIFY, pepper: str = _PEPPER) -> dict[str, str]:
    """Return what a KeyValueStore holds before any tenant is purged."""
    return {SECRETS_KEY: json.dumps({"pepper": pepper, "originVerify": origin_verify})}


def with_code(distribution: Distribution, code: Mapping[str, bytes]) -> Distribution:
    """Return a distribution whose functions have other code, by their ARN."""

    def changed(function: EdgeFunction | None) -> EdgeFunction | None:
        return function and replace(function, code=code[function.arn])

    behaviors = (replace(one, viewer_request=changed(one.viewer_request)) for one in distribution.behaviors)
    return replace(distribution, behaviors=tuple(behaviors))


def _origin(name: str) -> Origin:
    shield = "eu-central-1" if name == SHIELDED_ORIGIN else None
    return Origin(name, "localhost", "", "http-only", 8000, 443, shield_region=shield)


def _behavior(contract: BehaviorContract, setup: Setup) -> Behavior:
    return Behavior(
        path_pattern=contract.path_pattern,
        origin_id=SHIELDED_ORIGIN if contract.is_cached else UNSHIELDED_ORIGIN,
        viewer_protocol_policy="https-only",
        allowed_methods=frozenset(contract.allowed_methods),
        cached_methods=frozenset(contract.cached_methods),
        compress=True,
        cache_policy=_cache_policy(contract),
        origin_request_policy=_origin_request_policy(contract),
        response_headers_policy=_response_headers_policy(contract),
        viewer_request=_function(contract, setup),
    )


def _cache_policy(contract: BehaviorContract) -> CachePolicy:
    return CachePolicy(
        contract.cache_class if contract.is_cached else "Managed-CachingDisabled",
        contract.min_ttl_seconds,
        contract.default_ttl_seconds,
        contract.max_ttl_seconds,
        _selection(contract.keyed_headers),
        _selection(contract.keyed_cookies),
        _selection(contract.keyed_query_strings),
        "gzip" in contract.keyed_encodings,
        "br" in contract.keyed_encodings,
    )


def _origin_request_policy(contract: BehaviorContract) -> OriginRequestPolicy:
    if contract.unkeyed_headers == EVERYTHING:
        return OriginRequestPolicy(
            "Managed-AllViewerExceptHostHeader", Selection("allExcept", ("host",)), Selection("all"), Selection("all")
        )
    return OriginRequestPolicy(
        "caller" if contract.is_per_caller else "shared",
        _selection(contract.unkeyed_headers),
        _selection(contract.unkeyed_cookies),
        _selection(contract.unkeyed_query_strings),
    )


def _selection(names: tuple[str, ...]) -> Selection:
    return Selection("whitelist", tuple(sorted(names))) if names else Selection("none")


def _response_headers_policy(contract: BehaviorContract) -> ResponseHeadersPolicy:
    cache_control = contract.viewer_cache_control
    own = (SetHeader("cache-control", cache_control, override=True),) if cache_control else ()
    security = (SetHeader(name, value, override=True) for name, value in _SECURITY_HEADERS)
    return ResponseHeadersPolicy("caller" if contract.is_per_caller else "shared", (*security, *own), CDN_HEADERS)


def _function(contract: BehaviorContract, setup: Setup) -> EdgeFunction:
    settings = EdgeFunctionSettings.of(
        CACHE_CLASSES[contract.cache_class], has_store=setup.has_store, tenant_claim=setup.tenant_claim
    )
    return EdgeFunction(
        f"arn:aws:cloudfront::123456789012:function/{contract.cache_class}",
        render(replace(settings, languages=setup.languages), setup.source).encode(),
        _RUNTIME,
        STORE_ARN if setup.has_store else None,
    )
