"""The planned distribution as a cache contract, so that the plan is judged by the rules that judge the contract."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from policy.plan import UNKNOWN
from strata.caching.classes import CACHE_TAG_HEADER, IDENTITY_HEADERS
from strata.caching.contract import (
    ACCEPT_ENCODINGS,
    DEFAULT_PATTERN,
    EVERYTHING,
    NOTHING,
    BehaviorContract,
    CacheContract,
    current_contract,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policy.plan import PlannedResource

DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
CACHE_POLICY: Final = "aws:cloudfront/cachePolicy:CachePolicy"
ORIGIN_REQUEST_POLICY: Final = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
#: AWS's own policies that a plan may name, the same in every account (CloudFront Developer Guide, "Use managed cache
#: policies" and "Use managed origin request policies").
_CACHING_DISABLED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_VIEWER_EXCEPT_HOST: Final = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
_BEHAVIORS: Final[Mapping[str, str]] = {
    "whitelist": "these",
    "none": "none",
    "all": "all",
    "allViewer": "all",
    "allExcept": "all",
    "allViewerAndWhitelistCloudFront": "all",
}


class UnresolvedError(Exception):
    """A behavior that cannot be judged; its text says why."""


def behaviors(distribution: PlannedResource) -> Sequence[Mapping[str, Any]]:
    """Return the planned cache behaviors, the default one last."""
    default = [{**block, "pathPattern": DEFAULT_PATTERN} for block in distribution.blocks("defaultCacheBehavior")]
    return [*distribution.blocks("orderedCacheBehaviors"), *default]


def selected(config: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """Return the names that a policy's block of a kind selects: ``headers``, ``cookies`` or ``queryStrings``."""
    block = config.get(f"{kind}Config") or {}
    chosen = _BEHAVIORS[block.get(f"{kind.removesuffix('s')}Behavior", "none")]
    listed = (block.get(kind) or {}).get("items") or ()
    return {"none": NOTHING, "all": EVERYTHING}.get(chosen) or (tuple(listed) if chosen == "these" else NOTHING)


def planned_contract(distribution: PlannedResource, behaviors_: Sequence[BehaviorContract]) -> CacheContract:
    """Return the contract that a planned distribution makes."""
    kept = {
        int(block["errorCode"]): int(block.get("errorCachingMinTtl") or 0)
        for block in distribution.blocks("customErrorResponses")
    }
    return CacheContract(IDENTITY_HEADERS, CACHE_TAG_HEADER, kept, tuple(behaviors_))


def planned_behaviors(
    distribution: PlannedResource, resources: Sequence[PlannedResource]
) -> Iterator[BehaviorContract | str]:
    """Yield each behavior as the plan makes it, or why it cannot be judged; one of unknown policies is left out."""
    agreed = {behavior.path_pattern: behavior for behavior in current_contract().behaviors}
    policies = {policy.id: policy for policy in resources if policy.type in {CACHE_POLICY, ORIGIN_REQUEST_POLICY}}
    for block in behaviors(distribution):
        pattern = str(block["pathPattern"])
        ids = (block.get("cachePolicyId"), block.get("originRequestPolicyId"))
        if UNKNOWN in ids or any(UNKNOWN in policies[id_].properties.values() for id_ in ids if id_ in policies):
            continue
        if pattern not in agreed:
            yield f"{pattern}: is not in the cache contract, so nobody said what its answers depend on"
            continue
        try:
            yield _behavior(agreed[pattern], block, policies)
        except UnresolvedError as error:
            yield f"{pattern}: {error}"


def _behavior(
    agreed: BehaviorContract, block: Mapping[str, Any], policies: Mapping[Any, PlannedResource]
) -> BehaviorContract:
    """Return a behavior with what is planned in place of what was agreed to."""
    return replace(
        agreed,
        allowed_methods=tuple(block.get("allowedMethods") or ()),
        cached_methods=tuple(block.get("cachedMethods") or ()),
        **_keyed(block.get("cachePolicyId"), policies),
        **_unkeyed(block.get("originRequestPolicyId"), policies),
    )


def _keyed(policy_id: Any, policies: Mapping[Any, PlannedResource]) -> Mapping[str, Any]:
    if policy_id == _CACHING_DISABLED:
        return {"max_ttl_seconds": 0}
    if policy_id not in policies:
        raise UnresolvedError(f"the cache policy {policy_id} is not of this stack, so its key cannot be told")
    policy = policies[policy_id]
    (key,) = policy.blocks("parametersInCacheKeyAndForwardedToOrigin")
    encodings = (key.get("enableAcceptEncodingBrotli"), key.get("enableAcceptEncodingGzip"))
    return {
        "min_ttl_seconds": int(policy.get("minTtl", 0)),
        "default_ttl_seconds": int(policy.get("defaultTtl", 86_400)),
        "max_ttl_seconds": int(policy.get("maxTtl", 31_536_000)),
        "keyed_headers": selected(key, "headers"),
        "keyed_query_strings": selected(key, "queryStrings"),
        "keyed_cookies": selected(key, "cookies"),
        "keyed_encodings": tuple(name for name, on in zip(ACCEPT_ENCODINGS, encodings, strict=True) if on),
    }


def _unkeyed(policy_id: Any, policies: Mapping[Any, PlannedResource]) -> Mapping[str, Any]:
    kinds = {"unkeyed_headers": "headers", "unkeyed_query_strings": "queryStrings", "unkeyed_cookies": "cookies"}
    if not policy_id:
        return dict.fromkeys(kinds, NOTHING)
    if policy_id == _ALL_VIEWER_EXCEPT_HOST:
        return dict.fromkeys(kinds, EVERYTHING)
    if policy_id not in policies:
        raise UnresolvedError(f"the origin request policy {policy_id} is not of this stack, so nobody knows its inputs")
    return {name: selected(policies[policy_id].properties, kind) for name, kind in kinds.items()}
