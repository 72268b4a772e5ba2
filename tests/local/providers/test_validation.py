"""What is refused before anything is made, and in which words."""

from typing import Any

import pytest

from local.providers.resource import UNKNOWN
from local.providers.sdk import Sdk
from local.providers.validation import Validation

TOKEN = "aws:cloudfront/distribution:Distribution"
SDK = Sdk("pulumi_aws")
MODELLED = frozenset({"aliases", "comment", "enabled", "origins.domainName", "origins.originId", "tags"})
MODELLED |= {"defaultCacheBehavior.*", "restrictions.*", "viewerCertificate.*"}
GOOD: dict[str, Any] = {
    "enabled": True,
    "origins": [{"domainName": "api.example.com", "originId": "api"}],
    "defaultCacheBehavior": {
        "allowedMethods": ["GET"],
        "cachedMethods": ["GET"],
        "targetOriginId": "api",
        "viewerProtocolPolicy": "https-only",
    },
    "restrictions": {"geoRestriction": {"restrictionType": "none"}},
    "viewerCertificate": {"cloudfrontDefaultCertificate": True},
}


def failures(inputs: dict[str, Any]) -> list[tuple[str, str]]:
    found = Validation(SDK, TOKEN, MODELLED).failures(SDK.resource(TOKEN).inputs, inputs)
    return [(failure.property, failure.reason) for failure in found]


def test_good_inputs_pass() -> None:
    assert failures(GOOD) == []


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (
            {"coment": "x"},
            "coment",
            "no such property in the installed SDK 7.51.1; did you mean 'comment'?",
        ),
        (
            {"origins": [GOOD["origins"][0], {"domainName": "x", "originID": "b", "originId": "b"}]},
            "origins[1].originID",
            "no such property in the installed SDK 7.51.1; did you mean 'originId'?",
        ),
        ({"origins": [{"domainName": "x"}]}, "origins[0].originId", "required and missing"),
        ({"enabled": None}, "enabled", "required and missing"),
        ({"enabled": "yes"}, "enabled", "takes a boolean, not a string"),
        ({"comment": 3}, "comment", "takes a string, not a number"),
        ({"aliases": "a.example.com"}, "aliases", "takes a list, not a string"),
        ({"aliases": [True]}, "aliases[0]", "takes a string, not a boolean"),
        ({"tags": {"team": 1}}, "tags.team", "takes a string, not a number"),
        ({"viewerCertificate": []}, "viewerCertificate", "takes an object, not a list"),
        ({"priceClass": "x"}, "priceClass", f"not modelled by the local provider: {TOKEN}.priceClass"),
        (
            {"origins": [{**GOOD["origins"][0], "originPath": "/"}]},
            "origins[0].originPath",
            f"not modelled by the local provider: {TOKEN}.origins.originPath",
        ),
    ],
)
def test_one_fault_gives_one_failure(change: dict[str, Any], place: str, reason: str) -> None:
    assert failures({**GOOD, **change}) == [(place, reason)]


def test_a_name_unlike_any_other_lists_the_known_ones() -> None:
    validation = Validation(SDK, "aws:index/getCallerIdentity:getCallerIdentity", None)
    found = validation.failures(SDK.function(validation.token), {"zzz": 1})
    assert found[0].reason == "no such property in the installed SDK 7.51.1; known are id"


def test_unknown_values_pass_at_any_depth() -> None:
    assert failures({**GOOD, "comment": UNKNOWN, "origins": [UNKNOWN], "tags": {"team": UNKNOWN}}) == []


def test_every_fault_is_reported_at_once() -> None:
    assert len(failures({"enabled": "yes", "coment": "x"})) == 2 + 4
