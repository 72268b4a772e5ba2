"""S3: the bucket itself; what stands on one is in the files beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.aws.calls import call, find
from local.providers.aws.s3_lifecycle import BucketLifecycleConfiguration
from local.providers.aws.s3_notification import BucketNotification
from local.providers.aws.s3_settings import (
    BucketOwnershipControls,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketVersioning,
)
from local.providers.aws.tags import as_list, as_map
from local.providers.resource import Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator

# S3 User Guide, "General purpose bucket naming rules".
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
# AWS General Reference, "Amazon S3 website endpoints": the zone of each region.
_HOSTED_ZONES = {
    "ap-northeast-1": "Z2M4EHUR26P7ZW",
    "ap-northeast-2": "Z3W03O7B5YMIYP",
    "ap-south-1": "Z11RGJOFQNVJUP",
    "ap-southeast-1": "Z3O0J2DXBE1FTB",
    "ap-southeast-2": "Z1WCIGYICN2BYD",
    "ca-central-1": "Z1QDHH18159H29",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-north-1": "Z3BAZG2TWCNX0D",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "sa-east-1": "Z7KQH4QJS55SO",
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
}


class Bucket(ResourceType):
    """``aws:s3/bucket:Bucket``; its id is its name."""

    token = "aws:s3/bucket:Bucket"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"bucket", "forceDestroy", "tags"})
    autoname = Autoname("bucket", max_length=63, lower=True)
    defaults: ClassVar = {"forceDestroy": False}
    replaces: ClassVar = {"bucket": "Terraform registry, aws_s3_bucket: bucket forces a new resource"}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken naming rules."""
        del provider
        name = inputs.get("bucket")
        return [CheckFailure("bucket", reason) for reason in _name_failures(name)] if isinstance(name, str) else []

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the bucket in its region; a name that is taken is refused, the account's own too."""
        name, region = inputs["bucket"], inputs.get("region") or provider.region
        client = provider.client("s3", region)
        # In us-east-1 CreateBucket of one's own bucket succeeds; another account's is refused everywhere.
        if name in [bucket["Name"] for bucket in call("listing buckets", client.list_buckets)["Buckets"]]:
            raise ProviderError(f"creating bucket {name}: BucketAlreadyOwnedByYou: the account has it already")
        # CreateBucket: us-east-1 is the one region that must not be named.
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        call(f"creating bucket {name}", client.create_bucket, Bucket=name, **place)
        self._tag(client, name, provider.tags(inputs))
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live bucket."""
        client = provider.client("s3", state.get("region"))
        if find(f"reading bucket {resource_id}", client.head_bucket, Bucket=resource_id) is None:
            return None
        location = call(f"locating bucket {resource_id}", client.get_bucket_location, Bucket=resource_id)
        region = location.get("LocationConstraint") or "us-east-1"
        tagging = find(f"reading tags of {resource_id}", client.get_bucket_tagging, Bucket=resource_id)
        zone = {"hostedZoneId": _HOSTED_ZONES[region]} if region in _HOSTED_ZONES else {}
        return {
            "arn": f"arn:aws:s3:::{resource_id}",
            "bucket": resource_id,
            "bucketDomainName": f"{resource_id}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{resource_id}.s3.{region}.amazonaws.com",
            "tags": as_map(tagging["TagSet"]) if tagging else {},
            **zone,
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Bring the tags in line; `forceDestroy` is the program's own and needs no call."""
        del old
        self._tag(provider.client("s3", new.get("region")), resource_id, provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the bucket; one that holds objects only with `forceDestroy`, which deletes every version first."""
        client = provider.client("s3", state.get("region"))
        if find(f"reading bucket {resource_id}", client.head_bucket, Bucket=resource_id) is None:
            return
        if state.get("forceDestroy"):
            for batch in _versions(client, resource_id):
                call(f"emptying {resource_id}", client.delete_objects, Bucket=resource_id, Delete={"Objects": batch})
        elif next(_versions(client, resource_id), None):
            raise ProviderError(
                f"deleting bucket {resource_id}: BucketNotEmpty: it holds objects or versions; "
                "empty it, or set forceDestroy, run an update, and delete it then"
            )
        call(f"deleting bucket {resource_id}", client.delete_bucket, Bucket=resource_id)

    @staticmethod
    def _tag(client: Any, name: str, wanted: dict[str, str]) -> None:
        if wanted:
            tagging = {"TagSet": as_list(wanted)}
            call(f"tagging bucket {name}", client.put_bucket_tagging, Bucket=name, Tagging=tagging)
        else:
            call(f"untagging bucket {name}", client.delete_bucket_tagging, Bucket=name)


def _versions(client: Any, bucket: str) -> Iterator[list[Properties]]:
    """Return batches of what a bucket holds, delete markers too; a batch is at most what DeleteObjects takes."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        items = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if items:
            yield [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in items]


def _name_failures(name: str) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"{name!r} is not a bucket name: 3 to 63 of a-z 0-9 . and -, with a letter or digit at both ends"
    if ".." in name or _IP_ADDRESS.fullmatch(name):
        yield f"{name!r} has two dots in a row or looks like an IP address"
    if name.startswith(_PREFIXES) or name.endswith(_SUFFIXES):
        yield f"{name!r} has a prefix or suffix that S3 keeps to itself"


RESOURCES = (
    Bucket,
    BucketLifecycleConfiguration,
    BucketNotification,
    BucketOwnershipControls,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketVersioning,
)
FUNCTIONS = ()
