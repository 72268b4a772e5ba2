"""Tags: what a bill, an inventory and a stranger in the console go by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy.plan import PlannedResource


def _check(resource: PlannedResource, stack: str) -> Iterator[str]:
    if not resource.type.startswith("aws:"):
        return
    # The provider puts its tags on whatever takes tags, so that no list of such types can fall behind.
    tags = {**_default_tags(resource.provider or {}), **resource.get("tags", {})}
    for key, value in {"Project": "strata", "Stack": stack, "ManagedBy": "pulumi"}.items():
        if tags.get(key) != value:
            yield f"the tag {key} is {tags.get(key, 'missing')}; allowed: {value}"


def _default_tags(provider: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the provider's default tags; the engine passes structured settings of a provider as JSON."""
    found = provider.get("defaultTags") or {}
    decoded = json.loads(found) if isinstance(found, str) else found
    tags: Mapping[str, Any] = decoded.get("tags") or {}
    return tags


RULE = ResourceRule(
    name="tags",
    description="Everything on AWS carries the tags Project, Stack and ManagedBy.",
    remedy="use the stack's provider (infra/aws_provider.py), which tags everything, and overwrite none of its tags",
    check=_check,
)
