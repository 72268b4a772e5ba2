"""Log groups and metric filters: what CloudWatch Logs refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.providers.aws.cloudwatch_logs import LogGroup, LogMetricFilter
from local.providers.aws.kms import Key
from local.providers.resource import ProviderError

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws


def key(aws: Aws, *services: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{aws.account_id}:root", "Service": list(services)},
        "Action": "kms:*",
        "Resource": "*",
    }
    made = Key().create(aws, {"policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})
    live = Key().read(aws, made.id, {})
    assert live is not None
    return str(live["arn"])


@pytest.mark.parametrize(
    ("inputs", "place", "reason"),
    [
        ({"name": "a b"}, "name", "'a b' is not 1 to 512 of a-z A-Z 0-9 _-/.#, or is AWS's own"),
        ({"name": "aws/rds"}, "name", "'aws/rds' is not 1 to 512 of a-z A-Z 0-9 _-/.#, or is AWS's own"),
        ({"retentionInDays": 31}, "retentionInDays", "is 31; CloudWatch takes 1, 3, 5, 7, 14, 30, 60, 90, 120, 150"),
    ],
)
def test_group_rules(inputs: dict[str, object], place: str, reason: str) -> None:
    (failure,) = LogGroup().check(None, inputs)
    assert failure.property == place
    assert failure.reason.startswith(reason)


def test_a_key_must_be_there_and_let_the_service_in(aws: Aws) -> None:
    service = f"logs.{aws.region}.amazonaws.com"
    with pytest.raises(ProviderError, match="log group database: kmsKeyId: no key no-key"):
        LogGroup().create(aws, {"name": "database", "kmsKeyId": "no-key"})
    closed = key(aws, "sns.amazonaws.com")
    with pytest.raises(ProviderError, match=f"AccessDeniedException: the policy of key .* does not allow {service}"):
        LogGroup().create(aws, {"name": "database", "kmsKeyId": closed})
    assert LogGroup().create(aws, {"name": "database", "kmsKeyId": key(aws, service)}).id == "database"


def test_a_group_that_is_there_is_not_taken_over(aws: Aws) -> None:
    """RDS would have made it, kept for ever; the program's must be there first."""
    LogGroup().create(aws, {"name": "database"})
    with pytest.raises(ProviderError, match="creating log group database: ResourceAlreadyExistsException"):
        LogGroup().create(aws, {"name": "database"})


def test_another_key_is_refused_because_the_emulator_cannot(aws: Aws) -> None:
    LogGroup().create(aws, {"name": "database"})
    live = LogGroup().read(aws, "database", {})
    assert live is not None
    with pytest.raises(
        ProviderError, match="updating log group database: kmsKeyId: the emulator has no AssociateKmsKey"
    ):
        LogGroup().update(aws, "database", live, {"name": "database", "kmsKeyId": "another"})


def test_a_group_whose_name_begins_like_another_is_not_that_one(aws: Aws) -> None:
    LogGroup().create(aws, {"name": "database-other"})
    assert LogGroup().read(aws, "database", {}) is None


def test_a_filter_needs_its_group_and_a_unit_that_there_is(aws: Aws) -> None:
    transformation = {"name": "LockWaits", "namespace": "Strata", "value": "1"}
    inputs = {"name": "waits", "logGroupName": "none", "pattern": "x", "metricTransformation": transformation}
    with pytest.raises(ProviderError, match="putting metric filter waits: ResourceNotFoundException"):
        LogMetricFilter().create(aws, inputs)
    (failure,) = LogMetricFilter().check(aws, {"metricTransformation": {**transformation, "unit": "Waits"}})
    assert failure.property == "metricTransformation.unit"
