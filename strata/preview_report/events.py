"""What the engine says in its streamed events, as facts; a reader knows only some kinds of them.

The names are those of the engine's event types (sdk/go/common/apitype/events.go of the Pulumi repository).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Resource:
    """What a step leads from, or to; secrets in the properties are ``[secret]`` already."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    is_protected: bool
    is_kept_on_delete: bool


@dataclass(frozen=True)
class Step:
    """One step that the engine plans for one resource.

    Args:
        operation: as the engine calls it, for example ``create-replacement``.
        urn: of the resource.
        type: token of the resource's type.
        old: what is there; None for a new resource.
        new: what is wanted; None for one that goes.
        differences: kind of difference by path of the property; None if the provider told none.
        replaced_for: properties that force the replacement.
    """

    operation: str
    urn: str
    type: str
    old: Resource | None
    new: Resource | None
    differences: Mapping[str, PropertyDifference] | None
    replaced_for: tuple[str, ...]

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return name_of(self.urn)


@dataclass(frozen=True)
class PropertyDifference:
    """How a property differs: ``add``, ``delete``, ``update``, or one of these with ``-replace``; and from what."""

    kind: str
    is_of_inputs: bool


@dataclass(frozen=True)
class Diagnostic:
    """A message of the engine, a provider or the program."""

    severity: str
    message: str
    urn: str


@dataclass(frozen=True)
class PolicyViolation:
    """One resource that breaks one policy."""

    policy: str
    pack: str
    level: str
    message: str
    urn: str


@dataclass(frozen=True)
class PolicyRun:
    """The policies that looked at one resource, or at the whole stack."""

    pack: str
    policies: frozenset[str]


@dataclass(frozen=True)
class Summary:
    """The engine's last word: how it ended, and its own count of resources by operation."""

    result: str
    resource_changes: Mapping[str, int]
    policy_packs: frozenset[str]


@dataclass(frozen=True)
class EventStream:
    """All that was said, in order.

    Args:
        unknown_kinds: events of a kind that this reader does not know, by kind.
        unreadable_lines: lines that hold no event; a stream that broke off ends with one.
    """

    steps: tuple[Step, ...]
    diagnostics: tuple[Diagnostic, ...]
    violations: tuple[PolicyViolation, ...]
    policy_runs: tuple[PolicyRun, ...]
    summary: Summary | None
    unknown_kinds: Mapping[str, int]
    unreadable_lines: int

    @property
    def stack(self) -> str | None:
        """Name of the stack that the first resource belongs to."""
        return next((stack for step in self.steps if (stack := stack_of(step.urn))), None)


def stack_of(urn: str) -> str | None:
    """Return the stack's name out of ``urn:pulumi:STACK::PROJECT::TYPES::NAME``."""
    parts = urn.split("::", maxsplit=1)[0].split(":")
    return parts[2] if len(parts) == 3 else None  # noqa: PLR2004 - urn, pulumi, the stack


def name_of(urn: str) -> str:
    """Return the logical name out of a URN; it may hold ``::`` itself."""
    return urn.split("::", 3)[-1]


def type_of(urn: str) -> str:
    """Return the type token out of a URN, without the types of its parents."""
    parts = urn.split("::", 3)
    return parts[2].rsplit("$", 1)[-1] if len(parts) == 4 else ""  # noqa: PLR2004 - a URN has four parts
