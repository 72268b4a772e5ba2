"""The KeyValueStore's pairs, in the emulator; and its writers, against each other."""

from __future__ import annotations

import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from strata import aws
from strata.caching import key_value_store
from strata.caching.key_value_store import SECRETS_KEY, KeyValueStore, KeyValueStoreError, epoch_key
from tests.strata.caching.aws_stand_in import aws_stand_in, emulator_url
from tests.strata.caching.purge.scripted_server import json_answer, serving

__all__ = ["aws_stand_in", "emulator_url"]

ARN = "arn:aws:cloudfront::123456789012:key-value-store/a"


@pytest.fixture
def store(aws_stand_in: str) -> KeyValueStore:
    made = aws.client("cloudfront", "us-east-1").create_key_value_store(Name=f"store-{secrets.token_hex(4)}")
    return KeyValueStore(made["KeyValueStore"]["ARN"])


def test_what_is_put_is_there(store: KeyValueStore) -> None:
    store.put({SECRETS_KEY: '{"pepper": "0f"}', "epoch/a": "1"})
    assert store.get(SECRETS_KEY) == '{"pepper": "0f"}'
    assert store.items() == {SECRETS_KEY: '{"pepper": "0f"}', "epoch/a": "1"}


def test_what_is_not_there_is_none(store: KeyValueStore) -> None:
    assert store.get("epoch/a") is None
    assert store.items() == {}


def test_none_deletes_also_what_is_not_there(store: KeyValueStore) -> None:
    store.put({"a": "1", "b": "2"})
    store.put({"a": None, "c": None, "d": "4"})
    assert store.items() == {"b": "2", "d": "4"}
    store.put({"a": None})
    assert store.items() == {"b": "2", "d": "4"}


def test_what_is_not_there_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS refuses DeleteKey of a missing key, and does not say what UpdateKeys does: the emulator takes it."""
    described = json_answer({"KvsARN": ARN, "ItemCount": 0, "TotalSizeInBytes": 0, "Created": 0}, ETag="E1")
    missing = json_answer({"__type": "ResourceNotFoundException", "Message": "no"}, 404)
    with serving([described, missing]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        KeyValueStore(ARN).put({"a": None})
    assert [request.method for request in server.requests] == ["GET", "GET"]


def test_calls_to_aws_are_signed_for_all_regions() -> None:
    """AWS takes only SigV4A here, which asks for the SDK's native part."""
    sent: list[AWSPreparedRequest] = []

    def keep(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {"ETag": "E1"}, SimpleNamespace(stream=lambda: [b"{}"]))

    client = aws._client.__wrapped__(aws.KEY_VALUE_STORE, "us-east-1", None)  # no other test's
    client.meta.events.register("before-send", keep)
    client.describe_key_value_store(KvsARN=ARN)
    assert sent[0].url.startswith("https://123456789012.cloudfront-kvs.global.api.aws/key-value-stores/")
    assert sent[0].headers["Authorization"].startswith(b"AWS4-ECDSA-P256-SHA256 ")
    assert sent[0].headers["X-Amz-Region-Set"] == b"*"


def test_all_pages_are_read(store: KeyValueStore) -> None:
    pairs = {epoch_key(f"tenant-{number}"): str(number) for number in range(120)}
    for start in range(0, 120, 50):
        store.put(dict(list(pairs.items())[start : start + 50]))
    assert store.items() == pairs


def test_values_and_keys_of_the_largest_size(store: KeyValueStore) -> None:
    store.put({"k" * 512: "v" * 1024, "ä" * 256: "", "a/b?c d": "x"})
    assert store.get("k" * 512) == "v" * 1024
    assert store.get("a/b?c d") == "x"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"": "1"}, "a key of 0 bytes (store arn, key ); allowed: 1 to 512 bytes"),
        ({"ä" * 257: "1"}, f"a key of 514 bytes (store arn, key {'ä' * 64}); allowed: 1 to 512 bytes"),
        ({"a": "ä" * 513}, "a value of 1026 bytes (store arn, key a); allowed: 1024 bytes at most"),
        ({str(number): "" for number in range(51)}, "51 changes in one update (store arn); allowed: 50 at most"),
    ],
)
def test_what_a_store_cannot_hold_is_refused_before_a_call(changes: dict[str, str], text: str) -> None:
    with pytest.raises(KeyValueStoreError) as caught:
        KeyValueStore("arn").put(changes)
    assert str(caught.value) == text


def test_store_that_is_not_there(store: KeyValueStore) -> None:
    missing = KeyValueStore(f"{store.arn}-gone")
    for call in (missing.items, lambda: missing.get("a"), lambda: missing.put({"a": "secret-value"})):
        with pytest.raises(KeyValueStoreError) as caught:
            call()
        assert re.match(r"cloudfront-keyvaluestore:\w+ failed: .*ResourceNotFoundException", caught.value.what)
        assert caught.value.arn == missing.arn
        assert "secret-value" not in str(caught.value)


def test_store_that_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(KeyValueStoreError, match="DescribeKeyValueStore failed: Could not connect"):
        KeyValueStore(ARN).get("a")


def test_text_that_is_no_arn(store: KeyValueStore) -> None:
    with pytest.raises(KeyValueStoreError):
        KeyValueStore("nonsense").get("a")


def test_writers_at_once_lose_nothing(store: KeyValueStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_value_store, "_FIRST_PAUSE_SECONDS", 0.002)

    def add(_: int) -> str:
        return store.replace("n", lambda present: str(int(present or "0") + 1))

    with ThreadPoolExecutor(4) as pool:
        values = list(pool.map(add, range(24)))
    assert sorted(map(int, values)) == list(range(1, 25))
    assert store.get("n") == "24"


def test_put_overtaken_by_another_writer_is_made_again(store: KeyValueStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_value_store, "_FIRST_PAUSE_SECONDS", 0.0)
    overtaken = overtake(store, monkeypatch, times=2)
    store.put({"a": "mine"})
    assert store.items() == {"a": "mine", "other": "2"}
    assert overtaken == [1, 2]


def test_writer_that_is_always_overtaken_gives_up(store: KeyValueStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_value_store, "_FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(key_value_store, "_MAXIMUM_TRIES", 3)
    overtake(store, monkeypatch, times=99)
    with pytest.raises(KeyValueStoreError, match="other writers were first 3 times"):
        store.put({"a": "mine"})
    assert store.get("a") is None


def overtake(store: KeyValueStore, monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Let another writer change the store between a writer's reading of the version and its update."""
    version, done = KeyValueStore._version, list[int]()

    def version_and_overtake(self: KeyValueStore) -> str:
        found = version(self)
        if len(done) < times:
            done.append(len(done) + 1)
            client = aws.client(aws.KEY_VALUE_STORE, "us-east-1")
            put = {"Key": "other", "Value": str(len(done))}
            client.update_keys(KvsARN=store.arn, IfMatch=found, Puts=[put])
        return found

    monkeypatch.setattr(KeyValueStore, "_version", version_and_overtake)
    return done


@pytest.mark.parametrize(
    ("tenant", "digest"),
    [
        ("acme", "822b33ad87c148a0a20a5ba7cd5ebcaa68d36a18e7aad165554903f52ca82757"),  # printf acme | sha256sum
        ("käse", "28f37578d68271283cefa0f170127d2ec9544087515218a80d05b49f592413c9"),
    ],
)
def test_epoch_key_is_the_digest_of_the_tenant(tenant: str, digest: str) -> None:
    assert epoch_key(tenant) == f"epoch/{digest}"
