"""Roles and profiles: what IAM refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.iam import InstanceProfile, Role, RolePolicyAttachment
from local.providers.resource import UNKNOWN, ProviderError
from tests.local.providers.aws.cases_iam import CORE, trust

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws


def trusted(**more: object) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("{", "MalformedPolicyDocument: is not a JSON object"),
        (trusted(Resource="*"), "MalformedPolicyDocument: Has prohibited field Resource"),
        (trusted(Action="s3:GetObject"), "MalformedPolicy: statement 0: Action 's3:GetObject' is not an action of sts"),
        (
            trusted(Principal={"Service": "ec2"}),
            "MalformedPolicy: statement 0: Principal Service 'ec2' is not valid",
        ),
    ],
)
def test_trust_policies(policy: str, reason: str) -> None:
    (failure,) = Role().check(None, {"name": "agent", "assumeRolePolicy": policy})
    assert (failure.property, failure.reason) == ("assumeRolePolicy", reason)


def test_a_sound_role_passes() -> None:
    assert Role().check(None, {"name": "agent", "assumeRolePolicy": trust()}) == []
    assert Role().check(None, {"name": UNKNOWN, "assumeRolePolicy": UNKNOWN}) == []


@pytest.mark.parametrize(("kind", "longest"), [(Role, 64), (InstanceProfile, 128)])
def test_names(kind: Any, longest: int) -> None:
    inputs = {"assumeRolePolicy": trust()}
    assert kind().check(None, {**inputs, "name": "n" * longest}) == []
    for name in ("n" * (longest + 1), "with space"):
        (failure,) = kind().check(None, {**inputs, "name": name})
        assert failure.property == "name"


def test_what_is_attached_is_a_policy() -> None:
    (failure,) = RolePolicyAttachment().check(None, {"role": "agent", "policyArn": "AmazonSSMManagedInstanceCore"})
    assert failure.reason == "'AmazonSSMManagedInstanceCore' is not the ARN of a policy"


def test_a_role_in_use_stays(aws: Aws) -> None:
    role = Role().create(aws, {"name": "agent", "assumeRolePolicy": trust()})
    attached = RolePolicyAttachment().create(aws, {"role": role.id, "policyArn": CORE})
    with pytest.raises(ProviderError, match="DeleteConflict"):
        Role().delete(aws, role.id, {})
    RolePolicyAttachment().delete(aws, attached.id, {})
    Role().delete(aws, role.id, {})
    assert Role().read(aws, role.id, {}) is None


def test_an_unknown_policy_is_not_attached(aws: Aws) -> None:
    Role().create(aws, {"name": "agent", "assumeRolePolicy": trust()})
    nobody = f"arn:aws:iam::{aws.account_id}:policy/nobody-made-this"
    with pytest.raises(ProviderError, match="NoSuchEntity"):
        RolePolicyAttachment().create(aws, {"role": "agent", "policyArn": nobody})
