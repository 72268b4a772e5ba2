"""Policies as CloudFront's API describes them, turned into the local edge's own values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from local.edge.deployed_fields import check, items
from local.edge.model import CachePolicy, Cors, OriginRequestPolicy, ResponseHeadersPolicy, Selection, SetHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Structure = dict[str, Any]
_SELECTIONS: Final = ("HeadersConfig", "CookiesConfig", "QueryStringsConfig")


def cache_policy(config: Structure, problems: list[str]) -> CachePolicy:
    """Return a cache policy from its CachePolicyConfig."""
    place = f"cache policy {config['Name']} "
    check(config, place, _TTLS | {"Name", "Comment", "ParametersInCacheKeyAndForwardedToOrigin"}, problems)
    key = config["ParametersInCacheKeyAndForwardedToOrigin"]
    check(key, place, {*_SELECTIONS, "EnableAcceptEncodingGzip", "EnableAcceptEncodingBrotli"}, problems)
    return CachePolicy(
        config["Name"],
        config["MinTTL"],
        config["DefaultTTL"],
        config["MaxTTL"],
        _selection(key, "Header", "Headers"),
        _selection(key, "Cookie", "Cookies"),
        _selection(key, "QueryString", "QueryStrings"),
        key["EnableAcceptEncodingGzip"],
        key["EnableAcceptEncodingBrotli"],
    )


_TTLS: Final = frozenset({"MinTTL", "DefaultTTL", "MaxTTL"})


def origin_request_policy(config: Structure, problems: list[str]) -> OriginRequestPolicy:
    """Return an origin request policy from its OriginRequestPolicyConfig."""
    check(config, f"origin request policy {config['Name']} ", {"Name", "Comment", *_SELECTIONS}, problems)
    return OriginRequestPolicy(
        config["Name"],
        _selection(config, "Header", "Headers"),
        _selection(config, "Cookie", "Cookies"),
        _selection(config, "QueryString", "QueryStrings"),
    )


def _selection(config: Structure, kind: str, listing: str) -> Selection:
    chosen = config.get(f"{listing}Config") or {f"{kind}Behavior": "none"}
    return Selection(chosen[f"{kind}Behavior"], tuple(items(chosen.get(listing))))


def response_headers_policy(config: Structure, problems: list[str]) -> ResponseHeadersPolicy:
    """Return a response headers policy from its ResponseHeadersPolicyConfig."""
    place = f"response headers policy {config['Name']} "
    known = {"Name", "Comment", "CorsConfig", "SecurityHeadersConfig", "CustomHeadersConfig", "RemoveHeadersConfig"}
    check(config, place, known, problems)
    security = config.get("SecurityHeadersConfig") or {}
    check(security, f"{place}SecurityHeadersConfig.", _SECURITY, problems)
    custom = [
        SetHeader(one["Header"], one["Value"], one["Override"]) for one in items(config.get("CustomHeadersConfig"))
    ]
    return ResponseHeadersPolicy(
        config["Name"],
        (*_security_headers(security), *custom),
        tuple(one["Header"] for one in items(config.get("RemoveHeadersConfig"))),
        _cors(config.get("CorsConfig")),
    )


def _security_headers(security: Structure) -> Iterator[SetHeader]:
    for member, (header, value) in _SECURITY.items():
        if member in security:
            yield SetHeader(header, value(security[member]), security[member]["Override"])


def _strict_transport_security(setting: Structure) -> str:
    parts = [f"max-age={setting['AccessControlMaxAgeSec']}"]
    parts += ["includeSubDomains"] if setting.get("IncludeSubdomains") else []
    return "; ".join(parts + (["preload"] if setting.get("Preload") else []))


def _xss_protection(setting: Structure) -> str:
    if not setting["Protection"]:
        return "0"
    parts = ["1", *(["mode=block"] if setting.get("ModeBlock") else [])]
    return "; ".join(parts + ([f"report={setting['ReportUri']}"] if setting.get("ReportUri") else []))


#: Members of SecurityHeadersConfig, with the header that each becomes (Developer Guide, "Understand response headers
#: policies").
_SECURITY: Final[Mapping[str, tuple[str, Callable[[Structure], str]]]] = {
    "ContentSecurityPolicy": ("content-security-policy", lambda one: str(one["ContentSecurityPolicy"])),
    "ContentTypeOptions": ("x-content-type-options", lambda _: "nosniff"),
    "FrameOptions": ("x-frame-options", lambda one: str(one["FrameOption"])),
    "ReferrerPolicy": ("referrer-policy", lambda one: str(one["ReferrerPolicy"])),
    "StrictTransportSecurity": ("strict-transport-security", _strict_transport_security),
    "XSSProtection": ("x-xss-protection", _xss_protection),
}


def _cors(config: Structure | None) -> Cors | None:
    if not config:
        return None
    return Cors(
        tuple(items(config["AccessControlAllowOrigins"])),
        tuple(items(config["AccessControlAllowMethods"])),
        tuple(items(config["AccessControlAllowHeaders"])),
        config["AccessControlAllowCredentials"],
        tuple(items(config.get("AccessControlExposeHeaders"))),
        config.get("AccessControlMaxAgeSec"),
        config["OriginOverride"],
    )
