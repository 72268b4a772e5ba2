"""Keys and aliases: what KMS refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.kms import Alias, Key
from local.providers.resource import UNKNOWN, ProviderError

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws


def policy(**more: object) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("inputs", "place", "reason"),
    [
        ({"deletionWindowInDays": 6}, "deletionWindowInDays", "is 6; KMS takes 7 to 30 days"),
        (
            {"rotationPeriodInDays": 89, "enableKeyRotation": True},
            "rotationPeriodInDays",
            "is 89; KMS takes 90 to 2560 days",
        ),
        ({"rotationPeriodInDays": 90}, "rotationPeriodInDays", "needs enableKeyRotation"),
        (
            {"customerMasterKeySpec": "RSA_2048", "enableKeyRotation": True},
            "enableKeyRotation",
            "only a SYMMETRIC_DEFAULT key rotates",
        ),
    ],
)
def test_key_rules(inputs: dict[str, Any], place: str, reason: str) -> None:
    (failure,) = Key().check(None, inputs)
    assert (failure.property, failure.reason) == (place, reason)


def test_a_key_policy_keeps_its_owner_in(aws: Aws) -> None:
    root = f"arn:aws:iam::{aws.account_id}:root"
    assert Key().check(aws, {"policy": policy(Principal={"AWS": root})}) == []
    assert Key().check(aws, {"policy": policy(Principal={"AWS": aws.account_id})}) == []
    assert Key().check(aws, {"policy": UNKNOWN}) == []
    for locked_out in (
        policy(Principal={"Service": "delivery.logs.amazonaws.com"}),
        policy(Principal={"AWS": root}, Action="kms:Decrypt"),
        policy(Principal={"AWS": root}, Effect="Deny"),
    ):
        (failure,) = Key().check(aws, {"policy": locked_out})
        assert failure.reason.startswith("MalformedPolicyDocumentException: the new key policy will not allow you")
        assert failure.reason.endswith(f"allow {root} kms:PutKeyPolicy")


def test_a_deleted_key_waits_and_is_gone_for_the_stack(aws: Aws) -> None:
    made = Key().create(aws, {"description": "logs"})
    Key().delete(aws, made.id, {"deletionWindowInDays": 7})
    assert Key().read(aws, made.id, {}) is None
    assert aws.client("kms").describe_key(KeyId=made.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    with pytest.raises(ProviderError, match=r"KMSInvalidStateException: the key .* is pending deletion"):
        Alias().create(aws, {"name": "alias/logs", "targetKeyId": made.id})


@pytest.mark.parametrize("name", ["logs", "alias/", "alias/aws/s3", "alias/with space", None])
def test_alias_names(name: str | None) -> None:
    (failure,) = Alias().check(None, {"name": name, "targetKeyId": "key"})
    assert failure.property == "name"


def test_an_alias_needs_its_key(aws: Aws) -> None:
    with pytest.raises(ProviderError, match=r"alias: targetKeyId: NotFoundException: no key no-key"):
        Alias().create(aws, {"name": "alias/logs", "targetKeyId": "no-key"})


def test_an_alias_answers_the_key_as_it_was_named(aws: Aws) -> None:
    made = Key().create(aws, {})
    arn = f"arn:aws:kms:{aws.region}:{aws.account_id}:key/{made.id}"
    Alias().create(aws, {"name": "alias/logs", "targetKeyId": arn})
    for said in (arn, made.id):
        live = Alias().read(aws, "alias/logs", {"targetKeyId": said})
        assert live is not None
        assert (live["targetKeyId"], live["targetKeyArn"]) == (said, arn)
