"""Secrets Manager: secrets without their values, which programs put there themselves."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from local.providers.aws.calls import call, find
from local.providers.aws.tags import as_list, as_map, changes
from local.providers.resource import Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

# API reference, CreateSecret.
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_DESCRIPTION_LIMIT = 2048
# API reference, DeleteSecret; 0 is the provider's word for deleting at once (Terraform registry).
_SHORTEST_WINDOW_DAYS, _LONGEST_WINDOW_DAYS = 7, 30


class Secret(ResourceType):
    """``aws:secretsmanager/secret:Secret``; its id is its ARN, and a deleted one waits `recoveryWindowInDays`."""

    token = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"description", "kmsKeyId", "name", "recoveryWindowInDays", "tags"})
    autoname = Autoname("name", max_length=512)
    replaces: ClassVar = {"name": "Terraform registry, aws_secretsmanager_secret: name forces a new resource"}
    # Terraform registry, aws_secretsmanager_secret.
    defaults: ClassVar = {"recoveryWindowInDays": 30}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of name, description and recovery window."""
        del provider
        found = []
        name, description, days = (inputs.get(key) for key in ("name", "description", "recoveryWindowInDays"))
        if isinstance(name, str) and not _NAME.fullmatch(name):
            found.append(CheckFailure("name", f"{name!r} is not 1 to 512 letters, digits and /_+=.@-"))
        if isinstance(description, str) and len(description) > _DESCRIPTION_LIMIT:
            reason = f"has {len(description)} characters; secretsmanager takes 0 to {_DESCRIPTION_LIMIT}"
            found.append(CheckFailure("description", reason))
        if isinstance(days, int | float) and days and not _SHORTEST_WINDOW_DAYS <= days <= _LONGEST_WINDOW_DAYS:
            reason = f"is {days:g}; Secrets Manager takes 0 or {_SHORTEST_WINDOW_DAYS} to {_LONGEST_WINDOW_DAYS} days"
            found.append(CheckFailure("recoveryWindowInDays", reason))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create a secret that has no value."""
        _require_key(provider, inputs)
        client, name = _client(provider, inputs), inputs["name"]
        answer = call(
            f"creating secret {name}",
            client.create_secret,
            Name=name,
            Tags=as_list(provider.tags(inputs)),
            **_settings(inputs),
        )
        return Created(answer["ARN"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live secret; one that waits for its deletion is gone."""
        live = _describe(provider, state, resource_id)
        if live is None:
            return None
        return {
            "arn": live["ARN"],
            "description": live.get("Description") or None,
            "kmsKeyId": live.get("KmsKeyId"),
            "name": live["Name"],
            "tags": as_map(live.get("Tags", [])),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change description, key and tags."""
        client, what = _client(provider, new), f"updating secret {resource_id}"
        if any(old.get(name) != new.get(name) for name in ("description", "kmsKeyId")):
            _require_key(provider, new)
            call(what, client.update_secret, SecretId=resource_id, **{"Description": "", **_settings(new)})
        live = call(what, client.describe_secret, SecretId=resource_id)
        added, removed = changes(as_map(live.get("Tags", [])), provider.tags(new))
        if added:
            call(what, client.tag_resource, SecretId=resource_id, Tags=as_list(added))
        if removed:
            call(what, client.untag_resource, SecretId=resource_id, TagKeys=removed)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Schedule the deletion, or delete at once where no recovery is wanted."""
        if _describe(provider, state, resource_id) is None:
            return
        days = int(state.get("recoveryWindowInDays", self.defaults["recoveryWindowInDays"]))
        window = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        client = _client(provider, state)
        call(f"deleting secret {resource_id}", client.delete_secret, SecretId=resource_id, **window)


def _client(provider: Any, properties: Properties) -> Any:
    return provider.client("secretsmanager", properties.get("region"))


def _settings(inputs: Properties) -> Properties:
    settings = {"Description": inputs.get("description"), "KmsKeyId": inputs.get("kmsKeyId")}
    return {name: value for name, value in settings.items() if value is not None}


def _describe(provider: Any, properties: Properties, arn: str) -> Any:
    client = _client(provider, properties)
    found = find(f"reading secret {arn}", client.describe_secret, SecretId=arn)
    return None if found is None or found.get("DeletedDate") else found


def _require_key(provider: Any, inputs: Properties) -> None:
    """Refuse a key that is not there: Secrets Manager asks for it, the emulator does not."""
    key = inputs.get("kmsKeyId")
    if not key:
        return
    client = provider.client("kms", inputs.get("region"))
    found = find(f"reading key {key}", client.describe_key, KeyId=key)
    if found is None or found["KeyMetadata"]["KeyState"] != "Enabled":
        raise ProviderError(f"secret {inputs['name']}: kmsKeyId: InvalidParameterException: {key} is no usable key")


RESOURCES = (Secret,)
FUNCTIONS = ()
