"""Encryption at rest: what a lost disk, or a copied snapshot, would give away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy.plan import PlannedResource


def _check(resource: PlannedResource, _stack: str) -> Iterator[str]:
    if resource.type == "aws:rds/instance:Instance" and resource.get("storageEncrypted") is not True:
        yield "storageEncrypted is not true; allowed: true"


RULE = ResourceRule(
    name="encryption-at-rest",
    description="What keeps data keeps it encrypted.",
    remedy="Set storageEncrypted. An instance that is there cannot be encrypted in place: restore it from an encrypted "
    "copy of its snapshot.",
    check=_check,
)
