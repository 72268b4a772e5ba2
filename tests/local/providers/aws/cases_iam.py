"""IAM: roles, attachments and instance profiles."""

import json

from tests.local.providers.conformance import Case, World

ROLE = "aws:iam/role:Role"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def trust(service: str = "ec2.amazonaws.com") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role_name(world: World, which: str = "role") -> str:
    return world.create(ROLE, {"assumeRolePolicy": trust()}, which).id


def profile_name(world: World) -> str:
    return world.create(PROFILE, {"role": role_name(world)}).id


CASES = [
    Case(
        token=ROLE,
        inputs={"assumeRolePolicy": trust(), "description": "The agent"},
        updates=[
            {"description": "Another"},
            {"assumeRolePolicy": trust("ecs-tasks.amazonaws.com")},
            {"tags": {"team": "platform"}},
            {"tags": None},
        ],
        replacements=[{"name": "another"}],
    ),
    Case(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        inputs=lambda world: {"role": role_name(world), "policyArn": CORE},
        replacements=[
            lambda world: {"role": role_name(world, "other-role")},
            {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        ],
    ),
    Case(
        token=PROFILE,
        inputs=lambda world: {"role": role_name(world)},
        updates=[
            lambda world: {"role": role_name(world, "other-role")},
            {"tags": {"team": "platform"}},
            {"tags": None},
        ],
        replacements=[{"name": "another"}],
    ),
]
