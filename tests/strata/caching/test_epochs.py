"""A tenant's epoch: it only grows, and only for this tenant."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from strata import aws
from strata.caching import key_value_store
from strata.caching.epochs import bump_tenant_epoch, tenant_epoch
from strata.caching.key_value_store import KeyValueStore, KeyValueStoreError, epoch_key
from tests.strata.caching.aws_stand_in import aws_stand_in, emulator_url

__all__ = ["aws_stand_in", "emulator_url"]


@pytest.fixture
def store_arn(aws_stand_in: str) -> str:
    made = aws.client("cloudfront", "us-east-1").create_key_value_store(Name=f"store-{secrets.token_hex(4)}")
    return str(made["KeyValueStore"]["ARN"])


def test_first_epoch_is_0_and_each_bump_adds_1(store_arn: str) -> None:
    assert tenant_epoch(store_arn, "acme") == 0
    assert [bump_tenant_epoch(store_arn, "acme") for _ in range(3)] == [1, 2, 3]
    assert tenant_epoch(store_arn, "acme") == 3


def test_other_tenants_and_secrets_stay(store_arn: str) -> None:
    KeyValueStore(store_arn).put({"secrets": "{}", epoch_key("globex"): "7"})
    bump_tenant_epoch(store_arn, "acme")
    assert tenant_epoch(store_arn, "globex") == 7
    assert KeyValueStore(store_arn).items() == {"secrets": "{}", epoch_key("globex"): "7", epoch_key("acme"): "1"}


def test_bumps_at_once_all_count(store_arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_value_store, "_FIRST_PAUSE_SECONDS", 0.002)
    with ThreadPoolExecutor(2) as pool:
        epochs = list(pool.map(lambda _: bump_tenant_epoch(store_arn, "acme"), range(10)))
    assert sorted(epochs) == list(range(1, 11))


@pytest.mark.parametrize("value", ["", "-1", "1.5", "one", "\u0661", "\u00b2"])
def test_value_that_is_no_epoch_is_kept_and_named(store_arn: str, value: str) -> None:
    KeyValueStore(store_arn).put({epoch_key("acme"): value})
    for call in (bump_tenant_epoch, tenant_epoch):
        with pytest.raises(KeyValueStoreError) as caught:
            call(store_arn, "acme")
        assert str(caught.value) == (
            f"not an epoch (store {store_arn}, key {epoch_key('acme')}); allowed: decimal digits, or no value at all"
        )
    assert KeyValueStore(store_arn).get(epoch_key("acme")) == value
