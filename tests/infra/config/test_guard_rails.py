"""What staging and production must have, whatever their stacks are called."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config import ConfigError, load
from strata.environments.names import PURPOSES, WORDS, purpose_of

PRODUCTION: dict[str, Any] = {
    "aws:region": "eu-central-1",
    "strata:tenants": [{"id": "acme", "state": "offboarding"}],
    "strata:database": {"multiAz": True, "backupRetentionDays": 7},
    "strata:api": {"originDomain": "api.example.com"},
    "strata:cdn": {
        "aliases": ["api.example.com"],
        "hostedZoneId": "Z123",
        "corsOrigins": ["https://app.example.com"],
    },
}
STAGING: dict[str, Any] = {
    "aws:region": "eu-central-1",
    "strata:tenants": [{"id": "acme", "state": "offboarding", "onRemove": "drop", "confirm": "acme"}],
    "strata:database": {"multiAz": False, "backupRetentionDays": 1},
    "strata:api": {"originDomain": "api.example.com"},
    "strata:cdn": {"corsOrigins": ["http://localhost:5173"]},
}
DROPPED = [{"id": "acme", "state": "offboarding", "onRemove": "drop", "confirm": "acme"}]


def problems(stack: str, raw: dict[str, Any]) -> list[str]:
    try:
        load(stack, raw, f"Pulumi.{stack}.yaml")
    except ConfigError as error:
        return [f"{one.key}: {one.what}; allowed: {one.allowed}" for one in error.problems]
    return []


def changed(raw: dict[str, Any], section: str, key: str | None, value: Any) -> dict[str, Any]:
    """Return the config with one key set, or left out where the value is None."""
    result = deepcopy(raw)
    if key is None:
        result[section] = value
    elif value is None:
        del result[section][key]
    else:
        result[section][key] = value
    return result


SHARED = [
    ("strata:database", "sslMode", "require", "strata:database.sslMode: is require; allowed: in {}: verify-full"),
    ("strata:database", "sslMode", "verify-ca", "strata:database.sslMode: is verify-ca; allowed: in {}: verify-full"),
    (
        "strata:database",
        "deletionProtection",
        False,
        "strata:database.deletionProtection: is false; allowed: in {}: true",
    ),
    (
        "strata:api",
        "originProtocol",
        "http",
        "strata:api.originProtocol: tokens would travel in the clear; allowed: in {}: https",
    ),
]
OF_STAGING = [
    *SHARED,
    (
        "strata:database",
        "backupRetentionDays",
        0,
        "strata:database.backupRetentionDays: is 0; allowed: in {}: 1 to 35",
    ),
]
OF_PRODUCTION = [
    *SHARED,
    (
        "strata:database",
        "backupRetentionDays",
        6,
        "strata:database.backupRetentionDays: is 6; allowed: in {}: 7 to 35",
    ),
    (
        "strata:database",
        "backupRetentionDays",
        0,
        "strata:database.backupRetentionDays: is 0; allowed: in {}: 7 to 35",
    ),
    ("strata:database", "multiAz", None, "strata:database.multiAz: is false; allowed: in {}: true"),
    (
        "strata:cdn",
        None,
        {},
        (
            "strata:cdn.aliases: is missing, so CloudFront would use its own certificate, which allows TLS 1.0; "
            "allowed: in {}: aliases, and certificateArn or hostedZoneId"
        ),
    ),
    (
        "strata:cdn",
        "corsOrigins",
        ["http://app.example.com"],
        (
            "strata:cdn.corsOrigins: 'http://app.example.com' is a page that anybody on its network may change; "
            "allowed: in {}: https://"
        ),
    ),
    (
        "strata:tenants",
        None,
        DROPPED,
        (
            "strata:tenants: 'acme' has onRemove: drop, which deletes rows without an archive; "
            "allowed: in {}: onRemove: archive"
        ),
    ),
]


@pytest.mark.parametrize(("section", "key", "value", "problem"), OF_STAGING)
def test_staging_is_refused_with_the_key_to_set(section: str, key: str | None, value: Any, problem: str) -> None:
    assert problems("staging", STAGING) == []
    assert problems("staging", changed(STAGING, section, key, value)) == [problem.format("staging")]
    assert problems("dev", changed(STAGING, section, key, value)) == []


@pytest.mark.parametrize("stack", ["prod", "prod-2", "eu-prod", "production", "live-eu", "pre-prod"])
@pytest.mark.parametrize(("section", "key", "value", "problem"), OF_PRODUCTION)
def test_production_is_refused_with_the_key_to_set(
    stack: str, section: str, key: str | None, value: Any, problem: str
) -> None:
    assert problems(stack, PRODUCTION) == []
    assert problems(stack, changed(PRODUCTION, section, key, value)) == [problem.format("production")]
    assert problems("dev", changed(PRODUCTION, section, key, value)) == []


def test_an_instance_that_is_there_is_not_the_stacks_to_protect() -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x"
    there = {"endpoint": "d", "port": 5432, "database": "d", "resourceId": "db-A", "masterSecretArn": arn}
    assert problems("prod", changed(PRODUCTION, "strata:database", None, {"existing": there})) == []
    unchecked = {"existing": there, "sslMode": "require"}
    assert problems("prod", changed(PRODUCTION, "strata:database", None, unchecked)) == [
        "strata:database.sslMode: is require; allowed: in production: verify-full"
    ]


def test_a_cell_without_an_edge_needs_no_alias() -> None:
    """One stack of many has the distribution (an account has 20 cache policies)."""
    raw = {**PRODUCTION, "strata:cdn": {"enabled": False}}
    assert problems("prod-2", raw) == []


def test_a_name_that_says_nothing_needs_the_key() -> None:
    needed = (
        "strata:purpose: is missing, and the name eu-1 does not say what the stack is for; "
        "allowed: development, staging, production"
    )
    assert problems("eu-1", PRODUCTION) == [needed]
    assert problems("eu-1", {**PRODUCTION, "strata:purpose": "byName"}) == [needed]
    assert problems("eu-1", {**PRODUCTION, "strata:purpose": "production"}) == []
    assert problems("eu-1", {**STAGING, "strata:purpose": "development"}) == []
    assert len(problems("eu-1", {**STAGING, "strata:purpose": "production"})) == 5


def test_a_name_is_not_talked_out_of_its_purpose_but_into_a_stricter_one() -> None:
    said = "allowed: production, or a name that does not say so"
    for purpose in ("development", "staging"):
        assert problems("prod-2", {**PRODUCTION, "strata:purpose": purpose}) == [
            f"strata:purpose: is {purpose}, and the name prod-2 says production; {said}"
        ]
    assert load("dev", {**PRODUCTION, "strata:purpose": "production"}, "Pulumi.dev.yaml").purpose == "production"


def test_a_purpose_that_there_is_not_is_refused() -> None:
    assert problems("dev", {**PRODUCTION, "strata:purpose": "prod"}) == [
        "strata:purpose: 'prod' is unknown; allowed: development, staging, production or byName"
    ]
    assert problems("dev", {**PRODUCTION, "strata:purpose": ["production"]})


NAMES = st.lists(
    st.sampled_from([*(word for words in WORDS.values() for word in words), "eu", "2", "cell"]), min_size=1
)


@given(NAMES.map("-".join))
def test_the_strictest_word_of_a_name_counts(name: str) -> None:
    """Whatever stands around it."""
    said = [purpose for purpose, words in WORDS.items() if words & set(name.split("-"))]
    assert purpose_of(name) == (max(said, key=PURPOSES.index) if said else None)
