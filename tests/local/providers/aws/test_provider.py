"""The AWS provider's configuration, regions and default tags, over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.providers.aws.provider import Aws
from local.providers.resource import UNKNOWN
from tests.local.providers.plugin import Resource

if TYPE_CHECKING:
    from local.providers.resource import Properties
    from tests.local.providers.conformance import World

PARAMETER = "aws:ssm/parameter:Parameter"
INPUTS = {"type": "String", "name": "n", "insecureValue": "v"}


@pytest.fixture
def aws() -> Aws:
    provider = Aws()
    provider.configure({"region": "eu-west-1", "defaultTags": '{"tags": {"project": "strata", "team": "data"}}'})
    return provider


@pytest.mark.parametrize(
    "config",
    [
        {"region": "eu-west-1", "version": "7.51.1"},
        {"region": "eu-west-1", "skipCredentialsValidation": "true", "maxRetries": "3"},
        {"region": "eu-west-1", "endpoints": '[{"s3": "http://localhost:1"}]', "s3UsePathStyle": "true"},
        {"region": UNKNOWN, "defaultTags": UNKNOWN},
    ],
)
def test_configuration_that_is_taken(config: Properties) -> None:
    assert Aws().check_config(config) == []


@pytest.mark.parametrize(
    ("config", "place", "reason"),
    [
        (
            {"region": "eu-west-1", "regon": "x"},
            "regon",
            "no such property in the installed SDK 7.51.1; did you mean 'region'?",
        ),
        (
            {"region": "eu-west-1", "assumeRoles": '[{"roleArn": "x"}]'},
            "assumeRoles",
            "not modelled by the local provider: pulumi:providers:aws.assumeRoles",
        ),
        (
            {"region": "eu-west-1", "skipCredentialsValidation": '"maybe"'},
            "skipCredentialsValidation",
            "takes a boolean, not a string",
        ),
        ({}, "region", "missing; set aws:region, or AWS_REGION in the environment"),
    ],
)
def test_configuration_that_is_refused(
    config: Properties, place: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    assert [(each.property, each.reason) for each in Aws().check_config(config)] == [(place, reason)]


def test_the_environments_region_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    provider = Aws()
    assert provider.check_config({}) == []
    provider.configure({})
    assert provider.region == "eu-central-1"


def test_own_tags_go_over_default_tags(aws: Aws) -> None:
    assert aws.tags({"tags": {"team": "payments"}}) == {"project": "strata", "team": "payments"}
    assert aws.tags({}) == {"project": "strata", "team": "data"}


def test_live_tags_are_taken_apart_again(aws: Aws) -> None:
    live = {"tags": {"project": "strata", "team": "other", "by": "hand"}}
    assert aws.mirrored(live, {}) == {"tags": {"team": "other", "by": "hand"}, "tagsAll": live["tags"]}
    assert aws.mirrored(live, {"tags": {"project": "strata"}})["tags"] == live["tags"]


@pytest.mark.parametrize(("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn")])
def test_the_partition_follows_the_region(region: str, partition: str) -> None:
    provider = Aws()
    provider.configure({"region": region})
    assert provider.partition == partition


def test_clients_are_kept_by_service_and_region(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
    assert aws.client("ssm") is aws.client("ssm", "eu-west-1")
    assert aws.client("ssm", "us-east-1").meta.region_name == "us-east-1"


def test_a_resource_may_name_its_region(world: World) -> None:
    resource = world.plugin.create(PARAMETER, {**INPUTS, "region": "us-east-1"})
    assert resource.outputs["arn"].startswith("arn:aws:ssm:us-east-1:")
    live = world.plugin.read(resource)
    assert live is not None
    assert live.inputs["region"] == "us-east-1"
    world.plugin.delete(resource)
    assert world.plugin.read(resource) is None


def test_a_change_of_default_tags_is_a_change_of_every_resource(world: World) -> None:
    made = world.plugin.create(PARAMETER, INPUTS)
    earlier = Resource(made.token, made.name, made.id, made.inputs, {**made.outputs, "tagsAll": {"project": "old"}})
    assert world.plugin.diff(earlier, made.inputs).kinds == {"tagsAll": "UPDATE"}


def test_a_service_that_is_away_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENDPOINT_URL": "http://localhost:1", "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    provider = Aws()
    provider.configure({"region": "eu-west-1"})
    with pytest.raises(Exception, match="Could not connect") as caught:
        provider.client("sts").get_caller_identity()
    assert provider.explain(caught.value) == 'Could not connect to the endpoint URL: "http://localhost:1/"'
    assert provider.explain(KeyError("x")) is None
