"""RDS event subscriptions: the emulator has none, so each is a file beside the instances' folders."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.providers.aws import rds_store
from local.providers.aws.calls import find
from local.providers.resource import Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from pathlib import Path

# API reference, CreateEventSubscription: under 255 characters.
_NAME: Final = re.compile(r"[A-Za-z](-?[A-Za-z0-9])*")
_LONGEST_NAME: Final = 254
# Amazon RDS User Guide, "Amazon RDS event categories and event messages": those of a DB instance.
_CATEGORIES: Final = frozenset(
    {
        *("availability", "backtrack", "backup", "configuration change", "creation", "deletion", "failover", "failure"),
        *("low storage", "maintenance", "notification", "read replica", "recovery", "restoration", "security"),
        "security patching",
    }
)
_SOURCE_TYPES: Final = ("db-instance",)
_SAID: Final = ("enabled", "eventCategories", "snsTopic", "sourceIds", "sourceType")


class EventSubscription(ResourceType):
    """``aws:rds/eventSubscription:EventSubscription`` of DB instances; its id is its name."""

    token = "aws:rds/eventSubscription:EventSubscription"  # noqa: S105 - a type token, no secret
    modelled = frozenset({*_SAID, "name", "tags"})
    autoname = Autoname("name", max_length=_LONGEST_NAME, lower=True)
    delete_before_replace = True
    replaces: ClassVar = {"name": "Terraform registry, aws_db_event_subscription: the name is the identity"}
    defaults: ClassVar = {"enabled": True}
    unordered = frozenset({"eventCategories", "sourceIds"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the name, the source and the categories."""
        del provider
        found, name, source = [], inputs.get("name"), inputs.get("sourceType")
        if isinstance(name, str) and (len(name) > _LONGEST_NAME or not _NAME.fullmatch(name)):
            found.append(CheckFailure("name", f"{name!r} is not a letter, then letters, digits and single hyphens"))
        if isinstance(source, str) and source not in _SOURCE_TYPES:
            found.append(CheckFailure("sourceType", f"{source!r} is not modelled by the local provider"))
        if inputs.get("sourceIds") and source is None:
            found.append(CheckFailure("sourceType", "is missing, and sourceIds are named"))
        for index, category in enumerate(_listed(inputs.get("eventCategories"))):
            if isinstance(category, str) and category not in _CATEGORIES:
                found.append(CheckFailure(f"eventCategories[{index}]", f"{category!r} is no category of a DB instance"))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Record the subscription of a topic and of instances that must exist."""
        name = inputs["name"]
        if _file(name).exists():
            raise ProviderError(f"creating event subscription {name}: SubscriptionAlreadyExist")
        self._write(provider, inputs)
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the recorded subscription."""
        del provider, state
        if not _file(resource_id).exists():
            return None
        recorded: Properties = json.loads(_file(resource_id).read_text())
        return recorded

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Record the subscription again."""
        del resource_id, old
        self._write(provider, new)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Forget the subscription."""
        del provider, state
        _file(resource_id).unlink(missing_ok=True)

    @staticmethod
    def _write(provider: Any, inputs: Properties) -> None:
        name, topic = inputs["name"], inputs["snsTopic"]
        topics = provider.client("sns", inputs.get("region"))
        if find(f"reading topic {topic}", topics.get_topic_attributes, TopicArn=topic) is None:
            raise ProviderError(f"event subscription {name}: SNSTopicArnNotFound: {topic}")
        for identifier in inputs.get("sourceIds") or []:
            if rds_store.find(identifier) is None:
                raise ProviderError(f"event subscription {name}: SourceNotFound: no DB instance {identifier}")
        region = inputs.get("region") or provider.region
        record = {
            **{key: inputs.get(key) for key in _SAID},
            "enabled": inputs.get("enabled", True),
            "arn": f"arn:{provider.partition}:rds:{region}:{provider.account_id}:es:{name}",
            "customerAwsId": provider.account_id,
            "name": name,
            "tags": provider.tags(inputs),
        }
        _file(name).parent.mkdir(parents=True, exist_ok=True)
        draft = _file(name).with_suffix(".part")
        draft.write_text(json.dumps(record, indent=2))
        draft.replace(_file(name))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _file(name: str) -> Path:
    return rds_store.home() / "rds-event-subscriptions" / f"{name}.json"
