"""SNS: topics, their policies, subscriptions."""

import json

from tests.local.providers.aws.cases_kms import key_arn
from tests.local.providers.conformance import Case, World

TOPIC = "aws:sns/topic:Topic"


def topic_arn(world: World, name: str = "topic", **more: object) -> str:
    return world.create(TOPIC, {"name": world.unique(name), **more}, f"{name}{more}").id


def topic_policy(topic: str, service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


CASES = [
    Case(
        token=TOPIC,
        inputs={"displayName": "Alarms"},
        updates=[
            {"displayName": "Alarms of dev"},
            lambda world: {"kmsMasterKeyId": key_arn(world)},
            {"tags": {"team": "platform"}},
            {"tags": None, "displayName": None},
        ],
        replacements=[{"name": "another"}],
    ),
    Case(
        token="aws:sns/topicPolicy:TopicPolicy",
        inputs=lambda world: {
            "arn": topic_arn(world),
            "policy": topic_policy(topic_arn(world), "cloudwatch.amazonaws.com"),
        },
        updates=[lambda world: {"policy": topic_policy(topic_arn(world), "events.rds.amazonaws.com")}],
        replacements=[lambda world: {"arn": topic_arn(world, "other")}],
    ),
    Case(
        token="aws:sns/topicSubscription:TopicSubscription",
        inputs=lambda world: {"topic": topic_arn(world), "protocol": "email", "endpoint": "oncall@example.com"},
        replacements=[
            lambda world: {"topic": topic_arn(world, "other")},
            {"protocol": "email-json"},
            {"endpoint": "platform@example.com"},
        ],
    ),
]
