"""A bucket of the emulator for access logs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from strata.caching.metrics import s3
from tests.local.providers.conftest import REGION, emulator_url  # noqa: F401 - a fixture of the session

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Bucket:
    """A bucket and the requests that the library sends to it."""

    name: str
    client: Any
    calls: list[tuple[str, str]] = field(default_factory=list)

    def put(self, key: str, content: str | bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)
        self.calls.clear()

    def record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params.get("Prefix", params.get("Key", ""))))


@pytest.fixture
def bucket(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:  # noqa: F811 - the fixture
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(secrets.randbelow(9 * 10**11) + 10**11))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_REGION", REGION)
    s3.bucket_client.cache_clear()
    client = s3.bucket_client(REGION, emulator_url)
    name = f"logs-{secrets.token_hex(6)}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    made = Bucket(name, client)
    client.meta.events.register("provide-client-params.s3", made.record)
    yield made
    client.close()
    s3.bucket_client.cache_clear()
