"""What every bucket of a stack is held to, and what its key and policy say."""

import json

import pulumi

from infra.components.archive import Archive, ArchiveArgs
from infra.components.closed_bucket import ClosedBucket, ClosedBucketArgs


def closed(record, **args):
    return record(lambda: [ClosedBucket("logs", ClosedBucketArgs(alias="strata-dev-logs", **args)).bucket_name])


def statements(resource) -> dict[str, dict]:
    return {statement["Sid"]: statement for statement in json.loads(resource.inputs["policy"])["Statement"]}


def test_a_bucket_is_closed_in_every_way_that_s3_has(record):
    made = closed(record)
    access = made.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert {access[key] for key in access if key != "bucket"} == {True}
    assert len(access) == 5
    ownership = made.one("aws:s3/bucketOwnershipControls:BucketOwnershipControls").inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert "acl" not in made.one("aws:s3/bucket:Bucket").inputs


def test_a_bucket_is_encrypted_with_a_rotated_key_of_its_own(record):
    made = closed(record)
    key = made.one("aws:kms/key:Key")
    assert key.inputs["enableKeyRotation"] is True
    (rule,) = made.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration").inputs[
        "rules"
    ]
    assert rule["bucketKeyEnabled"] is True
    assert rule["applyServerSideEncryptionByDefault"] == {
        "sseAlgorithm": "aws:kms",
        "kmsMasterKeyId": "arn:aws:mock:eu-central-1:123456789012:logs-key",
    }
    assert list(statements(key)) == ["AccountAdministersKey"]
    assert statements(key)["AccountAdministersKey"]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert made.one("aws:kms/alias:Alias").inputs["name"] == "alias/strata-dev-logs"


def test_a_bucket_refuses_requests_without_tls(record):
    deny = statements(closed(record).one("aws:s3/bucketPolicy:BucketPolicy"))["TlsOnly"]
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", "s3:*")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    arn = "arn:aws:mock:eu-central-1:123456789012:logs-bucket"
    assert deny["Resource"] == [arn, f"{arn}/*"]


def test_more_statements_stand_beside_the_bucket_s_own(record):
    made = closed(
        record,
        key_statements=[{"Sid": "MoreKey"}],
        bucket_statements=lambda arn: [{"Sid": "MoreBucket", "Resource": pulumi.Output.format("{0}/x", arn)}],
    )
    assert "MoreKey" in statements(made.one("aws:kms/key:Key"))
    more = statements(made.one("aws:s3/bucketPolicy:BucketPolicy"))["MoreBucket"]
    assert more["Resource"] == "arn:aws:mock:eu-central-1:123456789012:logs-bucket/x"


def test_only_a_versioned_bucket_keeps_versions(record):
    assert not closed(record).all("aws:s3/bucketVersioning:BucketVersioning")


def test_the_archive_keeps_versions(record):
    made = record(lambda: [Archive("archive", ArchiveArgs("dev", protect=True)).bucket_name])
    versioning = made.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    assert made.one("aws:kms/alias:Alias").inputs["name"] == "alias/strata-dev-archive"
    assert made.result == ["archive-bucket-0a1b2c3"]


def test_the_archive_and_its_key_cannot_be_deleted_by_a_mistake(record):
    made = record(lambda: [Archive("archive", ArchiveArgs("prod", protect=True)).bucket_name])
    kept = {one.name for one in made.resources if one.request.protect}
    assert kept == {"archive-bucket", "archive-key"}


def test_abandoned_uploads_of_the_archive_are_deleted_and_archives_are_not(record):
    made = record(lambda: [Archive("archive", ArchiveArgs("prod", protect=True)).bucket_name])
    (rule,) = made.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert "expiration" not in rule


def test_a_bucket_tells_eventbridge_what_happens_in_it(record):
    notification = closed(record).one("aws:s3/bucketNotification:BucketNotification").inputs
    assert notification == {"bucket": "logs-bucket-0a1b2c3", "eventbridge": True}
