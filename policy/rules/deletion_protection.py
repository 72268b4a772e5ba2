"""Deletion protection: what holds the only copy of something is not deleted by a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy.environments import is_protected
from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy.plan import PlannedResource


def _check(resource: PlannedResource, stack: str) -> Iterator[str]:
    match resource.type:
        case "aws:rds/instance:Instance":
            yield from _instance(resource, stack)
        case "aws:s3/bucket:Bucket":
            if resource.get("forceDestroy") is True:
                yield "forceDestroy deletes the bucket with all that is in it; allowed: false"
        case "aws:secretsmanager/secret:Secret":
            if resource.get("recoveryWindowInDays", 30) == 0:
                yield "recoveryWindowInDays is 0, so a deleted secret is gone at once; allowed: 7 to 30"
    if is_protected(stack) and _is_only_copy(resource) and not resource.protect:
        yield "the engine may delete it; allowed: protect"


def _instance(resource: PlannedResource, stack: str) -> Iterator[str]:
    if resource.differs("skipFinalSnapshot", False):
        yield "skipFinalSnapshot is not false, so a deleted instance leaves nothing; allowed: false"
    if is_protected(stack) and resource.differs("deletionProtection", True):
        yield "deletionProtection is not true; allowed: true outside local and dev"


def _is_only_copy(resource: PlannedResource) -> bool:
    """Whether it is the database, or the archive and the key without which the archive cannot be read."""
    is_archive = resource.type in {"aws:s3/bucket:Bucket", "aws:kms/key:Key"} and resource.name.startswith("archive-")
    return is_archive or resource.type == "aws:rds/instance:Instance"


RULE = ResourceRule(
    name="deletion-protection",
    description="The database, the archive and the archive's key cannot be deleted by a mistake.",
    remedy="set database.deletionProtection in the stack file, and leave the final snapshot on",
    check=_check,
)
