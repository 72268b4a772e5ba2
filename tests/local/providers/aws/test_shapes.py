"""Shapes: both spellings, live values in the program's words, and values that the model refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.providers.aws.cloudfront_distribution import SHAPE as DISTRIBUTION
from local.providers.aws.cloudfront_policies import CachePolicy
from local.providers.aws.shapes import Shape, known, paths
from local.providers.resource import UNKNOWN
from tests.local.providers.aws.cases_cloudfront import behavior, distribution, origin

KEY = "parametersInCacheKeyAndForwardedToOrigin"
NAMES = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True)


def test_paths_are_joined_with_their_parents() -> None:
    assert paths({"": "name", "origins.shield": "enabled region"}) == {
        "name",
        "origins.shield.enabled",
        "origins.shield.region",
    }


@pytest.mark.parametrize(
    ("value", "answer"), [({"a": [1]}, True), ({"a": [UNKNOWN]}, False), ([{"a": UNKNOWN}], False), (UNKNOWN, False)]
)
def test_known(value: object, answer: bool) -> None:
    assert known(value) is answer


def test_wrappers_renames_and_defaults_of_a_distribution() -> None:
    said = distribution(
        orderedCacheBehaviors=[behavior(pathPattern="/a")],
        origins=[origin(customHeaders=[{"name": "x-a", "value": "1"}])],
        restrictions={"geoRestriction": {"restrictionType": "whitelist", "locations": ["CH"]}},
        customErrorResponses=[{"errorCode": 404, "responseCode": 200, "responsePagePath": "/404"}],
    )
    sent = DISTRIBUTION.to_service(said)
    first = sent["CacheBehaviors"]["Items"][0]
    assert first["AllowedMethods"]["Quantity"] == 7
    assert first["AllowedMethods"]["CachedMethods"] == {"Quantity": 2, "Items": ["GET", "HEAD"]}
    assert first["TrustedKeyGroups"] == {"Quantity": 0, "Enabled": False}
    assert sent["Origins"]["Items"][0]["Id"] == "api"
    assert sent["Origins"]["Items"][0]["ConnectionAttempts"] == 3
    assert sent["Origins"]["Items"][0]["CustomHeaders"]["Items"] == [{"HeaderName": "x-a", "HeaderValue": "1"}]
    assert sent["Origins"]["Items"][0]["CustomOriginConfig"]["OriginReadTimeout"] == 30
    assert sent["Restrictions"]["GeoRestriction"] == {"RestrictionType": "whitelist", "Quantity": 1, "Items": ["CH"]}
    assert sent["CustomErrorResponses"]["Items"][0]["ResponseCode"] == "200"
    assert sent["Aliases"] == {"Quantity": 0}
    assert DISTRIBUTION.mirror(sent, said) == said


@given(
    header_names=NAMES,
    order=st.randoms(use_true_random=False),
    ttls=st.fixed_dictionaries({}, optional={"minTtl": st.integers(0, 9), "maxTtl": st.integers(9, 99)}),
)
def test_what_was_said_comes_back_as_it_was_said(header_names: list[str], order: Any, ttls: dict[str, int]) -> None:
    behaves = "whitelist" if header_names else "none"
    listing = {"headers": {"items": header_names}} if header_names else {}
    said = {**ttls, "name": "one", KEY: {"headersConfig": {"headerBehavior": behaves, **listing}}}
    live = CachePolicy.shape.to_service(said)
    order.shuffle(live["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"].get("Headers", {}).get("Items", []))
    assert CachePolicy.shape.mirror(live, said) == said


def test_what_the_service_changed_shows() -> None:
    said = {"name": "one", "comment": "mine", "maxTtl": 60, KEY: {"enableAcceptEncodingGzip": True}}
    live = CachePolicy.shape.to_service({**said, "maxTtl": 61, "minTtl": 1})
    del live["Comment"]
    live["ParametersInCacheKeyAndForwardedToOrigin"]["EnableAcceptEncodingBrotli"] = True
    assert CachePolicy.shape.mirror(live, said) == {
        "name": "one",
        "comment": None,
        "maxTtl": 61,
        "minTtl": 1,
        KEY: {"enableAcceptEncodingGzip": True, "enableAcceptEncodingBrotli": True},
    }


def test_lists_with_an_order_keep_it() -> None:
    paths_said = ["/b", "/a"]
    said = distribution(orderedCacheBehaviors=[behavior(pathPattern=path) for path in paths_said])
    live = DISTRIBUTION.to_service(said)
    live["CacheBehaviors"]["Items"].reverse()
    found = DISTRIBUTION.mirror(live, said)["orderedCacheBehaviors"]
    assert [each["pathPattern"] for each in found] == ["/a", "/b"]


def test_items_that_came_and_went_among_unordered_ones() -> None:
    said = distribution(aliases=["a.example.com", "b.example.com"])
    live = DISTRIBUTION.to_service(distribution(aliases=["c.example.com", "b.example.com"]))
    assert DISTRIBUTION.mirror(live, said)["aliases"] == ["b.example.com", "c.example.com"]


def test_properties_of_other_parts_are_left_out() -> None:
    assert "RetainOnDelete" not in DISTRIBUTION.to_service({"retainOnDelete": True, "tags": {"a": "b"}})


def test_values_that_the_model_refuses_are_named_with_their_place() -> None:
    shape = Shape(
        "cloudfront",
        "DistributionConfig",
        paths({"": "comment priceClass", "origins": "connectionAttempts originId"}),
        names={"origins.originId": "Id"},
        limits={"origins": (1, 1), "origins.connectionAttempts": (1, 3), "comment": (0, 2)},
    )
    found = shape.failures(
        {
            "comment": "long",
            "priceClass": "cheap",
            "origins": [{"originId": "a", "connectionAttempts": 4}, {"originId": "b", "connectionAttempts": UNKNOWN}],
        }
    )
    assert [(failure.property, failure.reason) for failure in found] == [
        ("comment", "has 4 characters; cloudfront takes 0 to 2"),
        (
            "priceClass",
            (
                "'cheap' is not a value that cloudfront takes; allowed: "
                "None, PriceClass_100, PriceClass_200, PriceClass_All"
            ),
        ),
        ("origins", "has 2 items; cloudfront takes 1 to 1"),
        ("origins[0].connectionAttempts", "is 4; cloudfront takes 1 to 3"),
    ]
