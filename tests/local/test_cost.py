"""The cost page: its sums follow from the config, and its counts from what the program really makes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from infra.config import load
from local.cost import page
from local.cost.estimate import HOURS_PER_MONTH, alarm_count, fixed_lines, key_count, metric_count, secret_count
from local.cost.prices import INSTANCE_HOUR, LEFT_OUT, PRICES
from strata.caching.metric_names import HIT_RATIO, REQUESTS

if TYPE_CHECKING:
    from infra.config import StackConfig


def config(region: str = "eu-central-1", **sections: object) -> StackConfig:
    raw = {"aws:region": region, "strata:api": {"originDomain": "api.example.com"}}
    return load("dev", {**raw, **{f"strata:{key}": value for key, value in sections.items()}}, "Pulumi.dev.yaml")


def dollars(stack: StackConfig) -> dict[str, float]:
    return {line.what: round(line.usd, 2) for line in fixed_lines(stack)}


def test_two_zones_cost_twice_the_instance_and_its_storage() -> None:
    one = dollars(config(database={"instanceClass": "db.t4g.medium", "allocatedStorageGib": 100}))
    two = dollars(config(database={"instanceClass": "db.t4g.medium", "allocatedStorageGib": 100, "multiAz": True}))
    assert one["db.t4g.medium in one zone"] == round(HOURS_PER_MONTH * 0.065, 2)
    assert two["db.t4g.medium in two zones"] == 2 * one["db.t4g.medium in one zone"]
    assert (one["100 GiB of storage in one zone"], two["100 GiB of storage in two zones"]) == (11.5, 23.0)


def test_a_class_without_a_price_is_no_free_instance() -> None:
    (line, *_) = fixed_lines(config(database={"instanceClass": "db.m7g.large"}))
    assert line.price is None
    assert "Not in the sum, since no price is known: db.m7g.large in one zone." in "\n".join(page._bill([line]))


def test_a_price_on_which_sources_disagree_stays_a_range() -> None:
    (line, *_) = fixed_lines(config(database={"instanceClass": "db.r7g.xlarge"}))
    assert line.usd < line.most_usd
    assert page._sum([line]) == "332.88 to 367.92"


def test_an_existing_instance_costs_this_stack_nothing() -> None:
    existing = {
        "endpoint": "x.rds.amazonaws.com",
        "port": 5432,
        "database": "payments",
        "resourceId": "db-OLD",
        "masterSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:there",
    }
    assert not any("db." in what or "storage" in what for what in dollars(config(database={"existing": existing})))


@pytest.mark.parametrize(
    ("sections", "keys", "secrets", "alarms", "metrics"),
    [
        ({}, 6, 2, 11, 7),
        ({"region": "us-east-1"}, 5, 2, 11, 7),
        ({"alarms": {"enabled": False}}, 4, 2, 11, 7),
        ({"cdn": {"enabled": False}}, 3, 1, 8, 1),
        ({"cdn": {"keyValueStore": False}}, 5, 1, 11, 7),
    ],
)
def test_what_is_counted(sections: dict[str, object], keys: int, secrets: int, alarms: int, metrics: int) -> None:
    stack = config(**sections)  # type: ignore[arg-type]  # region is text, the rest are mappings
    assert (key_count(stack), secret_count(stack), alarm_count(stack), metric_count(stack)) == (
        keys,
        secrets,
        alarms,
        metrics,
    )
    assert len({HIT_RATIO, REQUESTS}) == 2


def test_alarms_that_are_off_are_not_charged() -> None:
    assert "alarms" not in dollars(config(alarms={"enabled": False}))


def test_every_price_has_a_date_and_a_source_and_is_used() -> None:
    for price in [*INSTANCE_HOUR.values(), *PRICES.values()]:
        assert re.fullmatch(r"20\d\d(-\d\d)?", price.read)
        assert price.source
        assert 0 < price.usd <= price.most_usd
    text = page.render()
    assert all(what in text for what in PRICES)
    assert all(what in text and why in text for what, why in LEFT_OUT)
