"""The edge's secrets in the emulator's Secrets Manager and KeyValueStore: made, kept in step, rotated, recovered."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from strata.caching import edge_secrets
from strata.caching.edge_secrets import EdgeSecretsError, converge, drift, remove
from strata.caching.key_value_store import SECRETS_KEY, KeyValueStore, KeyValueStoreError
from tests.local.providers.conftest import emulator_url  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"
MADE = "secrets of version 1 were made"
STORED = "the store was given what the secret holds"


@dataclass
class Places:
    """A secret without a value and an empty store."""

    secret_arn: str
    store_arn: str
    client: Any

    def secret(self) -> dict[str, Any]:
        return json.loads(self.client.get_secret_value(SecretId=self.secret_arn)["SecretString"])

    def put(self, text: str) -> None:
        self.client.put_secret_value(SecretId=self.secret_arn, SecretString=text)

    def stored(self) -> dict[str, Any] | None:
        found = KeyValueStore(self.store_arn).get(SECRETS_KEY)
        return None if found is None else json.loads(found)

    def lose_store(self) -> None:
        KeyValueStore(self.store_arn).put({SECRETS_KEY: None})


@pytest.fixture
def places(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Places]:  # noqa: F811 - the fixture
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    name = f"edge-{secrets.token_hex(4)}"
    client = boto3.client("secretsmanager", region_name=REGION, endpoint_url=emulator_url)
    stores = boto3.client("cloudfront", region_name=REGION, endpoint_url=emulator_url)
    yield Places(
        secret_arn=client.create_secret(Name=name)["ARN"],
        store_arn=stores.create_key_value_store(Name=name)["KeyValueStore"]["ARN"],
        client=client,
    )
    client.close()
    stores.close()


def converged(places: Places, version: int = 1) -> tuple[str, ...]:
    return converge(places.secret_arn, places.store_arn, version)


def test_both_places_get_the_same_new_values(places: Places) -> None:
    assert converged(places) == (MADE, STORED)
    values = places.secret()
    assert places.stored() == {"pepper": values["pepper"], "originVerify": values["origin_verify"][0]}
    assert values["version"] == 1
    assert len(values["origin_verify"]) == 1
    for value in (values["pepper"], values["origin_verify"][0]):
        assert re.fullmatch("[0-9a-f]{64}", value)
    assert values["pepper"] != values["origin_verify"][0]


def test_a_second_time_changes_nothing(places: Places) -> None:
    converged(places)
    before = places.secret()
    assert converged(places) == ()
    assert places.secret() == before
    assert drift(places.secret_arn, places.store_arn, 1) is None


def test_what_somebody_put_there_is_adopted(places: Places) -> None:
    places.put(json.dumps({"pepper": "ab" * 32, "origin_verify": ["cd" * 32]}))
    assert converged(places) == ("the secrets that were there were adopted as version 1", STORED)
    assert places.secret() == {"pepper": "ab" * 32, "origin_verify": ["cd" * 32], "version": 1}
    assert places.stored() == {"pepper": "ab" * 32, "originVerify": "cd" * 32}


def test_a_rotation_keeps_the_one_before_for_the_origin(places: Places) -> None:
    converged(places)
    first = places.secret()
    assert converged(places, 2) == ("the secrets were rotated from version 1 to 2", STORED)
    second = places.secret()
    assert second["origin_verify"][1] == first["origin_verify"][0]
    assert second["origin_verify"][0] not in first["origin_verify"]
    assert second["pepper"] != first["pepper"]
    assert places.stored() == {"pepper": second["pepper"], "originVerify": second["origin_verify"][0]}
    converged(places, 3)
    assert places.secret()["origin_verify"][1:] == [second["origin_verify"][0]]


@pytest.mark.parametrize("version", [1, 2])
def test_a_run_killed_between_the_writes_is_finished_by_the_next(
    places: Places, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The origin must not lose the value that the function still sends: the second run does not rotate again."""
    if version > 1:
        converged(places)
    sent = places.stored()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(KeyValueStore, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            converged(places, version)
    between = places.secret()
    assert places.stored() == sent
    assert sent is None or sent["originVerify"] in between["origin_verify"]
    assert converged(places, version) == (STORED,)
    assert places.secret() == between
    assert places.stored() == {"pepper": between["pepper"], "originVerify": between["origin_verify"][0]}


def test_a_store_that_lost_its_values_gets_them_back(places: Places) -> None:
    converged(places)
    before = places.stored()
    places.lose_store()
    assert drift(places.secret_arn, places.store_arn, 1) == "the store holds no secrets any more"
    assert converged(places) == (STORED,)
    assert places.stored() == before


def test_a_store_with_other_values_is_put_right(places: Places) -> None:
    converged(places)
    before = places.stored()
    KeyValueStore(places.store_arn).put({SECRETS_KEY: '{"pepper": "", "originVerify": "known"}'})
    assert drift(places.secret_arn, places.store_arn, 1) == "the store holds other values than the secret"
    assert converged(places) == (STORED,)
    assert places.stored() == before


def test_a_lost_secret_gets_what_the_store_holds(places: Places) -> None:
    converged(places)
    stored = places.stored()
    places.client.delete_secret(SecretId=places.secret_arn, ForceDeleteWithoutRecovery=True)
    assert drift(places.secret_arn, places.store_arn, 1) == "the secret holds no value any more"
    places.secret_arn = places.client.create_secret(Name=f"again-{secrets.token_hex(4)}")["ARN"]
    assert converged(places) == ("the secret was given what the store holds",)
    assert places.secret() == {"pepper": stored["pepper"], "origin_verify": [stored["originVerify"]], "version": 1}
    assert places.stored() == stored


def test_a_lost_secret_may_be_rotated_at_once(places: Places) -> None:
    """Who deletes a secret that leaked and asks for the next version must not get the leaked values back."""
    converged(places)
    stored = places.stored()
    places.client.delete_secret(SecretId=places.secret_arn, ForceDeleteWithoutRecovery=True)
    places.secret_arn = places.client.create_secret(Name=f"again-{secrets.token_hex(4)}")["ARN"]
    done = converge(places.secret_arn, places.store_arn, 2, deployed=1)
    assert done == ("the secrets were rotated from version 1 to 2", STORED)
    assert places.secret()["origin_verify"][1:] == [stored["originVerify"]]
    assert stored["pepper"] not in (places.secret()["pepper"], places.stored()["pepper"])


def test_a_secret_that_waits_for_its_deletion_is_gone(places: Places) -> None:
    converged(places)
    places.client.delete_secret(SecretId=places.secret_arn, RecoveryWindowInDays=7)
    assert drift(places.secret_arn, places.store_arn, 1) == "the secret holds no value any more"


def test_a_store_that_is_gone_is_drift(places: Places) -> None:
    converged(places)
    gone = places.store_arn + "-gone"
    assert drift(places.secret_arn, gone, 1) == "the store holds no secrets any more"
    with pytest.raises(KeyValueStoreError):
        converge(places.secret_arn, gone, 1)


def test_a_newer_version_is_not_taken_back(places: Places) -> None:
    converged(places, 3)
    with pytest.raises(EdgeSecretsError) as refusal:
        converged(places, 2)
    assert str(refusal.value) == (
        f"the secret holds version 3, which is newer than version 2 (secret {places.secret_arn}); "
        "allowed: strata:cdn.secretsVersion 3 or more; next: pulumi up, with that version in the stack file"
    )
    assert drift(places.secret_arn, places.store_arn, 2) == "the secret holds version 3, and 2 was deployed"


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        '["hunter2"]',
        '{"password": "hunter2"}',
        '{"pepper": "hunter2", "origin_verify": []}',
        '{"pepper": "hunter2", "origin_verify": ["hunter2"], "version": "1"}',
        json.dumps({"pepper": "ab" * 32, "origin_verify": ["ab" * 32, "hunter2"]}),
        json.dumps({"pepper": "AB" * 32, "origin_verify": ["ab" * 32], "note": "hunter2"}),
    ],
)
def test_something_else_in_the_secret_is_left_alone_and_not_shown(places: Places, text: str) -> None:
    places.put(text)
    with pytest.raises(EdgeSecretsError, match="holds something else than the edge's secrets") as refusal:
        converged(places)
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__context__ is None or refusal.value.__suppress_context__
    assert places.client.get_secret_value(SecretId=places.secret_arn)["SecretString"] == text


def test_bytes_in_the_secret_are_left_alone(places: Places) -> None:
    places.client.put_secret_value(SecretId=places.secret_arn, SecretBinary=b"1")
    with pytest.raises(EdgeSecretsError, match="holds something else than the edge's secrets"):
        converged(places)


def test_the_values_leave_the_store_and_that_twice(places: Places) -> None:
    converged(places)
    remove(places.store_arn)
    assert places.stored() is None
    remove(places.store_arn)
    remove(places.store_arn + "-gone")


def test_a_service_out_of_reach_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:edge"
    with pytest.raises(EdgeSecretsError, match="secretsmanager:GetSecretValue failed: Could not connect"):
        drift(arn, "arn:aws:cloudfront::123456789012:key-value-store/edge", 1)


def test_values_do_not_show() -> None:
    values = edge_secrets.EdgeSecrets("a" * 64, ("b" * 64,), 1)
    assert "aaaa" not in repr(values)
    assert "bbbb" not in repr(values)
