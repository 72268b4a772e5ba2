"""A right: actions, what they may be done on, and when; and the statements of a policy that rights become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Statement = dict[str, Any]
Document = dict[str, Any]

#: The tag that every resource of a stack carries (`infra/tags.py`), with the stack's name.
STACK_TAG: Final = "Stack"
EVERYTHING: Final = ("*",)


@dataclass(frozen=True)
class When:
    """A condition of IAM: operator, key and value; placeholders as in `Grant`."""

    entries: tuple[tuple[str, str, str | tuple[str, ...]], ...]

    def document(self, names: Mapping[str, str]) -> Document:
        """Return the condition as IAM reads it."""
        found: dict[str, dict[str, object]] = {}
        for operator, key, value in self.entries:
            filled = value.format_map(names) if isinstance(value, str) else [one.format_map(names) for one in value]
            found.setdefault(operator, {})[key] = filled
        return found


#: The request makes something, or tags it, as this stack's.
NEW: Final = When((("StringEquals", f"aws:RequestTag/{STACK_TAG}", "{stack}"),))
#: What it is done on is tagged as this stack's.
OURS: Final = When((("StringEquals", f"aws:ResourceTag/{STACK_TAG}", "{stack}"),))
#: What is being made is tagged as this stack's, and what belongs to another stack is not taken over.
TAGGED_AS_OURS: Final = When(
    (
        ("StringEquals", f"aws:RequestTag/{STACK_TAG}", "{stack}"),
        ("StringEqualsIfExists", f"aws:ResourceTag/{STACK_TAG}", "{stack}"),
    )
)
#: Conditions that hold for nothing but the stack's own.
BY_TAG: Final = (NEW, OURS, TAGGED_AS_OURS)


@dataclass(frozen=True)
class Grant:
    """Actions that are allowed on some resources, under a condition.

    Args:
        actions: as IAM spells them, without wildcards, such as ``rds:ModifyDBInstance``.
        on: ARN patterns with ``{partition}``, ``{region}``, ``{account}``, ``{stack}`` and further names of the
            account's settings; ``*`` only for actions that IAM cannot narrow.
        when: the condition, or None.
    """

    actions: tuple[str, ...]
    on: tuple[str, ...]
    when: When | None = None


@dataclass(frozen=True)
class TypeRights:
    """What a resource type of the program needs.

    Args:
        type_token: as Pulumi spells it, such as ``aws:ec2/vpc:Vpc``.
        reads: rights that a refresh needs.
        writes: rights that making, changing and deleting it need beside them.
    """

    type_token: str
    reads: tuple[Grant, ...]
    writes: tuple[Grant, ...]


def to_tag(actions: tuple[str, ...], on: tuple[str, ...], untag: tuple[str, ...] = ()) -> tuple[Grant, ...]:
    """Return the rights to tag what is being made, and to change the tags of what is this stack's."""
    return (Grant(actions, on, TAGGED_AS_OURS), Grant((*actions, *untag), on, OURS))


def statements(grants: Iterable[Grant], names: Mapping[str, str]) -> list[Statement]:
    """Return the statements that allow the grants, as few as say the same.

    Grants of one service under one condition on the stack's tag share a statement: what is tagged as the stack's may be
    changed by any of them, and an action has no meaning on another kind of resource. Others share one only on the same
    resources, and so do those of IAM, where one role may be given what another may not.
    """
    merged: dict[object, tuple[dict[str, None], dict[str, None], When | None]] = {}
    for grant in grants:
        service = grant.actions[0].partition(":")[0]
        is_shared = grant.when in BY_TAG and grant.on != EVERYTHING and service != "iam"
        key = (service, grant.when) if is_shared else (grant.on, grant.when)
        actions, on, _ = merged.setdefault(key, ({}, {}, grant.when))
        actions.update(dict.fromkeys(grant.actions))
        on.update(dict.fromkeys(grant.on))
    return [_statement(sorted(actions), tuple(on), when, names) for actions, on, when in merged.values()]


def _statement(actions: Sequence[str], on: tuple[str, ...], when: When | None, names: Mapping[str, str]) -> Statement:
    allowed: Statement = {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(dict.fromkeys(pattern.format_map(names) for pattern in on)),
    }
    return {**allowed, "Condition": when.document(names)} if when else allowed


def policy(found: Sequence[Statement]) -> Document:
    """Return a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(found)}
