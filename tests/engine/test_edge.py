"""The edge that `pulumi up` leaves in the account: as the contract says, with secrets that nothing records."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from strata.caching.contract import EVERYTHING, BehaviorContract, current_contract
from strata.caching.key_value_store import SECRETS_KEY, KeyValueStore
from strata.caching.reference import EdgeParameters
from tests.engine.clients import client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.environment import EngineEnvironment

pytestmark = pytest.mark.engine


def _edge(environment: EngineEnvironment) -> EdgeParameters:
    """Return what the stack wrote for those who work with its edge."""
    value = client(environment, "ssm").get_parameter(Name="/strata/local/edge")["Parameter"]["Value"]
    return EdgeParameters(**{**json.loads(value), "aliases": tuple(json.loads(value)["aliases"])})


def _secret(environment: EngineEnvironment) -> dict[str, Any]:
    answer = client(environment, "secretsmanager").get_secret_value(SecretId=_edge(environment).secret_arn)
    return dict(json.loads(answer["SecretString"]))


def _stored(environment: EngineEnvironment) -> dict[str, str] | None:
    found = _store(environment).get(SECRETS_KEY)
    return None if found is None else dict(json.loads(found))


def _store(environment: EngineEnvironment) -> KeyValueStore:
    """Return the store; the library reads the account from the process's own variables."""
    arn = _edge(environment).key_value_store_arn
    assert arn is not None
    return KeyValueStore(arn)


@pytest.fixture(autouse=True)
def _account(environment: EngineEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library reach the environment's emulator, as after ``source .strata/env``."""
    from local.variables import process_environment  # noqa: PLC0415 - beside its only use

    for name, value in process_environment(environment.home).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


def _selected(config: dict[str, Any], noun: str, members: str) -> tuple[str, ...]:
    """Return what a policy names of one kind of input, as the contract writes it."""
    chosen = config[f"{noun}Behavior"]
    if chosen in {"none", "all", "allViewer"}:
        return () if chosen == "none" else EVERYTHING
    return tuple(sorted(config[members]["Items"]))


def _inputs(policy: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    return (
        _selected(policy["HeadersConfig"], "Header", "Headers"),
        _selected(policy["QueryStringsConfig"], "QueryString", "QueryStrings"),
        _selected(policy["CookiesConfig"], "Cookie", "Cookies"),
    )


def _deployed(cloudfront: Any, behavior: dict[str, Any]) -> dict[str, Any]:
    """Return the contract's facts of a behavior as the account has them."""
    cache = cloudfront.get_cache_policy(Id=behavior["CachePolicyId"])["CachePolicy"]["CachePolicyConfig"]
    key = cache["ParametersInCacheKeyAndForwardedToOrigin"]
    answer = cloudfront.get_origin_request_policy(Id=behavior["OriginRequestPolicyId"])
    request = answer["OriginRequestPolicy"]["OriginRequestPolicyConfig"]
    answer = cloudfront.get_response_headers_policy(Id=behavior["ResponseHeadersPolicyId"])
    response = answer["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]
    headers = response.get("CustomHeadersConfig", {}).get("Items", [])
    encodings = {"br": key["EnableAcceptEncodingBrotli"], "gzip": key["EnableAcceptEncodingGzip"]}
    return {
        "methods": set(behavior["AllowedMethods"]["Items"]),
        "cached": set(behavior["AllowedMethods"]["CachedMethods"]["Items"]),
        "ttls": (cache["MinTTL"], cache["DefaultTTL"], cache["MaxTTL"]),
        "keyed": _inputs(key),
        "encodings": tuple(name for name, is_keyed in encodings.items() if is_keyed),
        "unkeyed": (EVERYTHING,) * 3 if _is_all_viewer(request) else _inputs(request),
        "viewer": next((item["Value"] for item in headers if item["Header"] == "cache-control"), None),
        "removed": [item["Header"] for item in response["RemoveHeadersConfig"]["Items"]],
    }


def _is_all_viewer(policy: dict[str, Any]) -> bool:
    return bool(policy["Name"] == "Managed-AllViewerExceptHostHeader")


def _wanted(behavior: BehaviorContract) -> dict[str, Any]:
    def ordered(*kinds: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(sorted(kind)) for kind in kinds)

    return {
        "methods": set(behavior.allowed_methods),
        "cached": set(behavior.cached_methods),
        "ttls": (behavior.min_ttl_seconds, behavior.default_ttl_seconds, behavior.max_ttl_seconds),
        "keyed": ordered(behavior.keyed_headers, behavior.keyed_query_strings, behavior.keyed_cookies),
        "encodings": behavior.keyed_encodings,
        "unkeyed": ordered(behavior.unkeyed_headers, behavior.unkeyed_query_strings, behavior.unkeyed_cookies),
        "viewer": behavior.viewer_cache_control,
        "removed": ["cache-tag", "surrogate-control", "surrogate-key"],
    }


def test_the_distribution_is_the_contract(environment: EngineEnvironment) -> None:
    """Every path pattern in its order, with the key, the TTLs and the inputs that are locked."""
    cloudfront, edge, contract = client(environment, "cloudfront"), _edge(environment), current_contract()
    config = cloudfront.get_distribution(Id=edge.distribution_id)["Distribution"]["DistributionConfig"]
    found = {each["PathPattern"]: each for each in config["CacheBehaviors"]["Items"]}
    found["*"] = config["DefaultCacheBehavior"]
    assert list(found) == [behavior.path_pattern for behavior in contract.behaviors]
    for behavior in contract.behaviors:
        assert _deployed(cloudfront, found[behavior.path_pattern]) == _wanted(behavior), behavior.path_pattern
    errors = {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in config["CustomErrorResponses"]["Items"]}
    assert errors == contract.error_ttl_seconds
    assert config["CacheTagConfig"] == {"HeaderName": "cache-tag"}


def test_each_class_has_a_function_that_reads_the_store(environment: EngineEnvironment) -> None:
    """A function's live code names the class of every path that it runs on."""
    cloudfront, edge = client(environment, "cloudfront"), _edge(environment)
    config = cloudfront.get_distribution(Id=edge.distribution_id)["Distribution"]["DistributionConfig"]
    behaviors = {each["PathPattern"]: each for each in config["CacheBehaviors"]["Items"]}
    behaviors["*"] = config["DefaultCacheBehavior"]
    for wanted in current_contract().behaviors:
        [association] = behaviors[wanted.path_pattern]["FunctionAssociations"]["Items"]
        name = association["FunctionARN"].rpartition("/")[2]
        summary = cloudfront.describe_function(Name=name, Stage="LIVE")["FunctionSummary"]["FunctionConfig"]
        assert summary["KeyValueStoreAssociations"]["Items"] == [{"KeyValueStoreARN": edge.key_value_store_arn}]
        code = cloudfront.get_function(Name=name, Stage="LIVE")["FunctionCode"].read().decode()
        assert f'"cacheClass":"{wanted.cache_class}"' in code


def test_the_outputs_name_the_edge_by_reference(environment: EngineEnvironment) -> None:
    """Outputs and parameter agree, and lead to things that are there."""
    outputs, edge = environment.outputs(), _edge(environment)
    assert outputs["edge_reference"] == "ssm:/strata/local/edge"
    assert outputs["edge_key_value_store_arn"] == edge.key_value_store_arn
    assert outputs["edge_secret_arn"] == edge.secret_arn
    assert (outputs["cdn_distribution_id"], outputs["cdn_domain_name"]) == (edge.distribution_id, edge.domain_name)
    assert outputs["access_log_bucket"] == edge.access_log_bucket


def test_the_values_are_in_both_places_and_in_no_file(environment: EngineEnvironment) -> None:
    """State, history, logs and variables of the whole environment hold neither value; outputs do not either."""
    values = _secret(environment)
    assert _stored(environment) == {"pepper": values["pepper"], "originVerify": values["origin_verify"][0]}
    searched = list(_files(environment.home.root, environment.home.emulator))
    assert any(environment.home.state in path.parents for path in searched)
    shown = [*(path.read_bytes() for path in searched), environment.pulumi("stack", "export", "--show-secrets").output]
    for value in (values["pepper"], *values["origin_verify"]):
        assert not [text for text in shown if (value.encode() if isinstance(text, bytes) else value) in text]


def _files(root: Path, emulator: Path) -> list[Path]:
    """Return every file of an environment but those of the emulator, which is where Secrets Manager is."""
    return [path for path in root.rglob("*") if path.is_file() and emulator not in path.parents]


def test_a_higher_version_rotates_and_a_lower_one_is_refused(environment: EngineEnvironment) -> None:
    """The origin goes on accepting what the function sent before; the preview shows two numbers and no value."""
    before = _secret(environment)
    _set_version(environment, 2)
    preview = environment.preview("--diff")
    assert "edge-secrets-values" in preview
    assert before["pepper"] not in preview
    deployed = environment.deploy()
    assert "edge secrets: the secrets were rotated from version 1 to 2" in deployed
    after = _secret(environment)
    assert after["origin_verify"][1:] == before["origin_verify"]
    assert after["pepper"] != before["pepper"]
    assert _stored(environment) == {"pepper": after["pepper"], "originVerify": after["origin_verify"][0]}
    environment.preview("--refresh", "--expect-no-changes")

    _set_version(environment, 1)
    refused = environment.preview(check=False)
    assert refused.code != 0
    assert "the edge's secrets are of version 2 and cannot become version 1 again" in refused
    assert "Traceback" not in refused
    _set_version(environment, 2)


def _set_version(environment: EngineEnvironment, version: int) -> None:
    environment.edit_config(lambda config: config.update({"strata:cdn": {"secretsVersion": version}}))


def test_a_store_that_lost_its_values_is_shown_and_mended(environment: EngineEnvironment) -> None:
    """The tenants' epochs beside them are nobody's drift."""
    before = _stored(environment)
    _store(environment).put({SECRETS_KEY: None, "epoch/somebodys": "3"})
    preview = environment.preview("--refresh", "--diff")
    assert "the store holds no secrets any more" in preview
    assert "the store was given what the secret holds" in environment.deploy("--refresh")
    assert _stored(environment) == before
    assert _store(environment).get("epoch/somebodys") == "3"
    environment.preview("--refresh", "--expect-no-changes")


def test_a_lost_secret_is_made_again_with_what_the_store_holds(environment: EngineEnvironment) -> None:
    """Nothing that the edge does changes: the function's values are the same."""
    before, lost = _stored(environment), _edge(environment).secret_arn
    client(environment, "secretsmanager").delete_secret(SecretId=lost, ForceDeleteWithoutRecovery=True)
    assert "the secret holds no value any more" in environment.preview("--refresh", "--diff")
    assert "the secret was given what the store holds" in environment.deploy("--refresh")
    assert _edge(environment).secret_arn != lost
    assert _stored(environment) == before
    values = _secret(environment)
    assert {"pepper": values["pepper"], "originVerify": values["origin_verify"][0]} == before
    environment.preview("--refresh", "--expect-no-changes")


def test_an_origin_that_only_the_edge_reaches_needs_no_store(environment: EngineEnvironment) -> None:
    """Functions let go of the store before it is deleted; the way back makes new secrets."""
    before = environment.home.stack_file.read_text()
    gone = _edge(environment)
    environment.edit_config(lambda config: config.update({"strata:cdn": {"keyValueStore": False}}))
    environment.deploy()
    without = _edge(environment)
    assert (without.key_value_store_arn, without.secret_arn) == (None, None)
    assert not client(environment, "cloudfront").list_key_value_stores()["KeyValueStoreList"].get("Items")
    assert "DeletedDate" in client(environment, "secretsmanager").describe_secret(SecretId=gone.secret_arn)
    assert "edge_secret_arn" not in environment.outputs()

    environment.home.stack_file.write_text(before)
    assert "edge secrets: secrets of version" in environment.deploy()
    values = _secret(environment)
    assert _stored(environment) == {"pepper": values["pepper"], "originVerify": values["origin_verify"][0]}
    environment.preview("--refresh", "--expect-no-changes")


def test_a_leaky_contract_is_refused_before_anything_is_planned(environment_of_a_copy: EngineEnvironment) -> None:
    """Somebody takes the caller out of the key: the preview names the paths and the leak, and plans nothing."""
    environment = environment_of_a_copy
    classes = environment.home.project / "strata" / "caching" / "classes.py"
    before = classes.read_text()
    classes.write_text(before.replace("return caller + language", "return language"))
    try:
        refused = environment.preview(check=False)
        classes.write_text(before.replace("max_ttl_seconds=30,", "max_ttl_seconds=60,"))
        changed = environment.preview()
    finally:
        classes.write_text(before)
    assert refused.code != 0
    assert "/api/v1/payments, /api/v1/payments/*" in refused
    assert "x-auth-hash is not in the key, so callers would see each other's answers" in refused
    assert "edit strata/caching/classes.py, then pulumi preview" in refused
    assert "Traceback" not in refused
    assert "aws:" not in refused
    assert "the cache contract is not as agreed to" in changed
    assert "max ttl seconds changed from 30 to 60\n" in changed
    assert "next: strata cache contract --write" in changed
    assert "edge-policies-user-data" in changed


def test_an_account_that_forgot_everything_gets_an_edge_again(environment: EngineEnvironment) -> None:
    """The emulator dies with store, secret and functions; up makes all of it, with new values."""
    os.kill(environment.running()["AWS emulator"], signal.SIGKILL)
    environment.up()
    values = _secret(environment)
    assert _stored(environment) == {"pepper": values["pepper"], "originVerify": values["origin_verify"][0]}
    test_the_distribution_is_the_contract(environment)
    test_each_class_has_a_function_that_reads_the_store(environment)
    environment.preview("--refresh", "--expect-no-changes")
