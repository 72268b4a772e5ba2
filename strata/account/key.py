"""The key of the state: it encrypts the bucket, and opens the secrets of every stack file (``awskms://``)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from strata.account.calls import Call
from strata.account.part import ITSELF, UNKNOWN_KEY_ARN, Part, require_owned, text
from strata.account.settings import KEY_ALIAS, TAGS
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from strata.account.calls import Account
    from strata.account.settings import AccountSettings

THING: Final = f"key {KEY_ALIAS}"
DESCRIPTION: Final = "Strata: the state of stacks, and the secrets of stack files"
_ENABLED: Final = "Enabled"
_MENDS: Final = {"Disabled": ("EnableKey",), "PendingDeletion": ("CancelKeyDeletion", "EnableKey")}


class StateKeyError(StrataError):
    """The key is in a state that only its administrator can lead out of."""


def parts(account: Account, settings: AccountSettings) -> Iterator[Part]:
    """Yield the parts of the key in the order in which they are settled."""
    policy = key_policy(settings)
    yield Part(THING, ITSELF, _ENABLED, lambda: _state(account), lambda found: _existence(account, settings, found))
    yield Part(THING, "alias", KEY_ALIAS, lambda: _alias(account), lambda _: [_name(account)])
    yield Part(
        THING,
        "policy",
        policy,
        lambda: _policy(account),
        lambda _: [_change(account, "PutKeyPolicy", PolicyName="default", Policy=text(policy))],
        comes_with_thing=True,
    )
    yield Part(
        THING,
        "rotation",
        wanted=True,
        read=lambda: _rotates(account),
        settle=lambda _: [_change(account, "EnableKeyRotation")],
    )


def key_policy(settings: AccountSettings) -> dict[str, Any]:
    """Return the key's policy: the account's own IAM policies say who uses it."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AccountAdministersKey",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{settings.partition}:iam::{settings.account_id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }


def key_arn(account: Account) -> str:
    """Return the key's ARN, or what stands for it before there is a key."""
    found = _find(account)
    return str(found["Arn"]) if found else UNKNOWN_KEY_ARN


def _find(account: Account) -> Mapping[str, Any] | None:
    """Return the key: the one that the alias leads to, or the one of a run that ended before it was named.

    Raises:
        ForeignThingError: the alias leads to somebody else's key.
    """
    answer = account.ask("kms", "DescribeKey", ("NotFoundException",), KeyId=KEY_ALIAS)
    if answer is None:
        return _unnamed(account)
    found: Mapping[str, Any] = answer["KeyMetadata"]
    require_owned(THING, _tags_of(account, found["Arn"]), f"aws kms update-alias --alias-name {KEY_ALIAS}-before ...")
    return found


def _unnamed(account: Account) -> Mapping[str, Any] | None:
    for key in account.pages("kms", "ListKeys", "Keys"):
        found: Mapping[str, Any] = account.answer("kms", "DescribeKey", KeyId=key["KeyId"])["KeyMetadata"]
        is_ours = found["Description"] == DESCRIPTION and found["KeyState"] == _ENABLED
        if is_ours and _tags_of(account, found["Arn"]).items() >= TAGS.items():
            return found
    return None


def _state(account: Account) -> str | None:
    found = _find(account)
    return str(found["KeyState"]) if found else None


def _existence(account: Account, settings: AccountSettings, state: str | None) -> list[Call]:
    if state is None:
        policy = text(key_policy(settings))
        return [Call("kms", "CreateKey", {"Description": DESCRIPTION, "Policy": policy, "Tags": _tags()})]
    if state not in _MENDS:
        raise StateKeyError(
            f"{THING} is in state {state}", allowed="Enabled", next_command=f"aws kms describe-key --key-id {KEY_ALIAS}"
        )
    return [_change(account, operation) for operation in _MENDS[state]]


def _alias(account: Account) -> str | None:
    answer = account.ask("kms", "DescribeKey", ("NotFoundException",), KeyId=KEY_ALIAS)
    return KEY_ALIAS if answer else None


def _name(account: Account) -> Call:
    return Call("kms", "CreateAlias", {"AliasName": KEY_ALIAS, "TargetKeyId": key_arn(account)})


def _policy(account: Account) -> Any:
    if (found := _find(account)) is None:
        return None
    return json.loads(account.answer("kms", "GetKeyPolicy", KeyId=found["Arn"], PolicyName="default")["Policy"])


def _rotates(account: Account) -> bool | None:
    if (found := _find(account)) is None:
        return None
    return bool(account.answer("kms", "GetKeyRotationStatus", KeyId=found["Arn"])["KeyRotationEnabled"])


def _tags_of(account: Account, arn: str) -> dict[str, str]:
    found = account.pages("kms", "ListResourceTags", "Tags", KeyId=arn)
    return {tag["TagKey"]: tag["TagValue"] for tag in found}


def _tags() -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in TAGS.items()]


def _change(account: Account, operation: str, **parameters: Any) -> Call:
    return Call("kms", operation, {"KeyId": key_arn(account), **parameters})
