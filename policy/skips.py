"""The exceptions that stay, from `skips.yaml`: the one place where they and their reasons stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from policy.plan import PlannedResource

FILE: Final = Path(__file__).with_name("skips.yaml")


@dataclass(frozen=True)
class RuleSkip:
    """What a rule of the pack lets pass.

    Args:
        rule: the rule's name.
        stack: on which stack.
        resources: logical names.
        reason: why.
    """

    rule: str
    stack: str
    resources: frozenset[str]
    reason: str


@cache  # The file does not change while a pack runs.
def rule_skips() -> tuple[RuleSkip, ...]:
    """Return every exception from a rule of the pack."""
    listed = yaml.safe_load(FILE.read_text(encoding="utf-8"))["rules"]
    return tuple(
        RuleSkip(one["rule"], one["stack"], frozenset(one["resources"]), " ".join(one["reason"].split()))
        for one in listed
    )


def is_skipped(rule: str, resource: PlannedResource) -> bool:
    """Whether a rule lets a resource pass."""
    return any(
        skip.rule == rule and skip.stack == resource.stack and resource.name in skip.resources for skip in rule_skips()
    )
