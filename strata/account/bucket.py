"""The bucket of the state: closed, versioned, encrypted, TLS only, and with a history that ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from strata.account.calls import AccountCallError, Call
from strata.account.part import ITSELF, ForeignThingError, Part, owned, require_owned, text
from strata.account.settings import TAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from strata.account.calls import Account
    from strata.account.settings import AccountSettings

#: How long a checkpoint that was overwritten can be brought back, and how many are kept for longer than that.
KEPT_DAYS: Final = 90
KEPT_VERSIONS: Final = 100
#: Without ACLs: what is written belongs to the account.
_OWNERSHIP: Final = "BucketOwnerEnforced"
_ABANDONED_UPLOAD_DAYS: Final = 7
#: CreateBucket takes no LocationConstraint for it.
_FIRST_REGION: Final = "us-east-1"
_ACCESS_BLOCK: Final = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_LIFECYCLE: Final = [
    {
        "ID": "history-ends",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": KEPT_DAYS, "NewerNoncurrentVersions": KEPT_VERSIONS},
        # Locks come and go; what is left of them is a marker each.
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABANDONED_UPLOAD_DAYS},
    }
]


def parts(account: Account, settings: AccountSettings, key_arn: str) -> Iterator[Part]:
    """Yield the parts of the bucket in the order in which they are settled: closed before anything else."""
    bucket = _Bucket(account, settings)
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn, "BucketKeyEnabled": True}
    policy = bucket_policy(settings)
    put = bucket.put
    yield bucket.part(ITSELF, wanted=True, read=bucket.exists, calls=[bucket.create()])
    yield bucket.tags_part()
    yield bucket.part(
        "public access",
        _ACCESS_BLOCK,
        bucket.public_access,
        [put("PutPublicAccessBlock", PublicAccessBlockConfiguration=_ACCESS_BLOCK)],
    )
    yield bucket.ownership_part()
    yield bucket.part("encryption", encryption, bucket.encryption, [put("PutBucketEncryption", **_encrypted(key_arn))])
    versioning = {"Status": "Enabled"}
    yield bucket.part(
        "versioning", versioning, bucket.versioning, [put("PutBucketVersioning", VersioningConfiguration=versioning)]
    )
    yield bucket.part("policy", policy, bucket.policy, [put("PutBucketPolicy", Policy=text(policy))])
    yield bucket.part(
        "lifecycle",
        _LIFECYCLE,
        bucket.lifecycle,
        [put("PutBucketLifecycleConfiguration", LifecycleConfiguration={"Rules": _LIFECYCLE})],
    )


def bucket_policy(settings: AccountSettings) -> dict[str, Any]:
    """Return the bucket's policy, which refuses plain HTTP and gives nobody a right."""
    arn = f"arn:{settings.partition}:s3:::{settings.bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def _encrypted(key_arn: str) -> dict[str, Any]:
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    rules = [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


class _Bucket:
    """The bucket as it is; a setting of one that is not there is None."""

    def __init__(self, account: Account, settings: AccountSettings) -> None:
        self._account = account
        self._settings = settings
        self._thing = f"bucket {settings.bucket}"

    def part(self, setting: str, wanted: Any, read: Callable[[], Any], calls: Sequence[Call]) -> Part:
        return Part(self._thing, setting, wanted, read, lambda _: calls)

    def tags_part(self) -> Part:
        return Part(
            self._thing,
            "tags",
            TAGS,
            self.wanted_tags,
            lambda _: [self.tag()],
            comes_with_thing=self._tags_come_with_it,
        )

    @property
    def _tags_come_with_it(self) -> bool:
        """Whether CreateBucket takes tags, which it does in the regions of the partition ``aws``."""
        return self._settings.partition == "aws"

    def ownership_part(self) -> Part:
        wanted = {"Rules": [{"ObjectOwnership": _OWNERSHIP}]}
        call = self.put("PutBucketOwnershipControls", OwnershipControls=wanted)
        return Part(self._thing, "ownership", wanted, self.ownership, lambda _: [call], comes_with_thing=True)

    def put(self, operation: str, **parameters: Any) -> Call:
        return Call("s3", operation, {"Bucket": self._settings.bucket, **parameters})

    def create(self) -> Call:
        configuration: dict[str, Any] = {"Tags": _tag_set(TAGS)} if self._tags_come_with_it else {}
        if self._settings.region != _FIRST_REGION:
            configuration["LocationConstraint"] = self._settings.region
        located = {"CreateBucketConfiguration": configuration} if configuration else {}
        return self.put("CreateBucket", ObjectOwnership=_OWNERSHIP, **located)

    def exists(self) -> bool | None:
        """Say whether the bucket is there.

        Raises:
            ForeignThingError: it is, and somebody else made it.
        """
        owner = self._settings.account_id
        try:
            found = self._account.ask(
                "s3", "HeadBucket", ("404", "NoSuchBucket"), Bucket=self._settings.bucket, ExpectedBucketOwner=owner
            )
        except AccountCallError as error:
            if error.code != "403":
                raise
            raise ForeignThingError(
                f"{self._thing} belongs to another account, or is closed to this identity",
                allowed="a bucket of this account, or a name that nobody has",
                next_command="strata account bootstrap --region ANOTHER-REGION",
            ) from None
        if found is None:
            return None
        tags = self._tags()
        # A run that ended right after it made the bucket, in a region where tags cannot come with it.
        if not owned(tags) and not self._is_empty():
            require_owned(self._thing, tags, "strata account bootstrap --region ANOTHER-REGION")
        return True

    def _is_empty(self) -> bool:
        answer = self._account.answer("s3", "ListObjectVersions", Bucket=self._settings.bucket, MaxKeys=1)
        return not answer.get("Versions") and not answer.get("DeleteMarkers")

    def _get(self, operation: str, missing: str) -> dict[str, Any] | None:
        return self._account.ask("s3", operation, ("NoSuchBucket", missing), Bucket=self._settings.bucket)

    def _tags(self) -> dict[str, str]:
        answer = self._get("GetBucketTagging", "NoSuchTagSet") or {"TagSet": []}
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def wanted_tags(self) -> dict[str, str] | None:
        found = {key: value for key, value in self._tags().items() if key in TAGS}
        return found or None

    def tag(self) -> Call:
        """Return the call that adds our tags to those that others have set: it replaces all of them."""
        return self.put("PutBucketTagging", Tagging={"TagSet": _tag_set({**self._tags(), **TAGS})})

    def public_access(self) -> Any:
        answer = self._get("GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration")
        return answer and answer["PublicAccessBlockConfiguration"]

    def ownership(self) -> Any:
        answer = self._get("GetBucketOwnershipControls", "OwnershipControlsNotFoundError")
        return answer and answer["OwnershipControls"]

    def encryption(self) -> Any:
        answer = self._get("GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError")
        if answer is None:
            return None
        rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
        by_default = rule["ApplyServerSideEncryptionByDefault"]
        return {**by_default, "BucketKeyEnabled": rule.get("BucketKeyEnabled", False)}

    def versioning(self) -> Any:
        answer = self._get("GetBucketVersioning", "")
        return {"Status": answer["Status"]} if answer and "Status" in answer else None

    def policy(self) -> Any:
        answer = self._get("GetBucketPolicy", "NoSuchBucketPolicy")
        return answer and json.loads(answer["Policy"])

    def lifecycle(self) -> Any:
        answer = self._get("GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration")
        return answer and answer["Rules"]


def _tag_set(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
