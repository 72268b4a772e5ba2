"""KMS: keys and aliases."""

import json

from tests.local.providers.conformance import Case, World

KEY = "aws:kms/key:Key"


def key_id(world: World) -> str:
    return world.create(KEY, {"deletionWindowInDays": 7}).id


def key_arn(world: World) -> str:
    arn: str = world.create(KEY, {"deletionWindowInDays": 7}).outputs["arn"]
    return arn


def key_policy(world: World, **more: object) -> str:
    account = world.client("sts").get_caller_identity()["Account"]
    root = {
        "Sid": "Administration",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [root]})


CASES = [
    Case(
        token=KEY,
        inputs=lambda world: {"description": "logs", "policy": key_policy(world), "deletionWindowInDays": 7},
        updates=[
            {"description": "access logs"},
            lambda world: {"policy": key_policy(world, Sid="Root")},
            {"enableKeyRotation": True},
            {"rotationPeriodInDays": 180},
            {"enableKeyRotation": None, "rotationPeriodInDays": None},
            {"tags": {"team": "platform"}},
            {"isEnabled": False},
            {"isEnabled": None, "tags": None},
            {"deletionWindowInDays": 14},
        ],
        replacements=[
            {"customerMasterKeySpec": "RSA_2048"},
            {"keyUsage": "SIGN_VERIFY"},
            {"multiRegion": True},
        ],
    ),
    Case(
        token="aws:kms/alias:Alias",
        inputs=lambda world: {"name": "alias/strata-logs", "targetKeyId": key_id(world)},
        updates=[lambda world: {"targetKeyId": world.create(KEY, {}, "other-key").id}],
        replacements=[{"name": "alias/strata-archive"}],
    ),
]
