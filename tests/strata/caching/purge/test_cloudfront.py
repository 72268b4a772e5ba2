"""Invalidations end to end: boto3's requests, the emulator's control plane, and what it then says it was told."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from strata import aws
from strata.caching.purge import CloudFront, PurgeProgress, PurgeRefusedError, purge_cdn_cache
from tests.strata.caching.aws_stand_in import aws_stand_in, emulator_url

__all__ = ["aws_stand_in", "emulator_url"]


@pytest.fixture
def distribution(aws_stand_in: str) -> CloudFront:
    origin = {
        "Id": "api",
        "DomainName": "origin.example.com",
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
    }
    config = {
        "CallerReference": secrets.token_hex(8),
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "api",
            "ViewerProtocolPolicy": "https-only",
            "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        },
        "CacheTagConfig": {"HeaderName": "cache-tag"},
    }
    return CloudFront(client().create_distribution(DistributionConfig=config)["Distribution"]["Id"])


def client() -> Any:
    return aws.client("cloudfront", "us-east-1")


def batch(distribution: CloudFront, purge_id: str) -> tuple[list[str], str]:
    found = client().get_invalidation(DistributionId=distribution.distribution_id, Id=purge_id)["Invalidation"]
    assert found["InvalidationBatch"]["Paths"]["Quantity"] == len(found["InvalidationBatch"]["Paths"]["Items"])
    return found["InvalidationBatch"]["Paths"]["Items"], found["InvalidationBatch"]["CallerReference"]


def count(distribution: CloudFront) -> int:
    answer = client().list_invalidations(DistributionId=distribution.distribution_id)
    return int(answer["InvalidationList"]["Quantity"])


def test_paths_wildcards_and_tags_arrive(distribution: CloudFront) -> None:
    told: list[PurgeProgress] = []
    result = purge_cdn_cache(
        distribution,
        ["/api/v1/payments", "/api/v1/payments?limit=10&status=paid", "/api/v1/config/*"],
        ["payment:1", "tenant:acme"],
        on_progress=told.append,
    )
    first, second = result.ids
    assert batch(distribution, first)[0] == [
        "/api/v1/payments", "/api/v1/payments?limit=10&status=paid", "#payment:1", "#tenant:acme",
    ]  # fmt: skip
    assert batch(distribution, second)[0] == ["/api/v1/config/*"]
    assert (result.completed, result.paths, result.tags) == (True, 3, 2)
    assert told[-1] == PurgeProgress(2, 2, 2)


def test_same_key_makes_no_second_invalidation(distribution: CloudFront) -> None:
    results = [purge_cdn_cache(distribution, ["/a"], ["t"], idempotency_key="deploy-7") for _ in range(3)]
    assert len({result.ids for result in results}) == 1
    assert count(distribution) == 1


def test_purging_once_more_is_another_invalidation(distribution: CloudFront) -> None:
    first, second = (purge_cdn_cache(distribution, ["/a"], ["t"]) for _ in range(2))
    assert first.ids != second.ids
    assert first.idempotency_key != second.idempotency_key
    assert count(distribution) == 2


def test_largest_batch_arrives_whole(distribution: CloudFront) -> None:
    tags = [f"payment:{number}" for number in range(3000)]
    (purge_id,) = purge_cdn_cache(distribution, tags=tags).ids
    assert sorted(batch(distribution, purge_id)[0]) == sorted(f"#{tag}" for tag in tags)


def test_distribution_that_is_not_there(distribution: CloudFront) -> None:
    with pytest.raises(PurgeRefusedError, match="NoSuchDistribution") as caught:
        purge_cdn_cache(CloudFront("EMISSING"), tags=["t"])
    assert caught.value.where == {"cloudfront": "distribution EMISSING", "accepted": "0 of 1 batches"}
