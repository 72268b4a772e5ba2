"""The distribution's access logs: delivered by CloudWatch (standard logging v2) into a bucket without ACLs.

CloudFront's own older logging needs a bucket with ACLs, which S3 advises against and scanners refuse.
The delivery service writes as itself, so the bucket's policy and the key's admit it: for this account, and for this
delivery source only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.aws_provider import CLOUDFRONT_REGION
from infra.components.closed_bucket import ClosedBucket, ClosedBucketArgs
from infra.components.policy_document import Statement

_DELIVERY_SERVICE: Final = "delivery.logs.amazonaws.com"
_ABANDONED_UPLOAD_DAYS: Final = 7
_DELETED_RECORD_DAYS: Final = 7
#: Where a record lands below ``AWSLogs/<account>/CloudFront/``.
_SUFFIX_PATH: Final = "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}"
#: Fields of a record (CloudFront Developer Guide, "Standard logging (v2)"). Left out, because they carry tokens and
#: personal data: ``cs(Cookie)``, ``cs-uri-query``, ``cs(Referer)``.
RECORD_FIELDS: Final = (
    "date",
    "time",
    "timestamp(ms)",
    "x-edge-location",
    "x-edge-request-id",
    "x-edge-result-type",
    "x-edge-response-result-type",
    "x-edge-detailed-result-type",
    "cache-behavior-path-pattern",
    "viewer-request-log-data",
    "cs-method",
    "cs(Host)",
    "x-host-header",
    "cs-uri-stem",
    "cs-protocol",
    "cs-protocol-version",
    "cs(User-Agent)",
    "cs-bytes",
    "sc-status",
    "sc-bytes",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
    "time-taken",
    "time-to-first-byte",
    "origin-fbl",
    "origin-lbl",
    "c-ip",
    "c-port",
    "c-country",
    "asn",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
)


@dataclass(frozen=True)
class AccessLogsArgs:
    """Inputs of `AccessLogs`.

    Args:
        stack: the stack's name, a part of names.
        distribution_arn: the distribution whose requests are logged.
        retention_days: after how many days a record is deleted.
    """

    stack: str
    distribution_arn: pulumi.Input[str]
    retention_days: int


class AccessLogs(pulumi.ComponentResource):
    """Access logs in S3, one JSON object per request.

    Outputs: ``bucket_name``.
    """

    bucket_name: pulumi.Output[str]

    def __init__(self, name: str, args: AccessLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:AccessLogs", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._names = f"strata-{args.stack}-access-logs"
        self._account_id = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=self)).account_id
        source = self._make_source(args)
        closed = self._make_bucket(source)
        self._expire(closed, args.retention_days)
        self._deliver(source, closed)
        self.bucket_name = closed.bucket_name
        self.register_outputs({"bucket_name": self.bucket_name})

    def _make_source(self, args: AccessLogsArgs) -> aws.cloudwatch.LogDeliverySource:
        return aws.cloudwatch.LogDeliverySource(
            f"{self._name}-source",
            name=self._names,
            log_type="ACCESS_LOGS",
            resource_arn=args.distribution_arn,
            region=CLOUDFRONT_REGION,
            opts=self._child,
        )

    def _make_bucket(self, source: aws.cloudwatch.LogDeliverySource) -> ClosedBucket:
        may_encrypt = {
            "Sid": "LogDeliveryUsesKey",
            "Effect": "Allow",
            "Principal": {"Service": _DELIVERY_SERVICE},
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": self._only_from(source),
        }
        return ClosedBucket(
            self._name,
            ClosedBucketArgs(
                alias=self._names,
                versioned=True,
                key_statements=[may_encrypt],
                bucket_statements=lambda bucket_arn: self._may_write(bucket_arn, source),
            ),
            opts=self._child,
        )

    def _may_write(
        self, bucket_arn: pulumi.Output[str], source: aws.cloudwatch.LogDeliverySource
    ) -> Sequence[Statement]:
        condition = self._only_from(source)
        owned = {"s3:x-amz-acl": "bucket-owner-full-control"}
        return [
            {
                "Sid": "LogDeliveryWrites",
                "Effect": "Allow",
                "Principal": {"Service": _DELIVERY_SERVICE},
                "Action": "s3:PutObject",
                "Resource": pulumi.Output.format("{0}/AWSLogs/{1}/CloudFront/*", bucket_arn, self._account_id),
                "Condition": {**condition, "StringEquals": {**condition["StringEquals"], **owned}},
            }
        ]

    def _only_from(self, source: aws.cloudwatch.LogDeliverySource) -> dict[str, Any]:
        """Return the condition that only this account's delivery source meets."""
        return {
            "StringEquals": {"aws:SourceAccount": self._account_id},
            "ArnEquals": {"aws:SourceArn": source.arn},
        }

    def _expire(self, closed: ClosedBucket, retention_days: int) -> None:
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="expire",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=retention_days),
            # A record that somebody deleted can be brought back for a week; then it is gone, as the retention says.
            noncurrent_version_expiration=(
                aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                    noncurrent_days=_DELETED_RECORD_DAYS
                )
            ),
            abort_incomplete_multipart_upload=(
                aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=_ABANDONED_UPLOAD_DAYS
                )
            ),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-expiry", bucket=closed.bucket_name, rules=[rule], opts=self._child
        )

    def _deliver(self, source: aws.cloudwatch.LogDeliverySource, closed: ClosedBucket) -> None:
        destination = aws.cloudwatch.LogDeliveryDestination(
            f"{self._name}-destination",
            name=self._names,
            output_format="json",
            delivery_destination_configuration=(
                aws.cloudwatch.LogDeliveryDestinationDeliveryDestinationConfigurationArgs(
                    destination_resource_arn=closed.arn
                )
            ),
            region=CLOUDFRONT_REGION,
            opts=self._child,
        )
        aws.cloudwatch.LogDelivery(
            f"{self._name}-delivery",
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            record_fields=list(RECORD_FIELDS),
            s3_delivery_configurations=[
                aws.cloudwatch.LogDeliveryS3DeliveryConfigurationArgs(
                    suffix_path=_SUFFIX_PATH, enable_hive_compatible_path=False
                )
            ],
            region=CLOUDFRONT_REGION,
            # Without them the delivery is accepted, and its records are lost.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=list(closed.policies))),
        )
