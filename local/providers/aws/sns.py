"""SNS: topics, their policies, and subscriptions by e-mail."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from local.providers.aws import policy_documents
from local.providers.aws.calls import call, find
from local.providers.aws.tags import as_list, as_map, changes
from local.providers.resource import UNKNOWN, Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

# API reference, CreateTopic: up to 256 of these; FIFO topics, which end in .fifo, are not modelled.
_NAME = re.compile(r"[\w-]{1,256}", re.ASCII)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DEFAULT_POLICY_ID = "__default_policy_ID"
# What a topic's policy may name (Amazon SNS Developer Guide, "Amazon SNS policy keys").
_RESOURCES = ("arn:aws*:sns:*",)
#: Attributes of a topic that the program sets.
_ATTRIBUTES = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId"}


class Topic(ResourceType):
    """``aws:sns/topic:Topic``; its id is its ARN."""

    token = "aws:sns/topic:Topic"  # noqa: S105 - a type token, no secret
    modelled = frozenset({*_ATTRIBUTES, "name", "tags"})
    autoname = Autoname("name", max_length=256)
    replaces: ClassVar = {"name": "Terraform registry, aws_sns_topic: name forces a new resource"}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return a name that SNS refuses."""
        del provider
        name = inputs.get("name")
        if isinstance(name, str) and not _NAME.fullmatch(name):
            return [CheckFailure("name", f"{name!r} is not 1 to 256 letters, digits, hyphens and underscores")]
        return []

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the topic; SNS takes a name that is there for the same topic, which would hide a clash."""
        client, name = provider.client("sns", inputs.get("region")), inputs["name"]
        _require_key(provider, inputs)
        region = inputs.get("region") or provider.region
        arn = f"arn:{provider.partition}:sns:{region}:{provider.account_id}:{name}"
        if find(f"reading topic {name}", client.get_topic_attributes, TopicArn=arn) is not None:
            raise ProviderError(f"creating topic {name}: InvalidParameter: a topic of that name exists already")
        attributes = {_ATTRIBUTES[key]: inputs[key] for key in _ATTRIBUTES if inputs.get(key)}
        answer = call(
            f"creating topic {name}",
            client.create_topic,
            Name=name,
            Attributes=attributes,
            Tags=as_list(provider.tags(inputs)),
        )
        return Created(answer["TopicArn"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live topic."""
        client = provider.client("sns", state.get("region"))
        attributes = _attributes(client, resource_id)
        if attributes is None:
            return None
        return {
            **{name: attributes.get(member) or None for name, member in _ATTRIBUTES.items()},
            "arn": resource_id,
            "name": resource_id.rpartition(":")[2],
            "owner": attributes["Owner"],
            "tags": as_map(call("reading tags", client.list_tags_for_resource, ResourceArn=resource_id)["Tags"]),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set the attributes that changed, each by its own call, and the tags."""
        client, what = provider.client("sns", new.get("region")), f"updating topic {resource_id}"
        _require_key(provider, new)
        for name, member in _ATTRIBUTES.items():
            if (old.get(name) or "") != (new.get(name) or ""):
                value = new.get(name) or ""
                call(
                    what, client.set_topic_attributes, TopicArn=resource_id, AttributeName=member, AttributeValue=value
                )
        live = as_map(call(what, client.list_tags_for_resource, ResourceArn=resource_id)["Tags"])
        added, removed = changes(live, provider.tags(new))
        if added:
            call(what, client.tag_resource, ResourceArn=resource_id, Tags=as_list(added))
        if removed:
            call(what, client.untag_resource, ResourceArn=resource_id, TagKeys=removed)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the topic; its subscriptions go with it."""
        client = provider.client("sns", state.get("region"))
        find(f"deleting topic {resource_id}", client.delete_topic, TopicArn=resource_id)


def _attributes(client: Any, arn: str) -> Any:
    answer = find(f"reading topic {arn}", client.get_topic_attributes, TopicArn=arn)
    return None if answer is None else answer["Attributes"]


def _require_key(provider: Any, inputs: Properties) -> None:
    key = inputs.get("kmsMasterKeyId")
    client = provider.client("kms", inputs.get("region"))
    if key and find(f"reading key {key}", client.describe_key, KeyId=key) is None:
        raise ProviderError(f"topic {inputs['name']}: kmsMasterKeyId: KMSNotFound: no key {key} in this region")


class TopicPolicy(ResourceType):
    """``aws:sns/topicPolicy:TopicPolicy``; its id is the topic's ARN, and without it SNS has a policy of its own."""

    token = "aws:sns/topicPolicy:TopicPolicy"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"arn", "policy"})
    replaces: ClassVar = {"arn": "Terraform registry, aws_sns_topic_policy: arn forces a new resource"}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return what is wrong with the policy's form."""
        del provider
        policy = inputs.get("policy")
        reasons = [] if policy is UNKNOWN else policy_documents.failures(policy, "sns", _RESOURCES)
        return [CheckFailure("policy", reason) for reason in reasons]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Set the policy of a topic that must exist."""
        self._set(provider, inputs["arn"], inputs)
        return Created(inputs["arn"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live policy; the one that SNS gives every topic counts as none."""
        attributes = _attributes(provider.client("sns", state.get("region")), resource_id)
        live = policy_documents.parse(attributes["Policy"]) if attributes else None
        if attributes is None or live is None or live.get("Id") == _DEFAULT_POLICY_ID:
            return None
        said = state.get("policy")
        policy = said if policy_documents.same(live, said) else attributes["Policy"]
        return {"arn": resource_id, "owner": attributes["Owner"], "policy": policy}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set the policy again."""
        del old
        self._set(provider, resource_id, new)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Give the topic the policy that SNS makes itself, as the Terraform provider does."""
        client = provider.client("sns", state.get("region"))
        attributes = _attributes(client, resource_id)
        if attributes is not None:
            policy = json.dumps(_default_policy(resource_id, attributes["Owner"]))
            what = f"deleting the policy of topic {resource_id}"
            call(
                what,
                client.set_topic_attributes,
                TopicArn=resource_id,
                AttributeName="Policy",
                AttributeValue=policy,
            )

    @staticmethod
    def _set(provider: Any, arn: str, inputs: Properties) -> None:
        call(
            f"setting the policy of topic {arn}",
            provider.client("sns", inputs.get("region")).set_topic_attributes,
            TopicArn=arn,
            AttributeName="Policy",
            AttributeValue=policy_documents.text(inputs["policy"]),
        )


def _default_policy(arn: str, owner: str) -> Properties:
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:Receive"],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    return {"Version": "2008-10-17", "Id": _DEFAULT_POLICY_ID, "Statement": [statement]}


class TopicSubscription(ResourceType):
    """``aws:sns/topicSubscription:TopicSubscription`` by e-mail; its id is its ARN.

    SNS waits until the reader of the address confirms; the emulator confirms at once.
    """

    token = "aws:sns/topicSubscription:TopicSubscription"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"endpoint", "protocol", "topic"})
    replaces: ClassVar = {
        name: f"Terraform registry, aws_sns_topic_subscription: {name} forces a new resource"
        for name in ("endpoint", "protocol", "topic")
    }

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return another protocol than e-mail, and what is no address."""
        del provider
        found = []
        if inputs.get("protocol") not in ("email", "email-json", UNKNOWN):
            reason = f"{inputs.get('protocol')!r} is not modelled by the local provider; allowed: email, email-json"
            found.append(CheckFailure("protocol", reason))
        endpoint = inputs.get("endpoint")
        if isinstance(endpoint, str) and not _ADDRESS.fullmatch(endpoint):
            found.append(CheckFailure("endpoint", f"{endpoint!r} is no e-mail address"))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Subscribe the address to a topic that must exist."""
        answer = call(
            f"subscribing {inputs['endpoint']}",
            provider.client("sns", inputs.get("region")).subscribe,
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            ReturnSubscriptionArn=True,
        )
        return Created(answer["SubscriptionArn"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live subscription."""
        client = provider.client("sns", state.get("region"))
        answer = find("reading subscription", client.get_subscription_attributes, SubscriptionArn=resource_id)
        if answer is None:
            return None
        live = answer["Attributes"]
        return {
            "arn": resource_id,
            "confirmationWasAuthenticated": live["ConfirmationWasAuthenticated"] == "true",
            "endpoint": live["Endpoint"],
            "ownerId": live["Owner"],
            "pendingConfirmation": live["PendingConfirmation"] == "true",
            "protocol": live["Protocol"],
            "topic": live["TopicArn"],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change nothing: every input replaces."""
        del provider, resource_id, old, new
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """End the subscription."""
        client = provider.client("sns", state.get("region"))
        find(f"ending subscription {resource_id}", client.unsubscribe, SubscriptionArn=resource_id)


RESOURCES = (Topic, TopicPolicy, TopicSubscription)
FUNCTIONS = ()
