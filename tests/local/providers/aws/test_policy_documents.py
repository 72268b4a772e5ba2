"""Resource policies: form, and whom they admit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.providers.aws import policy_documents

BUCKET = "arn:aws:s3:::logs"
DELIVERY = "delivery.logs.amazonaws.com"


def statement(**more: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": DELIVERY},
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET}/*",
        **more,
    }


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def reasons(*statements: dict[str, Any]) -> list[str]:
    return list(policy_documents.failures(policy(*statements), "s3", (BUCKET, f"{BUCKET}/*")))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"AWS": ["123456789012", "arn:aws:iam::123456789012:role/app"]}},
        {"Action": ["s3:Get*", "s3:PutObject"]},
        {"Action": "*"},
        {"Resource": [BUCKET, f"{BUCKET}/AWSLogs/*"]},
        {"Condition": {"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a"]}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:delivery-source:*"}}},
    ],
)
def test_well_formed_statements(more: dict[str, Any]) -> None:
    assert reasons(statement(**more)) == []


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"Effect": "allow"}, "Effect 'allow'; allowed: Allow, Deny"),
        ({"NotAction": "s3:Get*"}, "needs exactly one of Action and NotAction"),
        ({"Action": "PutObject"}, "Action 'PutObject' is not an action of s3"),
        ({"Action": "kms:Decrypt"}, "Action 'kms:Decrypt' is not an action of s3"),
        ({"Resource": "*"}, "Resource '*' is not one of arn:aws:s3:::logs, arn:aws:s3:::logs/*"),
        ({"Principal": {"Services": DELIVERY}}, "Principal has no kind 'Services'; allowed: AWS, CanonicalUser, "),
        ({"Principal": {"Service": "delivery.logs"}}, "Principal Service 'delivery.logs' is not valid"),
        ({"Principal": {"AWS": "arn:aws:iam::1:root"}}, "Principal AWS 'arn:aws:iam::1:root' is not valid"),
        ({"Principal": "me"}, "Principal 'me' is neither * nor an object"),
        ({"Condition": {"StringEqual": {"a": "b"}}}, "no such condition operator: StringEqual"),
        (
            {"Condition": {"ArnLike": {"aws:SourceArn": "logs"}}},
            "Condition ArnLike aws:SourceArn: 'logs' is not an ARN",
        ),
        ({"Conditions": {}}, "no such element: Conditions"),
    ],
)
def test_malformed_statements(more: dict[str, Any], reason: str) -> None:
    (found,) = reasons(statement(**more))
    assert found.startswith(f"MalformedPolicy: statement 0: {reason}")


def test_malformed_documents() -> None:
    assert list(policy_documents.failures("[]", "s3", ())) == ["MalformedPolicy: is not a JSON object"]
    assert reasons() == ["MalformedPolicy: has no Statement"]
    assert reasons(statement(Sid="One"), statement(Sid="One")) == ["MalformedPolicy: the Sid One is there twice"]
    (version,) = policy_documents.failures({"Version": "2020-01-01", "Statement": statement()}, "s3", ("*",))
    assert version == "MalformedPolicy: Version '2020-01-01'; allowed: 2012-10-17, 2008-10-17"


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({}, True),
        ({"Effect": "Deny"}, False),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, False),
        ({"Action": "s3:Put*"}, True),
        ({"Action": "s3:GetObject"}, False),
        ({"Resource": f"{BUCKET}/other/*"}, False),
    ],
)
def test_admission(more: dict[str, Any], answer: bool) -> None:
    target = f"{BUCKET}/AWSLogs/123456789012/CloudFront/x"
    assert policy_documents.admits(policy(statement(**more)), DELIVERY, "s3:PutObject", target) is answer


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, False),
        ({}, False),
    ],
)
def test_public_policies(more: dict[str, Any], answer: bool) -> None:
    assert policy_documents.is_public(policy(statement(**more))) is answer


def test_the_same_policy_in_other_words() -> None:
    assert policy_documents.same(policy(statement()), {"Statement": [statement()], "Version": "2012-10-17"})
    assert not policy_documents.same(policy(statement()), policy(statement(Sid="One")))
    assert not policy_documents.same(policy(statement()), None)
