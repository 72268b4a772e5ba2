"""What Secrets Manager refuses, the stand-in refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.secretsmanager import Secret
from local.providers.resource import UNKNOWN, ProviderError

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"name": "no spaces"}, "name", "'no spaces' is not 1 to 512 letters, digits and /_+=.@-"),
        ({"description": "x" * 2049}, "description", "has 2049 characters; secretsmanager takes 0 to 2048"),
        (
            {"recoveryWindowInDays": 6},
            "recoveryWindowInDays",
            "is 6; Secrets Manager takes 0 or 7 to 30 days",
        ),
        (
            {"recoveryWindowInDays": 31},
            "recoveryWindowInDays",
            "is 31; Secrets Manager takes 0 or 7 to 30 days",
        ),
    ],
)
def test_rules(change: dict[str, Any], place: str, reason: str) -> None:
    [failure] = Secret().check(None, {"name": "edge", **change})
    assert (failure.property, failure.reason) == (place, reason)


def test_what_is_allowed_or_unknown_breaks_no_rule() -> None:
    for days in (0, 7, 30):
        assert Secret().check(None, {"name": "strata/dev/edge+1", "recoveryWindowInDays": days}) == []
    assert Secret().check(None, {"name": UNKNOWN, "description": UNKNOWN, "recoveryWindowInDays": UNKNOWN}) == []


def test_a_key_must_be_there(aws: Aws) -> None:
    with pytest.raises(ProviderError, match="secret edge: kmsKeyId: InvalidParameterException: 0a1b is no usable key"):
        Secret().create(aws, {"name": "edge", "kmsKeyId": "0a1b"})


def test_a_deleted_secret_can_be_restored_unless_its_window_is_zero(aws: Aws) -> None:
    client = aws.client("secretsmanager")
    secret = Secret()
    kept = secret.create(aws, {"name": "kept"})
    secret.delete(aws, kept.id, {"recoveryWindowInDays": 7})
    assert secret.read(aws, kept.id, {}) is None
    client.restore_secret(SecretId=kept.id)
    assert secret.read(aws, kept.id, {}) is not None

    gone = secret.create(aws, {"name": "gone"})
    secret.delete(aws, gone.id, {"recoveryWindowInDays": 0})
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_secret(SecretId=gone.id)


def test_a_value_is_neither_made_nor_shown(aws: Aws) -> None:
    client = aws.client("secretsmanager")
    made = Secret().create(aws, {"name": "edge"})
    assert "SecretString" not in client.get_secret_value(SecretId=made.id)
    client.put_secret_value(SecretId=made.id, SecretString="hunter2")
    assert "hunter2" not in str(Secret().read(aws, made.id, {}))
