"""`strata cache purge`: what it would do, and what it does to a distribution and a KeyValueStore."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from strata.caching.epochs import bump_tenant_epoch, tenant_epoch
from strata.caching.purge import PurgeInputError, SoftPurgeUnavailableError
from strata.cli.cache_purge import NoStoreError
from strata.cli.stack_edge import NoEdgeError
from tests.strata.cli.conftest import deployed

if TYPE_CHECKING:
    from tests.strata.cli.conftest import Run


def test_a_dry_run_shows_calls_and_cost_and_sends_nothing(run: Run, edge: dict[str, Any]) -> None:
    shown = run("cache", "purge", "/api/v1/payments/*", "/api/v1/config", "--tag", "payment-7", "--dry-run").output
    assert shown.startswith("purge of 3 items on cloudfront, distribution E1EXAMPLE, in 2 calls\n")
    assert "cost: $0.000 to $0.015" in shown
    assert shown.endswith("nothing was sent\n")


def test_a_dry_run_as_json_holds_the_plan(run: Run, edge: dict[str, Any]) -> None:
    document = json.loads(run("cache", "purge", "--tag", "a", "--dry-run", "--json").output)
    assert document["result"] is document["epoch"] is None
    assert [batch["values"] for batch in document["plan"]["batches"]] == [["#a"]]
    assert document["plan"]["cost"]["at_most_usd"] == "0.005"


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        (("--provider", "cloudflare", "--zone-id", "z", "--public-url", "https://h"), ["tags", "files"]),
        (
            ("--provider", "fastly", "--service-id", "s", "--public-url", "https://h", "--soft"),
            ["surrogate_keys", "url"],
        ),
    ],
)
def test_other_providers_need_no_edge(run: Run, arguments: tuple[str, ...], kinds: list[str]) -> None:
    result = run("cache", "purge", "/x", "--tag", "a", *arguments, "--dry-run", "--json")
    assert [batch["kind"] for batch in json.loads(result.output)["plan"]["batches"]] == kinds


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("/x", "--provider", "cloudflare"),
        ("/x", "--provider", "fastly"),
        ("--tenant", "acme", "--provider", "fastly", "--service-id", "s"),
    ],
)
def test_what_is_missing_is_usage(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("cache", "purge", *arguments).exit_code == 2


def test_no_edge_is_an_error_that_says_where_one_comes_from(run: Run) -> None:
    assert isinstance(run("cache", "purge", "/x").exception, NoEdgeError)
    assert isinstance(run("cache", "purge", "--tenant", "acme").exception, NoEdgeError)


def test_a_soft_purge_of_cloudfront_is_refused(run: Run, edge: dict[str, Any]) -> None:
    assert isinstance(run("cache", "purge", "/x", "--soft").exception, SoftPurgeUnavailableError)


def test_a_token_is_taken_by_reference_only(run: Run) -> None:
    result = run("cache", "purge", "--tag", "a", "--provider", "fastly", "--service-id", "s", "--token", "secret-token")
    assert isinstance(result.exception, PurgeInputError)
    assert "secret-token" not in f"{result.output}{result.exception}"


def test_a_tenant_needs_a_store(run: Run, edge: dict[str, Any]) -> None:
    error = run("cache", "purge", "--tenant", "acme").exception
    assert isinstance(error, NoStoreError)
    assert "keyValueStore" in str(error)


def test_a_purge_reaches_the_distribution(run: Run, cloudfront: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution = deployed(cloudfront, monkeypatch)
    result = run("cache", "purge", "/api/v1/payments/*", "/api/v1/config", "--tag", "payment-7")
    assert result.exit_code == 0, result.exception
    assert "complete after" in result.output
    assert _invalidated(cloudfront, distribution) == {"/api/v1/payments/*", "/api/v1/config", "#payment-7"}


def test_the_same_key_goes_on_with_a_purge(run: Run, cloudfront: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(cloudfront, monkeypatch)
    documents = [
        json.loads(run("cache", "purge", "/x", "--idempotency-key", "k", "--no-wait", "--json").output)
        for _ in range(2)
    ]
    assert documents[0]["result"]["ids"] == documents[1]["result"]["ids"]
    assert documents[0]["result"]["completed"] is False


def test_a_tenants_epoch_is_raised_and_nothing_else(run: Run, cloudfront: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = cloudfront.create_key_value_store(Name="edge")["KeyValueStore"]["ARN"]
    distribution = deployed(cloudfront, monkeypatch, store)
    bump_tenant_epoch(store, "acme")
    assert "would be raised" in run("cache", "purge", "--tenant", "acme", "--dry-run").output
    assert tenant_epoch(store, "acme") == 1
    shown = run("cache", "purge", "--tenant", "acme").output
    assert shown.startswith("tenant acme: epoch 1 -> 2\n")
    assert (tenant_epoch(store, "acme"), tenant_epoch(store, "globex")) == (2, 0)
    assert _invalidated(cloudfront, distribution) == set()


def test_a_plan_that_is_refused_leaves_the_epoch(run: Run, cloudfront: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = cloudfront.create_key_value_store(Name="edge")["KeyValueStore"]["ARN"]
    deployed(cloudfront, monkeypatch, store)
    assert isinstance(run("cache", "purge", "not-a-path", "--tenant", "acme").exception, PurgeInputError)
    assert tenant_epoch(store, "acme") == 0
    document = json.loads(run("cache", "purge", "/x", "--tenant", "acme", "--json").output)
    assert document["epoch"] == {"tenant": "acme", "before": 0, "after": 1}
    assert document["result"]["completed"] is True


def _invalidated(cloudfront: Any, distribution: str) -> set[str]:
    found = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
    batches = [
        cloudfront.get_invalidation(DistributionId=distribution, Id=one["Id"])["Invalidation"]["InvalidationBatch"]
        for one in found
    ]
    return {path for batch in batches for path in batch["Paths"]["Items"]}
