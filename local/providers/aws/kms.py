"""KMS: customer managed keys and their aliases."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from local.providers.aws import policy_documents
from local.providers.aws.calls import call, find
from local.providers.aws.shapes import Shape, known, paths
from local.providers.aws.tags import as_list, as_map, changes
from local.providers.resource import UNKNOWN, CheckFailure, Created, Properties, ProviderError, ResourceType

# API reference, CreateAlias: alias/ and then 1 to 250 of these; alias/aws/ is AWS's own.
_ALIAS = re.compile(r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}")
_FORCES = "Terraform registry, aws_kms_key: {} forces a new resource"


class Key(ResourceType):
    """``aws:kms/key:Key``; its id is the key id, and a deleted key waits `deletionWindowInDays` days."""

    token = "aws:kms/key:Key"  # noqa: S105 - a type token, no secret
    shape = Shape(
        "kms",
        "CreateKeyRequest",
        paths({"": "customerMasterKeySpec description keyUsage multiRegion"}),
    )
    modelled = shape.paths | {
        "deletionWindowInDays",
        "enableKeyRotation",
        "isEnabled",
        "policy",
        "rotationPeriodInDays",
        "tags",
    }
    replaces: ClassVar = {name: _FORCES.format(name) for name in ("customerMasterKeySpec", "keyUsage", "multiRegion")}
    defaults: ClassVar = {
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
        "multiRegion": False,
    }
    computed = frozenset({"description", "policy", "rotationPeriodInDays"})
    recomputed: ClassVar = {"rotationPeriodInDays": frozenset({"enableKeyRotation"})}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of policy, rotation and deletion window."""
        found = self.shape.failures(inputs)
        # API reference: ScheduleKeyDeletion and EnableKeyRotation.
        for name, low, high in (("deletionWindowInDays", 7, 30), ("rotationPeriodInDays", 90, 2560)):
            days = inputs.get(name)
            if isinstance(days, int) and not low <= days <= high:
                found.append(CheckFailure(name, f"is {days}; KMS takes {low} to {high} days"))
        if inputs.get("rotationPeriodInDays") and inputs.get("enableKeyRotation") in (None, False):
            found.append(CheckFailure("rotationPeriodInDays", "needs enableKeyRotation"))
        if inputs.get("enableKeyRotation") is True and inputs.get("customerMasterKeySpec") not in (
            "SYMMETRIC_DEFAULT",
            None,
            UNKNOWN,
        ):
            found.append(CheckFailure("enableKeyRotation", "only a SYMMETRIC_DEFAULT key rotates"))
        return found + self._policy_failures(provider, inputs.get("policy"))

    @staticmethod
    def _policy_failures(provider: Any, policy: Any) -> list[CheckFailure]:
        if policy is None or not known(policy):
            return []
        reasons = list(policy_documents.failures(policy, "kms", ("*", "arn:aws*:kms:*")))
        root = f"arn:aws:iam::{provider.account_id}:root"
        owners = (root, provider.account_id)
        # PutKeyPolicy without BypassPolicyLockoutSafetyCheck.
        if not reasons and not any(policy_documents.admits(policy, o, "kms:PutKeyPolicy", "*") for o in owners):
            reasons.append(
                "MalformedPolicyDocumentException: the new key policy will not allow you to update the key policy in "
                f"the future; allow {root} kms:PutKeyPolicy"
            )
        return [CheckFailure("policy", reason) for reason in reasons]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the key, then what CreateKey does not take."""
        client = provider.client("kms", inputs.get("region"))
        policy = {"Policy": policy_documents.text(inputs["policy"])} if inputs.get("policy") else {}
        answer = call(
            "creating key",
            client.create_key,
            **self.shape.to_service({name: value for name, value in inputs.items() if name != "policy"}),
            **policy,
            Tags=as_list(provider.tags(inputs), "TagKey", "TagValue"),
        )
        key_id = answer["KeyMetadata"]["KeyId"]
        _rotate(client, key_id, inputs)
        if not inputs.get("isEnabled", True):
            call(f"disabling key {key_id}", client.disable_key, KeyId=key_id)
        return Created(key_id)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live key; one that waits for its deletion is gone."""
        client = provider.client("kms", state.get("region"))
        answer = find(f"reading key {resource_id}", client.describe_key, KeyId=resource_id)
        if answer is None or answer["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        live = answer["KeyMetadata"]
        rotation = call("reading rotation", client.get_key_rotation_status, KeyId=resource_id)
        policy = call("reading key policy", client.get_key_policy, KeyId=resource_id, PolicyName="default")["Policy"]
        return {
            "arn": live["Arn"],
            "keyId": live["KeyId"],
            "customerMasterKeySpec": live["KeySpec"],
            "description": live["Description"],
            "enableKeyRotation": rotation["KeyRotationEnabled"],
            "isEnabled": live["Enabled"],
            "keyUsage": live["KeyUsage"],
            "multiRegion": live["MultiRegion"],
            "policy": state["policy"] if policy_documents.same(policy, state.get("policy")) else policy,
            "rotationPeriodInDays": rotation["RotationPeriodInDays"] if rotation["KeyRotationEnabled"] else None,
            "tags": _live_tags(client, resource_id),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change description, policy, rotation, state and tags, each by its own call."""
        client, what = provider.client("kms", new.get("region")), f"updating key {resource_id}"
        if new.get("description") is not None and new["description"] != old.get("description"):
            call(what, client.update_key_description, KeyId=resource_id, Description=new["description"])
        if new.get("policy") and not policy_documents.same(old.get("policy"), new["policy"]):
            policy = policy_documents.text(new["policy"])
            call(what, client.put_key_policy, KeyId=resource_id, PolicyName="default", Policy=policy)
        _rotate(client, resource_id, new)
        if new.get("isEnabled", True) != old.get("isEnabled", True):
            switch = client.enable_key if new.get("isEnabled", True) else client.disable_key
            call(what, switch, KeyId=resource_id)
        added, removed = changes(_live_tags(client, resource_id), provider.tags(new))
        if added:
            call(what, client.tag_resource, KeyId=resource_id, Tags=as_list(added, "TagKey", "TagValue"))
        if removed:
            call(what, client.untag_resource, KeyId=resource_id, TagKeys=removed)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Schedule the deletion; KMS knows no other."""
        if self.read(provider, resource_id, state) is None:
            return
        client = provider.client("kms", state.get("region"))
        days = state.get("deletionWindowInDays") or 30
        what = f"deleting key {resource_id}"
        call(what, client.schedule_key_deletion, KeyId=resource_id, PendingWindowInDays=int(days))


def _rotate(client: Any, key_id: str, inputs: Properties) -> None:
    what = f"setting rotation of key {key_id}"
    if inputs.get("enableKeyRotation"):
        days = inputs.get("rotationPeriodInDays")
        period = {"RotationPeriodInDays": int(days)} if days else {}
        call(what, client.enable_key_rotation, KeyId=key_id, **period)
    elif call(what, client.get_key_rotation_status, KeyId=key_id)["KeyRotationEnabled"]:
        call(what, client.disable_key_rotation, KeyId=key_id)


def _live_tags(client: Any, key_id: str) -> dict[str, str]:
    answer = call(f"reading tags of key {key_id}", client.list_resource_tags, KeyId=key_id)
    return as_map(answer.get("Tags", []), "TagKey", "TagValue")


class Alias(ResourceType):
    """``aws:kms/alias:Alias``; its id is its name."""

    token = "aws:kms/alias:Alias"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"name", "targetKeyId"})
    replaces: ClassVar = {"name": "Terraform registry, aws_kms_alias: name forces a new resource"}
    recomputed: ClassVar = {"targetKeyArn": frozenset({"targetKeyId"})}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return a name that KMS refuses; the local provider makes none up."""
        del provider
        name = inputs.get("name")
        if name is UNKNOWN or (isinstance(name, str) and _ALIAS.fullmatch(name)):
            return []
        return [CheckFailure("name", f"{name!r} is not alias/ and 1 to 250 of A-Z a-z 0-9 / _ -; alias/aws/ is AWS's")]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the alias of a key that must exist."""
        client, name = provider.client("kms", inputs.get("region")), inputs["name"]
        target = inputs["targetKeyId"]
        _require_key(client, target)
        call(f"creating {name}", client.create_alias, AliasName=name, TargetKeyId=target)
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live alias; the key is answered as the program named it, by id or by ARN."""
        client = provider.client("kms", state.get("region"))
        pages = client.get_paginator("list_aliases").paginate()
        live = next((a for page in pages for a in page["Aliases"] if a["AliasName"] == resource_id), None)
        if live is None:
            return None
        arn = call(f"reading {resource_id}", client.describe_key, KeyId=live["TargetKeyId"])["KeyMetadata"]["Arn"]
        target = arn if str(state.get("targetKeyId", "")).startswith("arn:") else live["TargetKeyId"]
        return {"arn": live["AliasArn"], "name": resource_id, "targetKeyArn": arn, "targetKeyId": target}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Point the alias at another key."""
        del old
        client = provider.client("kms", new.get("region"))
        _require_key(client, new["targetKeyId"])
        what = f"updating {resource_id}"
        call(what, client.update_alias, AliasName=resource_id, TargetKeyId=new["targetKeyId"])
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the alias."""
        client = provider.client("kms", state.get("region"))
        find(f"deleting {resource_id}", client.delete_alias, AliasName=resource_id)


def _require_key(client: Any, key_id: str) -> None:
    found = find(f"reading key {key_id}", client.describe_key, KeyId=key_id)
    if found is None:
        raise ProviderError(f"alias: targetKeyId: NotFoundException: no key {key_id}")
    if found["KeyMetadata"]["KeyState"] == "PendingDeletion":
        raise ProviderError(f"alias: targetKeyId: KMSInvalidStateException: the key {key_id} is pending deletion")


RESOURCES = (Alias, Key)
FUNCTIONS = ()
