"""The edge's KeyValueStore: what the stack and its operators keep there for the edge function, and how it is changed.

Readers at the edge are eventually consistent: AWS gives no bound, and others saw seconds, up to the low tens.
Writers are not: each change names the version that it was made from, and one that comes second is refused and made
again.
"""

from __future__ import annotations

import hashlib
import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from strata import aws
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Holds JSON: the pepper of the identity digest and the secret that the function shows to the origin.
SECRETS_KEY: Final = "secrets"
_EPOCH_PREFIX: Final = "epoch/"

#: CloudFront Developer Guide, "Quotas on key value stores". The 3 MB of one update is out of reach of 50 pairs.
MAXIMUM_KEY_BYTES: Final = 512
MAXIMUM_VALUE_BYTES: Final = 1024
MAXIMUM_KEYS_PER_UPDATE: Final = 50

Result = TypeVar("Result")

#: The service is global, and so is its signature; the SDK wants some region.
_REGION: Final = "us-east-1"
#: A store has a writer now and then; each try that is lost to another writer is one that the other one won.
_MAXIMUM_TRIES: Final = 20
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 2.0


def epoch_key(tenant: str) -> str:
    """Return the key of a tenant's epoch, whose value is decimal text; where it is missing the epoch is 0."""
    return _EPOCH_PREFIX + hashlib.sha256(tenant.encode()).hexdigest()


class KeyValueStoreError(StrataError):
    """A KeyValueStore that cannot be read or changed, or a pair that it cannot hold; values are never in it."""

    def __init__(self, arn: str, what: str, *, key: str | None = None, allowed: str | None = None) -> None:
        where = {"store": arn} if key is None else {"store": arn, "key": key}
        super().__init__(what, where=where, allowed=allowed)
        self.arn = arn
        self.key = key


@dataclass(frozen=True)
class KeyValueStore:
    """The pairs of one store.

    Args:
        arn: as CloudFront gives it, ``arn:aws:cloudfront::<account>:key-value-store/<id>``.
    """

    arn: str

    def items(self) -> dict[str, str]:
        """Return all pairs.

        Raises:
            KeyValueStoreError: there is no such store, or it may not be read.
        """
        with self._calling("ListKeys") as client:
            pages = client.get_paginator("list_keys").paginate(KvsARN=self.arn, PaginationConfig={"PageSize": 50})
            return {item["Key"]: item["Value"] for page in pages for item in page.get("Items", ())}

    def get(self, key: str) -> str | None:
        """Return a value, or None where there is none.

        Raises:
            KeyValueStoreError: there is no such store, or it may not be read.
        """
        self._version()  # What is not found may be the key or the store: the same answer.
        return self._value(key)

    def put(self, changes: Mapping[str, str | None]) -> None:
        """Make all changes or none; None deletes, and deleting what is not there is no error.

        Raises:
            KeyValueStoreError: a pair over the limits, more than 50 changes, or a store that does not take them.
        """
        _check(self.arn, changes)
        self._as_one_step(lambda version: self._update(changes, version))

    def replace(self, key: str, change: Callable[[str | None], str]) -> str:
        """Set a value that depends on the present one, as one step among other writers, and return it.

        Args:
            key: which value.
            change: makes the new value from the present one, or from None where there is none. It runs again when
                another writer was first, and also when the answer to a change that was made got lost.

        Raises:
            KeyValueStoreError: a value over the limits, or a store that does not take it.
        """

        def step(version: str) -> str:
            value = change(self._value(key))
            _check(self.arn, {key: value})
            self._update({key: value}, version)
            return value

        return self._as_one_step(step)

    def _as_one_step(self, step: Callable[[str], Result]) -> Result:
        """Run reads and one change against one version of the store, again while other writers are first."""
        pause_seconds = _FIRST_PAUSE_SECONDS
        for _ in range(_MAXIMUM_TRIES):
            try:
                return step(self._version())
            except _ConflictError:
                time.sleep(pause_seconds * random.random())  # noqa: S311 - jitter, so that rivals part; no secret
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
        raise KeyValueStoreError(self.arn, f"other writers were first {_MAXIMUM_TRIES} times", allowed="try again")

    def _version(self) -> str:
        with self._calling("DescribeKeyValueStore") as client:
            return str(client.describe_key_value_store(KvsARN=self.arn)["ETag"])

    def _value(self, key: str) -> str | None:
        with self._calling("GetKey", key) as client:
            try:
                return str(client.get_key(KvsARN=self.arn, Key=key)["Value"])
            except client.exceptions.ResourceNotFoundException:
                return None

    def _update(self, changes: Mapping[str, str | None], version: str) -> None:
        puts = [{"Key": key, "Value": value} for key, value in changes.items() if value is not None]
        # A delete of what is not there fails, and the whole update with it.
        gone = [key for key, value in changes.items() if value is None and self._value(key) is not None]
        if puts or gone:
            deletes = [{"Key": key} for key in gone]
            with self._calling("UpdateKeys") as client:
                client.update_keys(KvsARN=self.arn, IfMatch=version, Puts=puts, Deletes=deletes)

    @contextmanager
    def _calling(self, operation: str, key: str | None = None) -> Iterator[Any]:
        try:
            yield aws.client(aws.KEY_VALUE_STORE, _REGION)
        except aws.failures() as error:
            if aws.error_code(error) == "ConflictException":
                raise _ConflictError from None
            raise KeyValueStoreError(
                self.arn,
                f"{aws.KEY_VALUE_STORE}:{operation} failed: {error}",
                key=key,
                allowed=f"an AWS identity that may call {aws.KEY_VALUE_STORE}:{operation} on a store that exists",
            ) from None


class _ConflictError(Exception):
    """The store has a newer version than the one that a change was made from."""


def _check(arn: str, changes: Mapping[str, str | None]) -> None:
    if len(changes) > MAXIMUM_KEYS_PER_UPDATE:
        raise KeyValueStoreError(
            arn, f"{len(changes)} changes in one update", allowed=f"{MAXIMUM_KEYS_PER_UPDATE} at most"
        )
    for key, value in changes.items():
        if not 1 <= len(key.encode()) <= MAXIMUM_KEY_BYTES:
            raise KeyValueStoreError(
                arn, f"a key of {len(key.encode())} bytes", key=key[:64], allowed=f"1 to {MAXIMUM_KEY_BYTES} bytes"
            )
        if value is not None and len(value.encode()) > MAXIMUM_VALUE_BYTES:
            raise KeyValueStoreError(
                arn, f"a value of {len(value.encode())} bytes", key=key, allowed=f"{MAXIMUM_VALUE_BYTES} bytes at most"
            )
