"""What becomes of each resource: the engine's steps, one change per resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from strata.preview_report.differences import Difference, differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from strata.preview_report.events import Resource, Step

Operation = Literal["create", "update", "replace", "delete", "read", "import", "refresh", "same", "other"]
#: In the order in which a reviewer needs them.
OPERATIONS: Final[tuple[Operation, ...]] = (
    "replace",
    "delete",
    "create",
    "update",
    "import",
    "read",
    "refresh",
    "other",
    "same",
)
#: A replacement is up to three steps; the engine counts it as one.
_OPERATION_OF: Final[Mapping[str, Operation]] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "same": "same",
    "read": "read",
    "discard": "delete",
    "refresh": "refresh",
    "import": "import",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "discard-replaced": "replace",
    "import-replacement": "replace",
    "read-replacement": "replace",
    "remove-pending-replace": "replace",
}
#: A new one of these is empty, or another one: what the old one held is gone, or cannot be read any more.
_HOLDS_DATA: Final = frozenset(
    {
        "aws:cloudfront/keyValueStore:KeyValueStore",
        "aws:kms/key:Key",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
    }
)


@dataclass(frozen=True)
class Change:
    """What becomes of one resource.

    Args:
        operation: what happens to it.
        urn: of the resource.
        name: its logical name.
        type: token of its type.
        differences: of its properties, in the order of their paths; none for what is new or goes.
        replaced_for: properties that force a replacement.
        is_kept: deleted from the stack only; what is there stays.
        holds_data: whether a deletion or replacement loses what is in it.
        old: what is there.
        new: what is wanted.
    """

    operation: Operation
    urn: str
    name: str
    type: str
    differences: tuple[Difference, ...]
    replaced_for: tuple[str, ...]
    is_kept: bool
    holds_data: bool
    old: Resource | None
    new: Resource | None


def changes(steps: Iterable[Step]) -> tuple[Change, ...]:
    """Return one change per resource, by type and name: in which order the engine came to them is chance."""
    by_urn: dict[str, list[Step]] = {}
    for step in steps:
        by_urn.setdefault(step.urn, []).append(step)
    found = (_change(its_steps) for its_steps in by_urn.values())
    return tuple(sorted(found, key=lambda change: (change.type, change.name, change.urn)))


def _change(steps: list[Step]) -> Change:
    operations = [_OPERATION_OF.get(step.operation, "other") for step in steps]
    operation = min(operations, key=OPERATIONS.index)
    # The steps of a replacement say the same, but for the deletion, which knows no new state.
    step = next((step for step in steps if step.old and step.new), steps[0])
    return Change(
        operation=operation,
        urn=step.urn,
        name=step.name,
        type=step.type,
        differences=differences(step) if operation in ("update", "replace") else (),
        replaced_for=step.replaced_for,
        is_kept=operation == "delete" and step.old is not None and step.old.is_kept_on_delete,
        holds_data=step.type in _HOLDS_DATA,
        old=step.old,
        new=step.new,
    )
