"""``aws:cloudfront/keyValueStore:KeyValueStore``: the store itself; its pairs are data and no part of it.

The emulator's ARN is made from the store's name, where AWS has an id of its own.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from local.providers.aws.calls import call, find
from local.providers.aws.cloudfront_function import live_tags, retag
from local.providers.aws.tags import as_list
from local.providers.resource import Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

# API reference, CreateKeyValueStore.
_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
_COMMENT_LIMIT = 128


class KeyValueStore(ResourceType):
    """A KeyValueStore; its id is its name."""

    token = "aws:cloudfront/keyValueStore:KeyValueStore"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"comment", "name", "tags"})
    autoname = Autoname("name", max_length=64)
    replaces: ClassVar = {"name": "Terraform registry, aws_cloudfront_key_value_store: name forces a new resource"}
    recomputed: ClassVar = {"etag": frozenset({"comment"}), "lastModifiedTime": frozenset({"comment"})}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of name and comment."""
        del provider
        found = []
        name, comment = inputs.get("name"), inputs.get("comment")
        if isinstance(name, str) and not _NAME.fullmatch(name):
            found.append(CheckFailure("name", f"{name!r} is not 1 to 64 letters, digits, hyphens and underscores"))
        if isinstance(comment, str) and len(comment) > _COMMENT_LIMIT:
            reason = f"has {len(comment)} characters; cloudfront takes 0 to {_COMMENT_LIMIT}"
            found.append(CheckFailure("comment", reason))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create an empty store."""
        name, wanted = inputs["name"], provider.tags(inputs)
        call(
            f"creating key value store {name}",
            provider.client("cloudfront").create_key_value_store,
            Name=name,
            Comment=inputs.get("comment") or "",
            **({"Tags": {"Items": as_list(wanted)}} if wanted else {}),
        )
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live store."""
        found = self._describe(provider, resource_id)
        if found is None:
            return None
        live = found["KeyValueStore"]
        said_nothing = not live["Comment"] and state.get("comment") is None
        return {
            "arn": live["ARN"],
            "comment": None if said_nothing else live["Comment"],
            "etag": found["ETag"],
            "lastModifiedTime": live["LastModifiedTime"].isoformat(),
            "name": live["Name"],
            "tags": live_tags(provider, live["ARN"]),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the comment, which makes a new version, and the tags, which do not."""
        found = self._describe(provider, resource_id)
        if found is None:
            raise ProviderError(f"updating key value store {resource_id}: it does not exist any more")
        if old.get("comment") != new.get("comment"):
            call(
                f"updating key value store {resource_id}",
                provider.client("cloudfront").update_key_value_store,
                Name=resource_id,
                Comment=new.get("comment") or "",
                IfMatch=found["ETag"],
            )
        retag(provider, found["KeyValueStore"]["ARN"], new)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the store, unless a function still reads it."""
        del state
        found = self._describe(provider, resource_id)
        if found is None:
            return
        client = provider.client("cloudfront")
        what = f"deleting key value store {resource_id}"
        call(what, client.delete_key_value_store, Name=resource_id, IfMatch=found["ETag"])

    @staticmethod
    def _describe(provider: Any, name: str) -> Any:
        client = provider.client("cloudfront")
        return find(f"reading key value store {name}", client.describe_key_value_store, Name=name)
