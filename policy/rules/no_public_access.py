"""No public access: nothing of the data layer is reached from the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy.plan import PlannedResource


def _check(resource: PlannedResource, _stack: str) -> Iterator[str]:
    if resource.type == "aws:rds/instance:Instance" and resource.get("publiclyAccessible", False) is not False:
        yield "publiclyAccessible is not false; allowed: false"


RULE = ResourceRule(
    name="no-public-access",
    description="Nothing of the data layer is reached from the internet.",
    remedy="Keep instances in private subnets and buckets behind their public access block; name security groups.",
    check=_check,
)
