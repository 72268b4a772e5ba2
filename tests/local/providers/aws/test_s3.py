"""What S3 refuses, the stand-in refuses, and data is not deleted by accident."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.s3 import Bucket
from local.providers.aws.s3_lifecycle import BucketLifecycleConfiguration
from local.providers.aws.s3_settings import (
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketVersioning,
)
from local.providers.resource import UNKNOWN, ProviderError
from tests.local.providers.aws.cases_s3 import tls_only

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws

NAME = "strata-logs"


@pytest.fixture
def name() -> str:
    """Return a name of its own: S3 has one name space for all accounts, those of other tests too."""
    return f"strata-logs-{secrets.token_hex(4)}"


def rule(**more: object) -> dict[str, object]:
    return {"id": "one", "status": "Enabled", "expiration": {"days": 90}, **more}


@pytest.mark.parametrize(
    "name", ["ab", "Strata", "-logs", "logs-", "a..b", "192.168.1.1", "xn--logs", "logs-s3alias", "a_b", "a" * 64]
)
def test_bucket_names_that_s3_refuses(name: str) -> None:
    failures = Bucket().check(None, {"bucket": name})
    assert {failure.property for failure in failures} == {"bucket"}


@pytest.mark.parametrize("name", ["abc", "strata-logs.example", "1-logs", "a" * 63])
def test_bucket_names_that_s3_takes(name: str) -> None:
    assert Bucket().check(None, {"bucket": name}) == []


def test_a_name_is_taken_once(aws: Aws, name: str) -> None:
    Bucket().create(aws, {"bucket": name})
    with pytest.raises(ProviderError, match=r"BucketAlreadyOwnedByYou: the account has it already"):
        Bucket().create(aws, {"bucket": name})


@pytest.mark.parametrize(("region", "zone"), [("us-east-1", "Z3AQBSTGFYJSTF"), ("eu-central-1", "Z21DNDUVLTQW6Q")])
def test_a_bucket_is_in_its_region(aws: Aws, name: str, region: str, zone: str) -> None:
    Bucket().create(aws, {"bucket": name, "region": region})
    live = Bucket().read(aws, name, {})
    assert live is not None
    assert live["bucketRegion"] == region
    assert live["hostedZoneId"] == zone
    assert live["bucketRegionalDomainName"] == f"{name}.s3.{region}.amazonaws.com"


def test_a_bucket_with_objects_stays_without_force_destroy(aws: Aws, name: str) -> None:
    Bucket().create(aws, {"bucket": name})
    client = aws.client("s3")
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        client.put_object(Bucket=name, Key="log", Body=body)
    client.delete_object(Bucket=name, Key="log")

    with pytest.raises(
        ProviderError, match=r"BucketNotEmpty: it holds objects or versions; empty it, or set forceDest"
    ):
        Bucket().delete(aws, name, {"forceDestroy": False})
    assert len(client.list_object_versions(Bucket=name)["Versions"]) == 2

    Bucket().delete(aws, name, {"forceDestroy": True})
    assert Bucket().read(aws, name, {}) is None


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("{", "MalformedPolicy: is not a JSON object"),
        ("{}", "MalformedPolicy: has no Statement"),
        (tls_only("another"), "Resource 'arn:aws:s3:::another' is not one of arn:aws:s3:::strata-logs, "),
        (tls_only(NAME, Action="ec2:*"), "Action 'ec2:*' is not an action of s3"),
        (tls_only(NAME, Effect="Forbid"), "Effect 'Forbid'; allowed: Allow, Deny"),
        (tls_only(NAME, Principle="*"), "no such element: Principle"),
    ],
)
def test_malformed_policies(policy: str, reason: str) -> None:
    failures = BucketPolicy().check(None, {"bucket": NAME, "policy": policy})
    assert {failure.property for failure in failures} == {"policy"}
    assert reason in failures[0].reason


def test_a_policy_not_known_yet_is_not_judged() -> None:
    assert BucketPolicy().check(None, {"bucket": UNKNOWN, "policy": UNKNOWN}) == []
    assert BucketPolicy().check(None, {"bucket": UNKNOWN, "policy": tls_only("any")}) == []


def test_a_public_policy_is_refused_where_it_is_blocked(aws: Aws, name: str) -> None:
    Bucket().create(aws, {"bucket": name})
    BucketPublicAccessBlock().create(aws, {"bucket": name, "blockPublicPolicy": True})
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [public]})
    with pytest.raises(ProviderError, match=r"AccessDenied: the policy is public, .* \(blockPublicPolicy\) forbids"):
        BucketPolicy().create(aws, {"bucket": name, "policy": policy})
    BucketPolicy().create(aws, {"bucket": name, "policy": tls_only(name)})


def test_the_same_policy_in_other_words_is_no_drift(aws: Aws, name: str) -> None:
    Bucket().create(aws, {"bucket": name})
    said = {"bucket": name, "policy": tls_only(name)}
    BucketPolicy().create(aws, said)
    aws.client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(json.loads(said["policy"]), indent=4))
    assert BucketPolicy().read(aws, name, said) == said
    aws.client("s3").put_bucket_policy(Bucket=name, Policy=tls_only(name, Sid="Changed"))
    live = BucketPolicy().read(aws, name, said)
    assert live is not None
    assert json.loads(live["policy"])["Statement"][0]["Sid"] == "Changed"


def test_a_setting_needs_its_bucket(aws: Aws) -> None:
    with pytest.raises(
        ProviderError, match=r"^public access block of nobody: NoSuchBucket: no bucket has the name nobo"
    ):
        BucketPublicAccessBlock().create(aws, {"bucket": "nobody"})


@pytest.mark.parametrize(
    ("default", "place"),
    [
        ({"sseAlgorithm": "AES128"}, "sseAlgorithm"),
        ({"sseAlgorithm": "AES256", "kmsMasterKeyId": "key"}, "kmsMasterKeyId"),
    ],
)
def test_encryption_rules(default: dict[str, str], place: str) -> None:
    inputs = {"bucket": NAME, "rules": [{"applyServerSideEncryptionByDefault": default}]}
    (failure,) = BucketServerSideEncryptionConfiguration().check(None, inputs)
    assert failure.property == f"rules[0].applyServerSideEncryptionByDefault.{place}"


def test_an_encryption_key_must_exist(aws: Aws, name: str) -> None:
    Bucket().create(aws, {"bucket": name})
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "no-key"}
    with pytest.raises(ProviderError, match=r"KMS.NotFoundException: no key no-key"):
        BucketServerSideEncryptionConfiguration().create(
            aws, {"bucket": name, "rules": [{"applyServerSideEncryptionByDefault": default}]}
        )


def test_versioning_does_not_return_to_disabled(aws: Aws, name: str) -> None:
    Bucket().create(aws, {"bucket": name})
    on = {"bucket": name, "versioningConfiguration": {"status": "Enabled"}}
    BucketVersioning().create(aws, on)
    with pytest.raises(ProviderError, match=r"status cannot return to Disabled; Suspended is allowed"):
        BucketVersioning().update(aws, name, on, {**on, "versioningConfiguration": {"status": "Disabled"}})


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ([], "rules"),
        ([rule(status="On")], "rules[0].status"),
        ([rule(expiration={"days": 0})], "rules[0].expiration.days"),
        ([rule(expiration=None)], "rules[0]"),
        ([rule(), rule()], "rules[1].id"),
        ([rule(expiration={"days": 1, "expiredObjectDeleteMarker": True})], "rules[0].expiration"),
        ([rule(filter={"prefix": "a", "objectSizeLessThan": 1})], "rules[0].filter"),
        (
            [rule(filter={"objectSizeLessThan": 1}, abortIncompleteMultipartUpload={"daysAfterInitiation": 1})],
            "rules[0].abortIncompleteMultipartUpload",
        ),
        ([rule(transitions=[{"days": 90, "storageClass": "GLACIER"}])], "rules[0].expiration.days"),
        ([rule(transitions=[{"days": 1, "storageClass": "COLD"}])], "rules[0].transitions[0].storageClass"),
    ],
)
def test_lifecycle_rules(rules: list[dict[str, Any]], place: str) -> None:
    (failure,) = BucketLifecycleConfiguration().check(None, {"bucket": NAME, "rules": rules})
    assert failure.property == place
