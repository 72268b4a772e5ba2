"""Batches: never above a provider's limits, nothing lost, nothing twice; and what they cost."""

from __future__ import annotations

import socket
from decimal import Decimal
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.caching.purge import (
    Cloudflare,
    CloudFront,
    Fastly,
    PurgeInputError,
    PurgeItem,
    SoftPurgeUnavailableError,
    plan_purge,
)
from strata.caching.purge.cloudflare import LIMITS, AccountPlan

if TYPE_CHECKING:
    from strata.caching.purge import Provider, PurgePlan

PUBLIC_URL = "https://www.example.com"
COUNTS = st.one_of(st.integers(0, 40), st.integers(0, 7000))
PROPERTY = settings(max_examples=60, deadline=None)


def paths(count: int) -> list[str]:
    return [f"/api/{number}" for number in range(count)]


def wildcards(count: int) -> list[str]:
    return [f"/api/{number}/*" for number in range(count)]


def tags(count: int) -> list[str]:
    return [f"payment:{number}" for number in range(count)]


def items(path_count: int, wildcard_count: int, tag_count: int) -> list[PurgeItem]:
    return [
        *(PurgeItem("path", text) for text in paths(path_count)),
        *(PurgeItem("wildcard", text) for text in wildcards(wildcard_count)),
        *(PurgeItem("tag", text) for text in tags(tag_count)),
    ]


def plan(provider: Provider, path_count: int, wildcard_count: int, tag_count: int, soft: bool = False) -> PurgePlan:
    made = plan_purge(provider, paths(path_count) + wildcards(wildcard_count), tags(tag_count), soft)
    assert sorted(made.items) == sorted(items(path_count, wildcard_count, tag_count))
    for batch in made.batches:
        assert len(batch.items) == len(batch.values) == len(set(batch.values)) > 0
    return made


@PROPERTY
@given(COUNTS, st.integers(0, 60), COUNTS)
def test_cloudfront_stays_under_its_limits(path_count: int, wildcard_count: int, tag_count: int) -> None:
    made = plan(CloudFront("E1"), path_count, wildcard_count, tag_count or 1)
    for batch in made.batches:
        found_wildcards = sum(value.endswith("*") for value in batch.values)
        assert found_wildcards <= 15
        assert len(batch.values) - found_wildcards <= 3000
        assert batch.spacing_seconds >= max(found_wildcards, (len(batch.values) - found_wildcards) / 150)
    assert {value for batch in made.batches for value in batch.values if value.startswith("#")} == {
        f"#{tag}" for tag in tags(tag_count or 1)
    }


@PROPERTY
@given(COUNTS, st.integers(0, 200), COUNTS, st.sampled_from(get_args(AccountPlan)), st.booleans())
def test_cloudflare_stays_under_its_limits(
    path_count: int, wildcard_count: int, tag_count: int, account_plan: AccountPlan, soft: bool
) -> None:
    provider = Cloudflare("zone", "env:TOKEN", PUBLIC_URL, account_plan)
    made = plan(provider, path_count, wildcard_count, tag_count or 1, soft)
    limits = LIMITS[account_plan]
    most = {"tags": 100, "files": limits.urls_per_request, "prefixes": 30, "hosts": 100}
    bucket = float(limits.bucket_requests)
    for batch in made.batches:
        assert len(batch.values) <= most[batch.kind]
        assert bucket >= 1 - 1e-6, "the account's token bucket is empty"
        bucket = min(bucket - 1 + batch.spacing_seconds * limits.requests_per_second, limits.bucket_requests)
        if batch.kind == "files":
            assert batch.spacing_seconds >= len(batch.values) / limits.urls_per_second


@PROPERTY
@given(st.integers(0, 50), COUNTS, st.booleans())
def test_fastly_stays_under_its_limits(path_count: int, tag_count: int, soft: bool) -> None:
    made = plan(Fastly("service", "env:TOKEN", PUBLIC_URL), path_count, 0, tag_count or 1, soft)
    for batch in made.batches:
        assert len(batch.values) <= (256 if batch.kind == "surrogate_keys" else 1)


def test_cloudfront_takes_tags_that_differ_in_case_for_one() -> None:
    assert len(plan_purge(CloudFront("E1"), [], ["Payment:1", "payment:1"]).items) == 1


def test_cloudflare_purges_everything_below_the_root_by_host() -> None:
    batches = plan_purge(Cloudflare("zone", "env:TOKEN", "https://WWW.example.com/"), ["/*", "/a/*"]).batches
    assert [(batch.kind, batch.values) for batch in batches] == [
        ("prefixes", ("www.example.com/a/",)),
        ("hosts", ("www.example.com",)),
    ]


@pytest.mark.parametrize(
    ("count", "at_least", "at_most"),
    [(1, "0", "0.005"), (1000, "0", "5"), (1001, "0.005", "5.005"), (3000, "10", "15")],
)
def test_cloudfront_costs_its_list_price(count: int, at_least: str, at_most: str) -> None:
    cost = plan_purge(CloudFront("E1"), tags=tags(count)).cost
    assert (cost.at_least_usd, cost.at_most_usd) == (Decimal(at_least), Decimal(at_most))
    assert cost.source == (
        "CloudFront: 1,000 paths or tags free per account and month, then $0.005 each (list price, November 2026)"
    )


@pytest.mark.parametrize("provider", [Cloudflare("zone", "env:TOKEN"), Fastly("service", "env:TOKEN")])
def test_others_cost_nothing_and_say_so(provider: Provider) -> None:
    cost = plan_purge(provider, tags=tags(5000)).cost
    assert cost.at_least_usd == cost.at_most_usd == 0
    assert provider.name in cost.source.lower()


def test_cloudfront_has_no_soft_purge() -> None:
    with pytest.raises(SoftPurgeUnavailableError) as caught:
        plan_purge(CloudFront("E1"), tags=["t"], soft=True)
    assert str(caught.value) == (
        "CloudFront has no soft purge (distribution E1); allowed: a hard purge; stale-while-revalidate from the origin "
        "serves stale answers after a TTL"
    )


@pytest.mark.parametrize(
    ("provider", "path", "text"),
    [
        (
            Fastly("service", "env:TOKEN", PUBLIC_URL),
            "/a/*",
            "Fastly purges no wildcards (path /a/*); allowed: single paths; or a tag for many",
        ),
        (
            Cloudflare("zone", "env:TOKEN", PUBLIC_URL),
            "/a*",
            (
                "Cloudflare purges by whole path segments (path /a*); allowed: a wildcard after a slash, such as "
                "/reports/*; or a tag"
            ),
        ),
        (
            Cloudflare("zone", "env:TOKEN"),
            "/a",
            (
                "purging paths on cloudflare needs the public URL of the cache (public_url None); allowed: "
                "https://HOST, as viewers write it; or tags, which need none"
            ),
        ),
        (
            Fastly("service", "env:TOKEN", "https://www.example.com/api"),
            "/a",
            (
                "purging paths on fastly needs the public URL of the cache (public_url https://www.example.com/api); "
                "allowed: https://HOST, as viewers write it; or tags, which need none"
            ),
        ),
    ],
)
def test_what_a_provider_cannot_purge_is_refused(provider: Provider, path: str, text: str) -> None:
    with pytest.raises(PurgeInputError) as caught:
        plan_purge(provider, [path])
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "provider",
    [CloudFront("E1"), Cloudflare("zone", "env:UNSET", PUBLIC_URL), Fastly("service", "env:UNSET", PUBLIC_URL)],
)
def test_plan_needs_neither_network_nor_credentials(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "UNSET"):
        monkeypatch.delenv(name, raising=False)

    def refused(*_: object) -> None:
        raise AssertionError("a plan opened a socket")

    monkeypatch.setattr(socket, "socket", refused)
    assert plan_purge(provider, ["/a"], ["t"]).batches
