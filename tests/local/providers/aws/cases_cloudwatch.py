"""CloudWatch log delivery."""

import json

from tests.local.providers.aws.cases_cloudfront import DISTRIBUTION, distribution
from tests.local.providers.aws.cases_s3 import bucket_name
from tests.local.providers.conformance import Case, World

SOURCE = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
DESTINATION = "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination"
REGION = {"region": "us-east-1"}


def distribution_arn(world: World, name: str = "distribution") -> str:
    arn: str = world.create(DISTRIBUTION, distribution(comment=name), name).outputs["arn"]
    return arn


def _target(world: World) -> dict[str, object]:
    return {"deliveryDestinationConfiguration": {"destinationResourceArn": f"arn:aws:s3:::{bucket_name(world)}"}}


def admitting(bucket: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _delivery(world: World) -> dict[str, object]:
    bucket = bucket_name(world)
    world.create("aws:s3/bucketPolicy:BucketPolicy", {"bucket": bucket, "policy": admitting(bucket)})
    return {
        "deliverySourceName": _source(world, "source"),
        "deliveryDestinationArn": _destination(world, "to"),
        **REGION,
    }


def _source(world: World, name: str) -> str:
    arn = distribution_arn(world, f"distribution-of-{name}")
    return world.create(SOURCE, {"name": name, "logType": "ACCESS_LOGS", "resourceArn": arn, **REGION}, name).id


def _destination(world: World, name: str) -> str:
    made = world.create(DESTINATION, {"name": name, "outputFormat": "w3c", **_target(world), **REGION}, name)
    arn: str = made.outputs["arn"]
    return arn


CASES = [
    Case(
        token=SOURCE,
        inputs=lambda world: {"logType": "ACCESS_LOGS", "resourceArn": distribution_arn(world), **REGION},
        updates=[{"tags": {"team": "edge"}}, {"tags": None}],
        replacements=[
            {"name": "another"},
            {"logType": "CONNECTION_LOGS"},
            lambda world: {"resourceArn": distribution_arn(world, "other-distribution")},
        ],
    ),
    Case(
        token=DESTINATION,
        inputs=lambda world: {"outputFormat": "json", **_target(world), **REGION},
        updates=[
            {"tags": {"team": "edge"}},
            lambda world: {
                "deliveryDestinationConfiguration": {
                    "destinationResourceArn": f"arn:aws:s3:::{bucket_name(world)}/prefix"
                }
            },
            {"tags": None},
        ],
        replacements=[{"name": "another"}, {"outputFormat": "parquet"}],
    ),
    Case(
        token="aws:cloudwatch/logDelivery:LogDelivery",
        inputs=_delivery,
        updates=[
            {"recordFields": ["date", "time", "sc-status"]},
            {"fieldDelimiter": ";"},
            {"s3DeliveryConfigurations": [{"enableHiveCompatiblePath": False, "suffixPath": "{yyyy}/{MM}"}]},
            {"tags": {"team": "edge"}},
        ],
        replacements=[
            lambda world: {"deliverySourceName": _source(world, "other-source")},
            lambda world: {"deliveryDestinationArn": _destination(world, "other-destination")},
        ],
    ),
]
