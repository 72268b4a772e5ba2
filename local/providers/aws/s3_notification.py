"""What an S3 bucket tells others about its objects: EventBridge only, which needs no policy of a receiver."""

from __future__ import annotations

from typing import Any

from local.providers.aws.calls import find
from local.providers.aws.s3_settings import BucketSetting
from local.providers.resource import UNKNOWN, CheckFailure, Properties


class BucketNotification(BucketSetting):
    """``aws:s3/bucketNotification:BucketNotification``."""

    token = "aws:s3/bucketNotification:BucketNotification"  # noqa: S105 - a type token, no secret
    noun = "bucket_notification_configuration"
    modelled = frozenset({"bucket", "eventbridge"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return a notification that tells nobody."""
        del provider
        if inputs.get("eventbridge") in (True, UNKNOWN):
            return []
        return [CheckFailure("eventbridge", "is not true, and no other receiver is modelled; allowed: true")]

    def request(self, inputs: Properties) -> Properties:
        """Return the one receiver."""
        del inputs
        return {"NotificationConfiguration": {"EventBridgeConfiguration": {}}}

    def mirrored(self, answer: Properties, state: Properties) -> Properties | None:
        """Return the receiver; every bucket answers, and one that tells nobody has no such setting."""
        del state
        return {"eventbridge": True} if "EventBridgeConfiguration" in answer else None

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Put a configuration without receivers: S3 has no call that removes it (API reference)."""
        client = provider.client("s3", state.get("region"))
        what = f"deleting {self.label(resource_id)}"
        find(what, client.put_bucket_notification_configuration, Bucket=resource_id, NotificationConfiguration={})
