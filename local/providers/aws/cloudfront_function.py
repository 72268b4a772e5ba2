"""``aws:cloudfront/function:Function``: code in the DEVELOPMENT stage, and published to LIVE."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from local.providers.aws import tags
from local.providers.aws.calls import call, find
from local.providers.aws.cloudfront_policies import distributions_with
from local.providers.aws.shapes import Shape, paths
from local.providers.resource import (
    UNKNOWN,
    Autoname,
    CheckFailure,
    Created,
    Properties,
    ProviderError,
    ResourceInitError,
    ResourceType,
)

# CloudFront quotas, "Quotas on CloudFront Functions": 10 KB of code, not adjustable.
CODE_LIMIT_BYTES = 10_240
# What a new version of a function is made of.
_CONTENT = ("code", "comment", "runtime", "keyValueStoreAssociations")
_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")


class CloudFrontFunction(ResourceType):
    """A function that runs at viewer request or viewer response."""

    token = "aws:cloudfront/function:Function"  # noqa: S105 - a type token, no secret
    autoname = Autoname("name", max_length=64)
    replaces: ClassVar = {"name": "Terraform registry, aws_cloudfront_function: name forces a new resource"}
    # Terraform registry, aws_cloudfront_function: publish defaults to true.
    defaults: ClassVar = {"publish": True}
    shape = Shape(
        "cloudfront",
        "FunctionConfig",
        paths({"": "comment runtime keyValueStoreAssociations"}),
        defaults={"comment": ""},
        limits={"keyValueStoreAssociations": (0, 1), "comment": (0, 128)},
    )
    modelled = shape.paths | {"code", "name", "publish", "tags"}
    unordered = frozenset({"keyValueStoreAssociations"})
    recomputed: ClassVar = {
        "etag": frozenset(_CONTENT),
        "liveStageEtag": frozenset((*_CONTENT, "publish")),
        "status": frozenset((*_CONTENT, "publish")),
    }

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of name, runtime and size of the code."""
        del provider
        stores = inputs.get("keyValueStoreAssociations")
        found = self.shape.failures({key: value for key, value in inputs.items() if value is not stores})
        if isinstance(stores, list) and len(stores) > 1:
            found.append(CheckFailure("keyValueStoreAssociations", f"has {len(stores)} items; CloudFront takes 0 to 1"))
        name, code = inputs.get("name"), inputs.get("code")
        if isinstance(name, str) and not _NAME.fullmatch(name):
            found.append(CheckFailure("name", f"{name!r} is not 1 to 64 letters, digits, hyphens and underscores"))
        if isinstance(code, str) and len(code.encode()) > CODE_LIMIT_BYTES:
            reason = f"is {len(code.encode())} bytes; CloudFront takes at most {CODE_LIMIT_BYTES}"
            found.append(CheckFailure("code", reason))
        if stores and inputs.get("runtime") not in ("cloudfront-js-2.0", None, UNKNOWN):
            found.append(CheckFailure("keyValueStoreAssociations", "needs the runtime cloudfront-js-2.0"))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the function and publish it unless told not to; its id is its name."""
        name = inputs["name"]
        self._require_stores(provider, inputs)
        client, wanted = provider.client("cloudfront"), provider.tags(inputs)
        answer = call(
            f"creating function {name}",
            client.create_function,
            Name=name,
            FunctionConfig=self._config(inputs),
            FunctionCode=inputs["code"].encode(),
            **({"Tags": {"Items": tags.as_list(wanted)}} if wanted else {}),
        )
        if inputs.get("publish", True):
            try:
                call(f"publishing function {name}", client.publish_function, Name=name, IfMatch=answer["ETag"])
            except ProviderError as error:
                raise ResourceInitError(name, {}, [str(error)]) from error
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the DEVELOPMENT stage and what of it is live."""
        found = self._describe(provider, resource_id, "DEVELOPMENT")
        if found is None:
            return None
        client = provider.client("cloudfront")
        code = call(f"reading function {resource_id}", client.get_function, Name=resource_id, Stage="DEVELOPMENT")[
            "FunctionCode"
        ].read()
        config = found["FunctionSummary"]["FunctionConfig"]
        stores = [item["KeyValueStoreARN"] for item in config.pop("KeyValueStoreAssociations", {}).get("Items", [])]
        mirrored = self.shape.mirror(config, {k: v for k, v in state.items() if k != "keyValueStoreAssociations"})
        return {
            **mirrored,
            **({"keyValueStoreAssociations": stores} if stores or state.get("keyValueStoreAssociations") else {}),
            "code": code.decode(),
            "name": resource_id,
            **self._outputs(provider, resource_id, found),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Write the DEVELOPMENT stage when it differs, then publish it."""
        client = provider.client("cloudfront")
        self._require_stores(provider, new)
        changed = any(old.get(key) != new.get(key) for key in _CONTENT)
        if changed:
            call(
                f"updating function {resource_id}",
                client.update_function,
                Name=resource_id,
                IfMatch=self._etag(provider, resource_id),
                FunctionConfig=self._config(new),
                FunctionCode=new["code"].encode(),
            )
        if new.get("publish", True) and (changed or not old.get("publish", True)):
            # The ETag is read again: botocore 1.44 looks for it in a header `ETtag`, which no service sends.
            etag = self._etag(provider, resource_id)
            call(f"publishing function {resource_id}", client.publish_function, Name=resource_id, IfMatch=etag)
        retag(provider, arn_of(provider, resource_id), new)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the function, unless a distribution still runs it."""
        del state
        found = self._describe(provider, resource_id, "DEVELOPMENT")
        if found is None:
            return
        users = distributions_with(provider, arn_of(provider, resource_id))
        if users:
            message = f"deleting function {resource_id}: FunctionInUse: associated with {', '.join(users)}"
            raise ProviderError(message)
        client = provider.client("cloudfront")
        call(f"deleting function {resource_id}", client.delete_function, Name=resource_id, IfMatch=found["ETag"])

    def _config(self, inputs: Properties) -> Properties:
        stores = [{"KeyValueStoreARN": arn} for arn in inputs.get("keyValueStoreAssociations") or []]
        config = self.shape.to_service({k: v for k, v in inputs.items() if k != "keyValueStoreAssociations"})
        return {**config, "KeyValueStoreAssociations": {"Quantity": len(stores), "Items": stores}}

    def _require_stores(self, provider: Any, inputs: Properties) -> None:
        client = provider.client("cloudfront")
        for arn in inputs.get("keyValueStoreAssociations") or []:
            listing = call("listing key value stores", client.list_key_value_stores)["KeyValueStoreList"]
            if arn not in [item["ARN"] for item in listing.get("Items", [])]:
                raise ProviderError(f"function {inputs['name']}: keyValueStoreAssociations: {arn} does not exist")

    def _describe(self, provider: Any, name: str, stage: str) -> Any:
        client = provider.client("cloudfront")
        return find(f"reading function {name}", client.describe_function, Name=name, Stage=stage)

    def _etag(self, provider: Any, name: str) -> str:
        found = self._describe(provider, name, "DEVELOPMENT")
        if found is None:
            raise ProviderError(f"updating function {name}: it does not exist any more")
        return str(found["ETag"])

    def _outputs(self, provider: Any, name: str, found: Properties) -> Properties:
        live = self._describe(provider, name, "LIVE")
        arn = found["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
        return {
            "arn": arn,
            "etag": found["ETag"],
            "liveStageEtag": live["ETag"] if live else "",
            "status": found["FunctionSummary"]["Status"],
            "tags": live_tags(provider, arn),
        }


def arn_of(provider: Any, name: str) -> str:
    """Return the ARN of a function."""
    return f"arn:aws:cloudfront::{provider.account_id}:function/{name}"


def live_tags(provider: Any, arn: str) -> tags.Tags:
    """Return the tags that a CloudFront resource has."""
    client = provider.client("cloudfront")
    answer = call(f"reading tags of {arn}", client.list_tags_for_resource, Resource=arn)
    return tags.as_map(answer["Tags"].get("Items", []))


def retag(provider: Any, arn: str, inputs: Properties) -> None:
    """Bring the tags of a CloudFront resource to what program and provider say."""
    client = provider.client("cloudfront")
    added, removed = tags.changes(live_tags(provider, arn), provider.tags(inputs))
    if added:
        call(f"tagging {arn}", client.tag_resource, Resource=arn, Tags={"Items": tags.as_list(added)})
    if removed:
        call(f"untagging {arn}", client.untag_resource, Resource=arn, TagKeys={"Items": removed})
