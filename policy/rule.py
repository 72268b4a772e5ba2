"""What a rule is: a sentence, how to mend what breaks it, and a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from policy.plan import PlannedResource

#: Yields a sentence for each problem of one resource, given the name of its stack.
ResourceCheck = Callable[[PlannedResource, str], Iterable[str]]
#: Yields each problem with the resource that has it, from all resources of a stack.
StackCheck = Callable[[Sequence[PlannedResource]], Iterator[tuple[PlannedResource, str]]]


@dataclass(frozen=True)
class Rule:
    """One rule of the pack.

    Args:
        name: kebab-case; what skips and configuration name.
        description: what holds where the rule does.
        remedy: what to do about a resource that breaks it.
    """

    name: str
    description: str
    remedy: str


@dataclass(frozen=True)
class ResourceRule(Rule):
    """A rule that one resource breaks by itself; it is checked before the resource is deployed."""

    check: ResourceCheck


@dataclass(frozen=True)
class StackRule(Rule):
    """A rule that resources break together; it is checked once all of them are planned."""

    check: StackCheck
