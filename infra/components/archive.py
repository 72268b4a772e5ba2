"""Where the rows of tenants that leave are kept."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.components.closed_bucket import ClosedBucket, ClosedBucketArgs

_ABANDONED_UPLOAD_DAYS: Final = 7


@dataclass(frozen=True)
class ArchiveArgs:
    """Inputs of `Archive`.

    Args:
        stack: the stack's name, a part of the key's.
        protect: whether the engine refuses to delete the bucket and the key without which nobody can read it.
    """

    stack: str
    protect: bool


class Archive(pulumi.ComponentResource):
    """A closed bucket that keeps every version: an archive that is overwritten can be brought back.

    Outputs: ``bucket_name`` and ``key_arn``.
    """

    bucket_name: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:Archive", name, None, opts)
        closed = ClosedBucket(
            name,
            ClosedBucketArgs(alias=f"strata-{args.stack}-archive", versioned=True, protect=args.protect),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._forget_abandoned_uploads(closed)
        self.bucket_name = closed.bucket_name
        self.key_arn = closed.key_arn
        self.register_outputs({"bucket_name": self.bucket_name, "key_arn": self.key_arn})

    def _forget_abandoned_uploads(self, closed: ClosedBucket) -> None:
        """Abort multipart uploads that nobody completed: they cost as much as objects, and no list shows them.

        The library's parts are whole objects, one upload each, and stay: a run that was killed goes on behind them.
        """
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="abandoned-uploads",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            abort_incomplete_multipart_upload=(
                aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=_ABANDONED_UPLOAD_DAYS
                )
            ),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=closed.bucket_name,
            rules=[rule],
            opts=pulumi.ResourceOptions(parent=self),
        )
