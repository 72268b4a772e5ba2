"""Event subscriptions of RDS, which the emulator has not: what RDS refuses, and what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.rds_events import EventSubscription
from local.providers.aws.sns import Topic
from local.providers.resource import ProviderError

if TYPE_CHECKING:
    from pathlib import Path

    from local.providers.aws.provider import Aws


@pytest.fixture
def topic(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    return Topic().create(aws, {"name": "alarms"}).id


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        ({"name": "-a"}, "name"),
        ({"name": "a--b"}, "name"),
        ({"name": "a" * 255}, "name"),
        ({"sourceType": "db-cluster"}, "sourceType"),
        ({"sourceIds": ["strata-dev"]}, "sourceType"),
        ({"eventCategories": ["failure", "trouble"]}, "eventCategories[1]"),
    ],
)
def test_subscription_rules(inputs: dict[str, Any], place: str) -> None:
    (failure,) = EventSubscription().check(None, inputs)
    assert failure.property == place


def test_topic_and_instances_must_be_there(aws: Aws, topic: str) -> None:
    with pytest.raises(ProviderError, match="event subscription events: SNSTopicArnNotFound"):
        EventSubscription().create(aws, {"name": "events", "snsTopic": f"{topic}-none"})
    inputs = {"name": "events", "snsTopic": topic, "sourceType": "db-instance", "sourceIds": ["strata-none"]}
    with pytest.raises(ProviderError, match="event subscription events: SourceNotFound: no DB instance strata-none"):
        EventSubscription().create(aws, inputs)
    assert EventSubscription().read(aws, "events", {}) is None


def test_a_name_is_taken_once(aws: Aws, topic: str) -> None:
    EventSubscription().create(aws, {"name": "events", "snsTopic": topic})
    with pytest.raises(ProviderError, match="creating event subscription events: SubscriptionAlreadyExist"):
        EventSubscription().create(aws, {"name": "events", "snsTopic": topic})
