"""Data sources of the SDK's root module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.providers.plugin import CallError

if TYPE_CHECKING:
    from tests.local.providers.conformance import World

ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
REGION = "aws:index/getRegion:getRegion"


def test_the_callers_account_is_that_of_its_credentials(world: World) -> None:
    answer = world.plugin.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert world.client is not None
    assert answer["accountId"] == world.client("sts").get_caller_identity()["Account"]
    assert answer["arn"].startswith(f"arn:aws:iam::{answer['accountId']}:")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({}, "eu-west-1"),
        ({"name": "us-east-1"}, "us-east-1"),
        ({"endpoint": "ec2.eu-west-2.amazonaws.com"}, "eu-west-2"),
    ],
)
def test_regions(world: World, arguments: dict[str, str], name: str) -> None:
    answer = world.plugin.invoke(REGION, arguments)
    assert (answer["name"], answer["region"], answer["endpoint"]) == (name, name, f"ec2.{name}.amazonaws.com")


def test_an_endpoint_of_no_region(world: World) -> None:
    with pytest.raises(CallError, match=f"^{REGION}: no region has the endpoint example.com$"):
        world.plugin.invoke(REGION, {"endpoint": "example.com"})


def test_the_partition(world: World) -> None:
    answer = world.plugin.invoke("aws:index/getPartition:getPartition", {})
    assert (answer["partition"], answer["dnsSuffix"], answer["reverseDnsPrefix"]) == (
        "aws",
        "amazonaws.com",
        "com.amazonaws",
    )


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"state": "available", "excludeNames": ["eu-west-1b"]}, ["eu-west-1a", "eu-west-1c"]),
        ({"excludeZoneIds": ["euw1-az1"]}, ["eu-west-1b", "eu-west-1c"]),
        (
            {"filters": [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]},
            ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
        ),
        ({"filters": [{"name": "zone-name", "values": ["eu-west-1c"]}]}, ["eu-west-1c"]),
        ({"state": "impaired"}, []),
        ({"region": "us-east-1", "filters": [{"name": "zone-id", "values": ["use1-az1"]}]}, ["us-east-1a"]),
    ],
)
def test_zones(world: World, arguments: dict[str, object], names: list[str]) -> None:
    answer = world.plugin.invoke(ZONES, arguments)
    assert answer["names"] == names
    assert len(answer["zoneIds"]) == len(names)


def test_an_unmodelled_filter_of_zones(world: World) -> None:
    with pytest.raises(CallError, match="no filter 'colour' is modelled; allowed are group-name, opt-in-status"):
        world.plugin.invoke(ZONES, {"filters": [{"name": "colour", "values": ["red"]}]})
