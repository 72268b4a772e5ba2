"""Log retention: logs are kept as long as somebody decided, and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy.plan import PlannedResource

#: Ten years: what is kept longer is an archive, and belongs into one.
_MOST_DAYS: Final = 3_653


def _check(resource: PlannedResource, _stack: str) -> Iterator[str]:
    if resource.type == "aws:cloudwatch/logGroup:LogGroup":
        days = resource.get("retentionInDays", 0)
        if days == 0:
            yield f"retentionInDays is not set, so its logs are kept for ever; allowed: 1 to {_MOST_DAYS}"
    if resource.type == "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration":
        for rule in resource.blocks("rules"):
            if rule.get("expiration") and rule.get("status") != "Enabled":
                yield f"the rule {rule.get('id')} is {rule.get('status')}, so nothing expires; allowed: Enabled"


RULE = ResourceRule(
    name="log-retention",
    description="Every log group says how long its logs are kept.",
    remedy="set retentionInDays; for access logs accessLogs.retentionDays in the stack file",
    check=_check,
)
