"""A distribution as CloudFront's API describes it, turned into the local edge's own values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from local.edge.deployed_fields import check, items
from local.edge.errors import UnmodelledError
from local.edge.model import Behavior, Distribution, EdgeFunction, ErrorRule, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.edge.model import CachePolicy, OriginRequestPolicy, ResponseHeadersPolicy

Structure = dict[str, Any]

#: Members that change who may connect, what is paid, or what is shown, and no answer of this edge.
_INERT: Final = frozenset(
    {"CallerReference", "Comment", "PriceClass", "HttpVersion", "IsIPV6Enabled", "ViewerCertificate", "Logging"}
)
_DISTRIBUTION: Final = _INERT | {
    "Aliases",
    "CacheBehaviors",
    "CacheTagConfig",
    "CustomErrorResponses",
    "DefaultCacheBehavior",
    "DefaultRootObject",
    "Enabled",
    "Origins",
}
_BEHAVIOR: Final = frozenset(
    {
        "AllowedMethods",
        "CachePolicyId",
        "Compress",
        "FunctionAssociations",
        "OriginRequestPolicyId",
        "PathPattern",
        "ResponseHeadersPolicyId",
        "TargetOriginId",
        "ViewerProtocolPolicy",
    }
)
_ORIGIN: Final = frozenset(
    {
        "ConnectionAttempts",
        "ConnectionTimeout",
        "CustomHeaders",
        "CustomOriginConfig",
        "DomainName",
        "Id",
        "OriginPath",
        "OriginShield",
    }
)
_CUSTOM_ORIGIN: Final = frozenset(
    {
        "HTTPPort",
        "HTTPSPort",
        "IpAddressType",
        "OriginKeepaliveTimeout",
        "OriginProtocolPolicy",
        "OriginReadTimeout",
        "OriginSslProtocols",
    }
)
_ERROR_RULE: Final = frozenset({"ErrorCachingMinTTL", "ErrorCode", "ResponseCode", "ResponsePagePath"})


@dataclass(frozen=True)
class Referred:
    """What a distribution refers to by id or ARN."""

    cache_policies: Mapping[str, CachePolicy]
    origin_request_policies: Mapping[str, OriginRequestPolicy]
    response_headers_policies: Mapping[str, ResponseHeadersPolicy]
    functions: Mapping[str, EdgeFunction]


def behaviors_of(config: Structure) -> list[Structure]:
    """Return the cache behaviors of a DistributionConfig in their order, the default one last."""
    return [*items(config.get("CacheBehaviors")), {"PathPattern": "*", **config["DefaultCacheBehavior"]}]


def distribution(answer: Structure, referred: Referred, problems: list[str]) -> Distribution:
    """Return a distribution from the answer of GetDistribution.

    Args:
        answer: the member ``Distribution``.
        referred: everything that its behaviors name.
        problems: settings of the policies that are not modelled.

    Raises:
        UnmodelledError: a setting, of it or of its policies, that the local edge would have to ignore.
    """
    config = answer["DistributionConfig"]
    found = list(problems)
    check(config, "", _DISTRIBUTION, found)
    geo = (config.get("Restrictions") or {}).get("GeoRestriction") or {}
    found.extend(["Restrictions.GeoRestriction"] if geo.get("RestrictionType", "none") != "none" else [])
    # Restrictions is always there and says "none" for nothing.
    found = [place for place in found if place != "Restrictions"]
    result = Distribution(
        id=answer["Id"],
        domain_name=answer["DomainName"],
        aliases=tuple(items(config.get("Aliases"))),
        enabled=config["Enabled"],
        origins={one["Id"]: _origin(one, found) for one in items(config["Origins"])},
        behaviors=tuple(_behavior(one, referred, found) for one in behaviors_of(config)),
        error_rules={one["ErrorCode"]: _error_rule(one, found) for one in items(config.get("CustomErrorResponses"))},
        cache_tag_header=(config.get("CacheTagConfig") or {}).get("HeaderName"),
        default_root_object=config.get("DefaultRootObject", ""),
    )
    if found:
        raise UnmodelledError(
            "; ".join(found), where={"distribution": answer["Id"]}, allowed="a distribution without it, on this machine"
        )
    return result


def _origin(one: Structure, problems: list[str]) -> Origin:
    place = f"Origins.{one['Id']}."
    check(one, place, _ORIGIN, problems)
    custom = one.get("CustomOriginConfig") or {}
    check(custom, f"{place}CustomOriginConfig.", _CUSTOM_ORIGIN, problems)
    shield = one.get("OriginShield") or {}
    return Origin(
        id=one["Id"],
        domain_name=one["DomainName"],
        path=one.get("OriginPath", ""),
        protocol_policy=custom.get("OriginProtocolPolicy", "https-only"),
        http_port=custom.get("HTTPPort", 80),
        https_port=custom.get("HTTPSPort", 443),
        custom_headers=tuple((sent["HeaderName"], sent["HeaderValue"]) for sent in items(one.get("CustomHeaders"))),
        shield_region=shield.get("OriginShieldRegion") if shield.get("Enabled") else None,
        connection_attempts=one.get("ConnectionAttempts", 3),
        connection_timeout=one.get("ConnectionTimeout", 10),
        read_timeout=custom.get("OriginReadTimeout", 30),
    )


def _behavior(one: Structure, referred: Referred, problems: list[str]) -> Behavior:
    place = f"behavior {one['PathPattern']} "
    check(one, place, _BEHAVIOR, problems)
    associations = items(one.get("FunctionAssociations"))
    problems.extend(f"{place}{a['EventType']} function" for a in associations if a["EventType"] != "viewer-request")
    arn = next((a["FunctionARN"] for a in associations if a["EventType"] == "viewer-request"), None)
    return Behavior(
        path_pattern=one["PathPattern"],
        origin_id=one["TargetOriginId"],
        viewer_protocol_policy=one["ViewerProtocolPolicy"],
        allowed_methods=frozenset(items(one["AllowedMethods"])),
        cached_methods=frozenset(items(one["AllowedMethods"]["CachedMethods"])),
        compress=one["Compress"],
        cache_policy=referred.cache_policies[one["CachePolicyId"]],
        origin_request_policy=referred.origin_request_policies.get(one.get("OriginRequestPolicyId", "")),
        response_headers_policy=referred.response_headers_policies.get(one.get("ResponseHeadersPolicyId", "")),
        viewer_request=referred.functions[arn] if arn else None,
    )


def _error_rule(one: Structure, problems: list[str]) -> ErrorRule:
    check(one, f"CustomErrorResponses.{one['ErrorCode']}.", _ERROR_RULE, problems)
    status = one.get("ResponseCode")
    return ErrorRule(
        one.get("ErrorCachingMinTTL", 10), int(status) if status else None, one.get("ResponsePagePath") or None
    )
