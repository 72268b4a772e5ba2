"""Closed buckets: S3 keeps a bucket's locks in resources of their own, and one that is missing is an open door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policy.rule import StackRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy.plan import PlannedResource

BUCKET: Final = "aws:s3/bucket:Bucket"
#: What every bucket has beside it, and what it is without.
_LOCKS: Final = {
    "BucketServerSideEncryptionConfiguration": "is not encrypted with a key of ours",
    "BucketPublicAccessBlock": "may be opened to the public",
    "BucketOwnershipControls": "has ACLs",
    "BucketPolicy": "takes requests without TLS",
}


def _check(resources: Sequence[PlannedResource]) -> Iterator[tuple[PlannedResource, str]]:
    locked = {
        (urn, resource.type.rpartition(":")[2]) for resource in resources for urn in resource.sources.get("bucket", ())
    }
    for bucket in resources:
        if bucket.type == BUCKET:
            for lock, otherwise in _LOCKS.items():
                if (bucket.urn, lock) not in locked:
                    yield bucket, f"the bucket {otherwise}: it has no {lock}"


RULE = StackRule(
    name="closed-buckets",
    description="Every bucket has its encryption, its public access block, its ownership controls and its policy.",
    remedy="make the bucket with infra/components/closed_bucket.py",
    check=_check,
)
