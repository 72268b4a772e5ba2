"""Log delivery: what CloudWatch asks for before it delivers."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.cloudfront_distribution import Distribution
from local.providers.aws.cloudwatch import LogDelivery, LogDeliveryDestination, LogDeliverySource
from local.providers.aws.kms import Key
from local.providers.aws.s3 import Bucket
from local.providers.aws.s3_settings import BucketPolicy, BucketServerSideEncryptionConfiguration
from local.providers.resource import UNKNOWN, ProviderError
from tests.local.providers.aws.cases_cloudfront import distribution
from tests.local.providers.aws.cases_cloudwatch import admitting

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws

REGION = "us-east-1"
ARN = "arn:aws:cloudfront::123456789012:distribution/E1"


def source(arn: str = ARN, **more: object) -> dict[str, object]:
    return {"name": "source", "logType": "ACCESS_LOGS", "resourceArn": arn, "region": REGION, **more}


@pytest.fixture
def bucket() -> str:
    """Return a name of its own: S3 has one name space for all accounts, those of other tests too."""
    return f"strata-access-logs-{secrets.token_hex(4)}"


def destination(bucket: str = "strata-access-logs", **more: object) -> dict[str, object]:
    target = {"destinationResourceArn": f"arn:aws:s3:::{bucket}"}
    return {"name": "to", "outputFormat": "json", "deliveryDestinationConfiguration": target, "region": REGION, **more}


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"region": "eu-west-1"}, "region", "is eu-west-1; CloudFront's log deliveries are in us-east-1 only"),
        ({"logType": "TRACES"}, "logType", "'TRACES'; CloudFront has ACCESS_LOGS and CONNECTION_LOGS"),
        ({"name": "a b"}, "name", "'a b' is not 1 to 60 letters, digits, underscores and hyphens"),
        ({"resourceArn": "arn:aws:s3:::a"}, "resourceArn", "arn:aws:s3:::a is not a CloudFront distribution's ARN"),
    ],
)
def test_source_rules(change: dict[str, str], place: str, reason: str) -> None:
    (failure,) = LogDeliverySource().check(None, source(**change))
    assert (failure.property, failure.reason) == (place, reason)


def test_a_source_not_known_yet_is_not_judged() -> None:
    assert LogDeliverySource().check(None, source(resourceArn=UNKNOWN)) == []


def test_the_providers_region_counts_where_none_is_given(aws: Aws) -> None:
    (failure,) = LogDeliverySource().check(aws, {**source(), "region": None})
    assert failure.property == "region"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"outputFormat": "xml"}, "outputFormat"),
        ({"deliveryDestinationConfiguration": {}}, "deliveryDestinationConfiguration"),
        (
            {"deliveryDestinationConfiguration": {"destinationResourceArn": "arn:aws:logs:us-east-1:1:log-group:a"}},
            "deliveryDestinationConfiguration.destinationResourceArn",
        ),
    ],
)
def test_destination_rules(change: dict[str, Any], place: str) -> None:
    (failure,) = LogDeliveryDestination().check(None, destination(**change))
    assert failure.property == place


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (
            {"recordFields": ["date", "cookie"]},
            "recordFields[1]",
            "'cookie' is not a field of CloudFront's access logs",
        ),
        ({"recordFields": ["date", "date"]}, "recordFields[1]", "date is there twice"),
        (
            {"s3DeliveryConfigurations": [{"suffixPath": "{year}"}]},
            "s3DeliveryConfigurations[0].suffixPath",
            (
                "{year} is no variable of CloudFront's logs; allowed: DistributionId, HH, MM, accountid, dd, "
                "distributionid, yyyy"
            ),
        ),
    ],
)
def test_delivery_rules(change: dict[str, Any], place: str, reason: str) -> None:
    (failure,) = LogDelivery().check(None, {"deliverySourceName": "s", "deliveryDestinationArn": "arn:d", **change})
    assert (failure.property, failure.reason) == (place, reason)


def test_a_source_needs_its_distribution_and_is_its_only_one(aws: Aws) -> None:
    arn = f"arn:aws:cloudfront::{aws.account_id}:distribution/ENOBODY"
    with pytest.raises(ProviderError, match=r"ResourceNotFoundException: .*ENOBODY does not exist"):
        LogDeliverySource().create(aws, source(arn))
    arn = _distribution_arn(aws)
    LogDeliverySource().create(aws, source(arn))
    with pytest.raises(ProviderError, match=r"ConflictException: source is a delivery source of .* for ACCESS_LOGS"):
        LogDeliverySource().create(aws, source(arn, name="other"))


def test_a_destination_needs_its_bucket(aws: Aws, bucket: str) -> None:
    with pytest.raises(ProviderError, match=rf"delivery destination to: .* no bucket has the name {bucket}"):
        LogDeliveryDestination().create(aws, destination(bucket))


def test_a_delivery_needs_source_destination_and_admission(aws: Aws, bucket: str) -> None:
    wanted = {
        "deliverySourceName": "source",
        "deliveryDestinationArn": f"arn:aws:logs:{REGION}:{aws.account_id}:delivery-destination:to",
        "region": REGION,
    }
    with pytest.raises(ProviderError, match=r"deliverySourceName: no delivery source has the name source"):
        LogDelivery().create(aws, wanted)
    LogDeliverySource().create(aws, source(_distribution_arn(aws)))
    with pytest.raises(ProviderError, match=r"deliveryDestinationArn: .*:to does not exist"):
        LogDelivery().create(aws, wanted)
    Bucket().create(aws, {"bucket": bucket})
    LogDeliveryDestination().create(aws, destination(bucket))
    with pytest.raises(ProviderError, match=rf"policy of bucket {bucket} does not allow delivery.logs.amazonaws.com"):
        LogDelivery().create(aws, wanted)
    BucketPolicy().create(aws, {"bucket": bucket, "policy": admitting(bucket)})
    with pytest.raises(ProviderError, match=r"fieldDelimiter: not with outputFormat json; allowed: plain, raw, w3c"):
        LogDelivery().create(aws, {**wanted, "fieldDelimiter": ";"})
    key = _encrypt(aws, bucket)
    with pytest.raises(ProviderError, match=r"policy of key .* does not allow delivery.logs.amazonaws.com kms:Gen"):
        LogDelivery().create(aws, wanted)
    _admit_to_key(aws, key)
    made = LogDelivery().create(aws, wanted)

    for in_use in (LogDeliverySource(), LogDeliveryDestination()):
        name = {"LogDeliverySource": "source", "LogDeliveryDestination": "to"}[type(in_use).__name__]
        with pytest.raises(ProviderError, match=rf"ConflictException: used by the delivery {made.id}"):
            in_use.delete(aws, name, {"region": REGION, "arn": wanted["deliveryDestinationArn"]})


def _distribution_arn(aws: Aws) -> str:
    made = Distribution().create(aws, distribution())
    return f"arn:aws:cloudfront::{aws.account_id}:distribution/{made.id}"


def _encrypt(aws: Aws, bucket: str) -> str:
    made = Key().create(aws, {})
    arn = f"arn:aws:kms:{aws.region}:{aws.account_id}:key/{made.id}"
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": arn}
    rules = [{"applyServerSideEncryptionByDefault": default}]
    BucketServerSideEncryptionConfiguration().create(aws, {"bucket": bucket, "rules": rules})
    return made.id


def _admit_to_key(aws: Aws, key: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
