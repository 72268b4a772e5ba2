"""Where the rows of tenants that leave are kept."""

from dataclasses import dataclass

import pulumi

from infra.components.closed_bucket import ClosedBucket, ClosedBucketArgs


@dataclass(frozen=True)
class ArchiveArgs:
    """Inputs of `Archive`.

    Args:
        stack: the stack's name, a part of the key's.
    """

    stack: str


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
            ClosedBucketArgs(alias=f"strata-{args.stack}-archive", versioned=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket_name = closed.bucket_name
        self.key_arn = closed.key_arn
        self.register_outputs({"bucket_name": self.bucket_name, "key_arn": self.key_arn})
