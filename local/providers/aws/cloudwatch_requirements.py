"""What a log delivery needs to be there, and to be let in: AWS asks, the emulator does not."""

from __future__ import annotations

import re
from typing import Any

from local.providers.aws import policy_documents
from local.providers.aws.calls import call, find
from local.providers.resource import ProviderError

DISTRIBUTION = re.compile(r"arn:aws:cloudfront::\d{12}:distribution/(\w+)")
BUCKET = re.compile(r"arn:aws:s3:::([a-z0-9.-]+)(/.*)?")
_DELIVERY_SERVICE = "delivery.logs.amazonaws.com"


def refuse_in_use(client: Any, what: str, name: str, value: Any) -> None:
    """Refuse to go on while a delivery has this value under this name."""
    deliveries = call("listing deliveries", client.describe_deliveries)["deliveries"]
    users = [delivery["id"] for delivery in deliveries if delivery[name] == value]
    if users:
        raise ProviderError(f"{what}: ConflictException: used by the delivery {', '.join(sorted(users))}")


def require_distribution(provider: Any, arn: str) -> None:
    """Refuse a distribution that does not exist."""
    matched = DISTRIBUTION.fullmatch(arn)
    identifier = matched.group(1) if matched else arn
    client = provider.client("cloudfront")
    if find("reading distribution", client.get_distribution_config, Id=identifier) is None:
        raise ProviderError(f"delivery source: resourceArn: ResourceNotFoundException: {arn} does not exist")


def require_bucket(provider: Any, what: str, arn: str) -> None:
    """Refuse a bucket that does not exist."""
    matched = BUCKET.fullmatch(arn)
    name = matched.group(1) if matched else arn
    if find("reading bucket", provider.client("s3").head_bucket, Bucket=name) is None:
        raise ProviderError(f"{what}: destinationResourceArn: no bucket has the name {name}")


def require_admission(provider: Any, arn: str) -> None:
    """Refuse a bucket or key whose policy does not let the delivery service in.

    AWS would write the bucket policy itself where the caller may, and so undo the one that the stack owns
    (CloudWatch Logs User Guide, "Enable logging from AWS services": resource policies of the destination).
    """
    bucket = arn.removeprefix("arn:aws:s3:::").partition("/")[0]
    client = provider.client("s3")
    policy = find("reading bucket policy", client.get_bucket_policy, Bucket=bucket)
    target = f"arn:aws:s3:::{bucket}/AWSLogs/{provider.account_id}/CloudFront/x"
    if policy is None or not policy_documents.admits(policy["Policy"], _DELIVERY_SERVICE, "s3:PutObject", target):
        raise ProviderError(
            f"delivery: AccessDeniedException: the policy of bucket {bucket} does not allow {_DELIVERY_SERVICE} "
            "s3:PutObject; write the policy first and let the delivery depend on it"
        )
    _require_key_admission(provider, bucket)


def _require_key_admission(provider: Any, bucket: str) -> None:
    answer = call("reading bucket encryption", provider.client("s3").get_bucket_encryption, Bucket=bucket)
    rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
    key = rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID")
    if not key:
        return
    region = key.split(":")[3] if key.startswith("arn:") else None
    client = provider.client("kms", region)
    policy = call("reading key policy", client.get_key_policy, KeyId=key, PolicyName="default")["Policy"]
    if not policy_documents.admits(policy, _DELIVERY_SERVICE, "kms:GenerateDataKey", "*"):
        raise ProviderError(
            f"delivery: AccessDeniedException: the policy of key {key} does not allow {_DELIVERY_SERVICE} "
            "kms:GenerateDataKey*; write the policy first and let the delivery depend on it"
        )
