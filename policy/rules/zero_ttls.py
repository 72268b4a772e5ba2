"""Zero TTLs: the origin opts in to caching, answer by answer.

A minimum TTL above 0 keeps what an origin said not to keep, and a default TTL keeps what it said nothing about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy.plan import PlannedResource


def _check(resource: PlannedResource, _stack: str) -> Iterator[str]:
    if resource.type == "aws:cloudfront/cachePolicy:CachePolicy":
        # CloudFront's own default is a day, so a policy that says nothing keeps everything.
        yield from _above_zero({"minTtl": resource.get("minTtl", 0), "defaultTtl": resource.get("defaultTtl", 86_400)})
    if resource.type == "aws:cloudfront/distribution:Distribution":
        for behavior in [*resource.blocks("defaultCacheBehavior"), *resource.blocks("orderedCacheBehaviors")]:
            if not behavior.get("cachePolicyId"):
                yield f"{behavior.get('pathPattern', '*')}: has no cache policy, and is then kept for a day"


def _above_zero(ttls: Mapping[str, Any]) -> Iterator[str]:
    for name, seconds in ttls.items():
        if isinstance(seconds, int | float) and seconds > 0:
            yield f"{name} is {seconds:g} seconds, so the edge decides instead of the origin; allowed: 0"


RULE = ResourceRule(
    name="zero-ttls",
    description="The edge keeps only what the origin says may be kept: minimum and default TTL are 0.",
    remedy="change how long an answer is kept in strata/caching/classes.py (s-maxage), never in a policy's minimum",
    check=_check,
)
