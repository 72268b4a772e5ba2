"""An account of the emulator that nobody has used, with every call that changes it counted."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import boto3
import pytest

from strata import aws
from strata.account.calls import Account
from strata.account.settings import AccountSettings, EnvironmentSettings
from tests.local.providers.conftest import emulator_url  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

REGION = "eu-west-1"
_READS = ("Describe", "Get", "Head", "List")


@dataclass
class World:
    """An account, what it should have, and the calls that changed it.

    Args:
        settings: what it should have.
        writes: the operations that were sent, in order.
        most_writes: after how many of them the next one is not sent and the run ends, as a kill would end it.
    """

    settings: AccountSettings
    writes: list[str] = field(default_factory=list)
    most_writes: int | None = None
    account: Account = field(default_factory=lambda: Account(REGION))

    def client(self, service: str) -> Any:
        """Return a client of somebody else, whose calls are not counted."""
        return _client(service, self.settings.account_id, os.environ["AWS_ENDPOINT_URL"])

    def count(self, model: Any, **_: Any) -> None:
        if model.name.startswith(_READS):
            return
        if len(self.writes) == self.most_writes:
            raise KilledError
        self.writes.append(model.name)


@cache  # a client takes longer to make than the calls of a test
def _client(service: str, account_id: str, endpoint_url: str) -> Any:
    return _SESSION.client(
        service,
        region_name=REGION,
        endpoint_url=endpoint_url,
        aws_access_key_id=account_id,
        aws_secret_access_key="nothing",
    )


_SESSION = boto3.session.Session()


class KilledError(BaseException):
    """The run ends here."""


@pytest.fixture
def world(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:  # noqa: F811 - the fixture
    """Return a new account: the emulator keeps one for each access key of 12 digits."""
    account_id = str(secrets.randbelow(9 * 10**11) + 10**11)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    environments = (EnvironmentSettings("prod", REGION, "Z0123456789ABCDEFGHIJ"),)
    settings = AccountSettings(account_id, "aws", REGION, "acme/strata", "main", environments)
    world = World(settings)
    aws._client.cache_clear()  # its clients hold the credentials of the account before
    for service in ("iam", "kms", "s3"):
        aws.client(service, REGION).meta.events.register("before-call", world.count)
    yield world
    aws._client.cache_clear()
