"""The edge's two secrets, kept in Secrets Manager for the origin and in the KeyValueStore for the edge function.

The pepper keys the digest of a caller's identity; origin-verify is what the function shows to the origin.
Secrets Manager is written first and is the truth: the store is made to agree with it, so that a run that was killed
between the two writes is finished by the next one.
A rotation keeps the origin-verify of before as a second one that the origin accepts, and gives callers new cache keys.

The secret's JSON: ``{"pepper": "...", "origin_verify": ["<current>", "<previous>"], "version": 1}``, without the
previous one until the first rotation. No value is ever in an error, a log or a resource's state.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, replace
from typing import Any, Final

from strata import aws
from strata.caching.key_value_store import SECRETS_KEY, KeyValueStore, KeyValueStoreError
from strata.errors import StrataError

#: 256 bits, as many as the digest has.
_SECRET_BYTES: Final = 32
#: The only form that the edge function takes; it refuses every request over anything else.
_VALUE: Final = re.compile(f"[0-9a-f]{{{2 * _SECRET_BYTES}}}")
_KEYS: Final = "pepper, origin_verify (64 hexadecimal digits each) and version"


class EdgeSecretsError(StrataError):
    """Edge secrets that cannot be read or written, or that are not what they should be; values are never in it."""

    def __init__(self, secret_arn: str, what: str, allowed: str, next_command: str | None = None) -> None:
        super().__init__(what, where={"secret": secret_arn}, allowed=allowed, next_command=next_command)
        self.secret_arn = secret_arn


@dataclass(frozen=True, repr=False)
class EdgeSecrets:
    """The values themselves.

    Args:
        pepper: 64 hexadecimal digits; their text is the key of the digest.
        origin_verify: what the function sends, and then what it sent before the last rotation.
        version: how often they were made, from 1; None for those that somebody else wrote.
    """

    pepper: str
    origin_verify: tuple[str, ...]
    version: int | None

    def rotated(self, version: int) -> EdgeSecrets:
        """Return new ones, with the present origin-verify as the previous one."""
        return replace(_made(version), origin_verify=(secrets.token_hex(_SECRET_BYTES), self.origin_verify[0]))

    def for_store(self) -> str:
        """Return what the edge function reads."""
        return json.dumps({"pepper": self.pepper, "originVerify": self.origin_verify[0]})

    def for_secret(self) -> str:
        """Return what the origin reads."""
        values = {"pepper": self.pepper, "origin_verify": list(self.origin_verify), "version": self.version}
        return json.dumps(values)


def converge(secret_arn: str, store_arn: str, version: int, deployed: int | None = None) -> tuple[str, ...]:
    """Have a secret and a store hold the same values of a version, and return what was done about it, in words.

    Values that are there are adopted, and a secret that lost its value gets the store's back; those of an older version
    are rotated once, whatever is repeated.

    Args:
        secret_arn: of a secret in Secrets Manager; it may have no value yet.
        store_arn: of a KeyValueStore.
        version: from 1.
        deployed: the version of the last run, which is what a store still has that outlived its secret.

    Raises:
        EdgeSecretsError: the secret holds something else, or a newer version, or cannot be read or written.
        KeyValueStoreError: the store cannot be read or written.
    """
    store = KeyValueStore(store_arn)
    present, stored = _read(secret_arn), store.get(SECRETS_KEY)
    found = present or _recovered(stored, deployed or version)
    wanted = _wanted(secret_arn, found, version)
    done = []
    if wanted != present:
        _write(secret_arn, wanted)
        done.append(_change(found, wanted))
    if stored != wanted.for_store():
        store.put({SECRETS_KEY: wanted.for_store()})
        done.append("the store was given what the secret holds")
    return tuple(done)


def drift(secret_arn: str, store_arn: str, version: int) -> str | None:
    """Return what differs from what was deployed, in words; None when nothing does.

    Raises:
        EdgeSecretsError: the secret cannot be read, for another reason than that it is gone.
        KeyValueStoreError: the store cannot be read, for another reason than that it is gone.
    """
    present = _read(secret_arn)
    if present is None:
        return "the secret holds no value any more"
    if present.version != version:
        return f"the secret holds version {present.version}, and {version} was deployed"
    found = KeyValueStore(store_arn).get(SECRETS_KEY) if store_exists(store_arn) else None
    if found is None:
        return "the store holds no secrets any more"
    return None if found == present.for_store() else "the store holds other values than the secret"


def remove(store_arn: str) -> None:
    """Take the values out of a store; a store without them, or none at all, is left as it is.

    Raises:
        KeyValueStoreError: the store is there and cannot be written.
    """
    if store_exists(store_arn):
        KeyValueStore(store_arn).put({SECRETS_KEY: None})


def store_exists(store_arn: str) -> bool:
    """Return whether there is such a store.

    Raises:
        KeyValueStoreError: that cannot be found out.
    """
    client = aws.client(aws.KEY_VALUE_STORE, "us-east-1")
    try:
        client.describe_key_value_store(KvsARN=store_arn)
    except client.exceptions.ResourceNotFoundException:
        return False
    except aws.failures() as error:
        raise KeyValueStoreError(store_arn, f"{aws.KEY_VALUE_STORE}:DescribeKeyValueStore failed: {error}") from None
    return True


def _wanted(secret_arn: str, present: EdgeSecrets | None, version: int) -> EdgeSecrets:
    if present is None:
        return _made(version)
    if present.version is None:
        return replace(present, version=version)
    if present.version > version:
        raise EdgeSecretsError(
            secret_arn,
            f"the secret holds version {present.version}, which is newer than version {version}",
            f"strata:cdn.secretsVersion {present.version} or more",
            "pulumi up, with that version in the stack file",
        )
    return present if present.version == version else present.rotated(version)


def _recovered(stored: str | None, version: int) -> EdgeSecrets | None:
    """Return the values that a store still has, as far as it knows them."""
    try:
        values = json.loads(stored or "")
        return _parse({"pepper": values["pepper"], "origin_verify": [values["originVerify"]], "version": version})
    except (ValueError, TypeError, KeyError):
        return None


def _change(found: EdgeSecrets | None, wanted: EdgeSecrets) -> str:
    if found is None:
        return f"secrets of version {wanted.version} were made"
    if found == wanted:
        return "the secret was given what the store holds"
    if found.version is None:
        return f"the secrets that were there were adopted as version {wanted.version}"
    return f"the secrets were rotated from version {found.version} to {wanted.version}"


def _made(version: int) -> EdgeSecrets:
    return EdgeSecrets(secrets.token_hex(_SECRET_BYTES), (secrets.token_hex(_SECRET_BYTES),), version)


def _read(secret_arn: str) -> EdgeSecrets | None:
    """Return the values, or None when the secret has none, or is gone or going."""
    client = _client(secret_arn)
    try:
        answer = client.get_secret_value(SecretId=secret_arn)
    except aws.failures() as error:
        if aws.error_code(error) == "ResourceNotFoundException" or _is_going(client, secret_arn, error):
            return None
        raise _failed(secret_arn, "GetSecretValue", error) from None
    if not answer.keys() & {"SecretString", "SecretBinary"}:
        return None
    try:
        return _parse(json.loads(answer["SecretString"]))
    except (ValueError, TypeError, KeyError):
        raise _not_ours(secret_arn) from None


def _is_going(client: Any, secret_arn: str, error: Exception) -> bool:
    """Return whether a secret could not be read because it waits for its deletion, which has no error of its own."""
    if aws.error_code(error) != "InvalidRequestException":
        return False
    return "DeletedDate" in client.describe_secret(SecretId=secret_arn)


def _parse(values: Any) -> EdgeSecrets:
    pepper, origin_verify, version = values["pepper"], tuple(values["origin_verify"]), values.get("version")
    if not origin_verify or not all(_VALUE.fullmatch(text) for text in (pepper, *origin_verify)):
        raise ValueError
    if version is not None and not isinstance(version, int):
        raise ValueError
    return EdgeSecrets(pepper, origin_verify, version)


def _write(secret_arn: str, values: EdgeSecrets) -> None:
    try:
        _client(secret_arn).put_secret_value(SecretId=secret_arn, SecretString=values.for_secret())
    except aws.failures() as error:
        raise _failed(secret_arn, "PutSecretValue", error) from None


def _client(secret_arn: str) -> Any:
    """Return a client of the region that the secret's ARN names."""
    return aws.client("secretsmanager", secret_arn.split(":")[3])


def _failed(secret_arn: str, operation: str, error: Exception) -> EdgeSecretsError:
    return EdgeSecretsError(
        secret_arn,
        f"secretsmanager:{operation} failed: {error}",
        f"an AWS identity that may call secretsmanager:{operation} on a secret that exists",
    )


def _not_ours(secret_arn: str) -> EdgeSecretsError:
    return EdgeSecretsError(
        secret_arn,
        "the secret holds something else than the edge's secrets",
        f"no value, or a JSON object with {_KEYS}",
        f"aws secretsmanager delete-secret --secret-id {secret_arn}, then pulumi up --refresh",
    )
