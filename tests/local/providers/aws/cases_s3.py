"""S3: buckets and what stands on them."""

import json

from tests.local.providers.aws.cases_kms import key_arn
from tests.local.providers.conformance import Case, World

BUCKET = "aws:s3/bucket:Bucket"


def bucket_name(world: World) -> str:
    return world.create(BUCKET, {"bucket": world.unique("bucket"), "forceDestroy": True}).id


def other_bucket(world: World) -> dict[str, str]:
    other = world.create(BUCKET, {"bucket": world.unique("other-bucket")}, "other-bucket").id
    return {"bucket": other}


def tls_only(bucket: str, **more: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _encrypted_by_key(world: World) -> dict[str, object]:
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key_arn(world)}
    return {"rules": [{"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}]}


CASES = [
    Case(
        token=BUCKET,
        inputs={"tags": {"Name": "logs"}},
        updates=[
            {"tags": {"Name": "logs", "team": "platform"}},
            {"tags": None},
            {"forceDestroy": True},
            {"forceDestroy": None},
        ],
        replacements=[{"bucket": "another-name-of-a-bucket"}],
    ),
    Case(
        token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        inputs=lambda world: {"bucket": bucket_name(world), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        updates=[{"rule": {"objectOwnership": "BucketOwnerPreferred"}}],
        replacements=[other_bucket],
    ),
    Case(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        inputs=lambda world: {"bucket": bucket_name(world), "blockPublicAcls": True},
        updates=[
            {"blockPublicPolicy": True, "ignorePublicAcls": True},
            {"restrictPublicBuckets": True, "ignorePublicAcls": None},
            {"blockPublicAcls": False},
        ],
        replacements=[other_bucket],
    ),
    Case(
        token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        inputs=lambda world: {
            "bucket": bucket_name(world),
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}, "bucketKeyEnabled": True}],
        },
        updates=[_encrypted_by_key],
        replacements=[other_bucket],
        stays="every bucket is encrypted: without a configuration by S3's own AES256",
    ),
    Case(
        token="aws:s3/bucketVersioning:BucketVersioning",
        inputs=lambda world: {"bucket": bucket_name(world), "versioningConfiguration": {"status": "Enabled"}},
        updates=[{"versioningConfiguration": {"status": "Suspended"}}],
        replacements=[other_bucket],
        stays="S3 can suspend versioning, not remove it",
    ),
    Case(
        token="aws:s3/bucketPolicy:BucketPolicy",
        inputs=lambda world: {"bucket": bucket_name(world), "policy": tls_only(bucket_name(world))},
        updates=[lambda world: {"policy": tls_only(bucket_name(world), Sid="TlsOnly")}],
        replacements=[other_bucket],
    ),
    Case(
        token="aws:s3/bucketNotification:BucketNotification",
        inputs=lambda world: {"bucket": bucket_name(world), "eventbridge": True},
        replacements=[other_bucket],
        excused={"eventbridge": "it is true, or the resource is not there"},
    ),
    Case(
        token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        inputs=lambda world: {
            "bucket": bucket_name(world),
            "rules": [{"id": "expire", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 90}}],
        },
        updates=[
            {
                "rules": [
                    {
                        "id": "expire",
                        "status": "Enabled",
                        "filter": {"and": {"prefix": "AWSLogs/", "objectSizeGreaterThan": 1024}},
                        "expiration": {"days": 90},
                        "transitions": [{"days": 30, "storageClass": "GLACIER_IR"}],
                    },
                    {
                        "id": "versions",
                        "status": "Enabled",
                        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                        "expiration": {"expiredObjectDeleteMarker": True},
                        "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 3},
                        "noncurrentVersionTransitions": [{"noncurrentDays": 7, "storageClass": "STANDARD_IA"}],
                    },
                    {
                        "id": "temporary",
                        "status": "Disabled",
                        "filter": {"tag": {"key": "kind", "value": "temporary"}},
                        "expiration": {"days": 1},
                    },
                ]
            },
            {"rules": [{"id": "one", "status": "Enabled", "expiration": {"days": 1}}]},
        ],
        replacements=[other_bucket],
    ),
]
