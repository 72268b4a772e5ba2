"""Topics, their policies and subscriptions: what SNS refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.providers.aws.sns import Topic, TopicPolicy, TopicSubscription
from local.providers.resource import UNKNOWN, ProviderError

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws


def policy(action: str = "sns:Publish") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": action}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{**statement, "Resource": "arn:aws:sns:eu-west-1:123456789012:alarms"}]}
    )


@pytest.mark.parametrize("name", ["with space", "orders.fifo", "x" * 257])
def test_topic_names(name: str) -> None:
    (failure,) = Topic().check(None, {"name": name})
    assert failure.property == "name"


def test_a_topic_of_a_name_that_is_taken_is_refused(aws: Aws) -> None:
    Topic().create(aws, {"name": "alarms"})
    with pytest.raises(ProviderError, match="creating topic alarms: InvalidParameter: a topic of that name exists"):
        Topic().create(aws, {"name": "alarms"})


def test_a_topic_needs_its_key(aws: Aws) -> None:
    with pytest.raises(ProviderError, match="topic alarms: kmsMasterKeyId: KMSNotFound: no key alias/none"):
        Topic().create(aws, {"name": "alarms", "kmsMasterKeyId": "alias/none"})


def test_a_policy_that_aws_calls_malformed_is_refused() -> None:
    (failure,) = TopicPolicy().check(None, {"policy": policy("sqs:SendMessage")})
    assert failure.property == "policy"
    assert "sqs:SendMessage" in failure.reason
    assert TopicPolicy().check(None, {"policy": UNKNOWN}) == []
    assert TopicPolicy().check(None, {"policy": policy()}) == []


def test_without_its_policy_a_topic_has_the_one_that_sns_makes(aws: Aws) -> None:
    arn = Topic().create(aws, {"name": "alarms"}).id
    attributes = aws.client("sns").get_topic_attributes
    before = json.loads(attributes(TopicArn=arn)["Attributes"]["Policy"])
    assert TopicPolicy().read(aws, arn, {}) is None
    TopicPolicy().create(aws, {"arn": arn, "policy": policy()})
    live = TopicPolicy().read(aws, arn, {"policy": policy()})
    assert live is not None
    assert live["policy"] == policy()
    TopicPolicy().delete(aws, arn, {})
    assert json.loads(attributes(TopicArn=arn)["Attributes"]["Policy"]) == before
    assert TopicPolicy().read(aws, arn, {}) is None


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        ({"protocol": "https", "endpoint": "https://example.com"}, ["protocol", "endpoint"]),
        ({"protocol": "email", "endpoint": "nobody"}, ["endpoint"]),
        ({"protocol": UNKNOWN, "endpoint": UNKNOWN}, []),
    ],
)
def test_subscriptions_are_by_e_mail(inputs: dict[str, object], place: list[str]) -> None:
    assert [failure.property for failure in TopicSubscription().check(None, inputs)] == place


def test_a_subscription_needs_its_topic(aws: Aws) -> None:
    arn = f"arn:aws:sns:{aws.region}:{aws.account_id}:none"
    with pytest.raises(ProviderError, match=r"subscribing a@example\.com: NotFound"):
        TopicSubscription().create(aws, {"topic": arn, "protocol": "email", "endpoint": "a@example.com"})
