"""A bucket that nobody reaches from outside: encrypted with a key of its own, no ACLs, TLS only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.encryption_key import EncryptionKeyArgs, encryption_key
from infra.components.policy_document import Statement, policy_document


def _no_statements(_bucket_arn: pulumi.Output[str]) -> Sequence[Statement]:
    return ()


@dataclass(frozen=True)
class ClosedBucketArgs:
    """Inputs of `ClosedBucket`.

    Args:
        alias: name of the key, without ``alias/``.
        versioned: whether an overwritten or deleted object is kept.
        protect: whether the engine refuses to delete the bucket and its key.
        key_statements: what the key's policy says beside the account's own rights.
        bucket_statements: what the bucket's policy says beside TLS only, from the bucket's ARN.
    """

    alias: str
    versioned: bool = False
    protect: bool = False
    key_statements: Sequence[Statement] = ()
    bucket_statements: Callable[[pulumi.Output[str]], Sequence[Statement]] = _no_statements


class ClosedBucket(pulumi.ComponentResource):
    """A bucket with its key, its policies and the locks that S3 has.

    Outputs: ``bucket_name``, ``arn``, ``key_arn``, and ``policies``, the resources that let others in: what relies on
    them depends on them.
    """

    bucket_name: pulumi.Output[str]
    arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    policies: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: ClosedBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:ClosedBucket", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        key = encryption_key(
            f"{name}-key", EncryptionKeyArgs(args.alias, f"Encrypts the bucket {name}", args.key_statements), kept
        )
        bucket = aws.s3.Bucket(f"{name}-bucket", opts=kept)
        access_block = self._close(bucket)
        self._encrypt(bucket, key)
        self._announce(bucket)
        if args.versioned:
            self._keep_versions(bucket)
        policy = self._make_policy(bucket, args, access_block)
        self.bucket_name = bucket.bucket
        self.arn = bucket.arn
        self.key_arn = key.arn
        self.policies = [policy, key]
        self.register_outputs({"bucket_name": self.bucket_name, "arn": self.arn, "key_arn": self.key_arn})

    def _close(self, bucket: aws.s3.Bucket) -> aws.s3.BucketPublicAccessBlock:
        aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._child,
        )
        return aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )

    def _encrypt(self, bucket: aws.s3.Bucket, key: aws.kms.Key) -> None:
        by_default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms", kms_master_key_id=key.arn
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=by_default, bucket_key_enabled=True
                )
            ],
            opts=self._child,
        )

    def _announce(self, bucket: aws.s3.Bucket) -> None:
        """Tell EventBridge of every object that is made or deleted, at no charge: a rule there can page somebody."""
        aws.s3.BucketNotification(f"{self._name}-events", bucket=bucket.bucket, eventbridge=True, opts=self._child)

    def _keep_versions(self, bucket: aws.s3.Bucket) -> None:
        aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self._child,
        )

    def _make_policy(
        self, bucket: aws.s3.Bucket, args: ClosedBucketArgs, access_block: aws.s3.BucketPublicAccessBlock
    ) -> aws.s3.BucketPolicy:
        tls_only = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket.arn, pulumi.Output.format("{0}/*", bucket.arn)],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=bucket.bucket,
            policy=policy_document([tls_only, *args.bucket_statements(bucket.arn)]),
            # S3 refuses two changes of one bucket's access at a time (OperationAborted).
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[access_block])),
        )
