"""Log expiry: a bucket that logs are delivered to deletes them one day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policy.rule import StackRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy.plan import PlannedResource

_DESTINATION: Final = "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination"
_LIFECYCLE: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


def _check(resources: Sequence[PlannedResource]) -> Iterator[tuple[PlannedResource, str]]:
    expiring = {
        urn
        for lifecycle in resources
        if lifecycle.type == _LIFECYCLE and any(_expires(lifecycle))
        for urn in lifecycle.sources.get("bucket", ())
    }
    for destination in resources:
        if destination.type == _DESTINATION:
            buckets = destination.sources.get("deliveryDestinationConfiguration", ())
            if not expiring.intersection(buckets):
                yield destination, "the bucket keeps its logs for ever; allowed: a lifecycle rule that expires them"


def _expires(lifecycle: PlannedResource) -> Iterator[bool]:
    for rule in lifecycle.blocks("rules"):
        days = (rule.get("expiration") or {}).get("days") or 0
        yield rule.get("status") == "Enabled" and days != 0


RULE = StackRule(
    name="log-expiry",
    description="A bucket that logs are delivered to expires them.",
    remedy="set accessLogs.retentionDays in the stack file",
    check=_check,
)
