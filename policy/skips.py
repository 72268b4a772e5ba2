"""The exceptions that stay, from `skips.yaml`: the one place where they and their reasons stand."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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
        resources: patterns of logical names.
        reason: why.
    """

    rule: str
    stack: str
    resources: tuple[str, ...]
    reason: str


@cache  # The file does not change while a pack runs.
def rule_skips() -> tuple[RuleSkip, ...]:
    """Return every exception from a rule of the pack."""
    return tuple(
        RuleSkip(one["rule"], one["stack"], tuple(one["resources"]), _line(one["reason"])) for one in _listed("rules")
    )


def _listed(section: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))[section]
    return listed


def _line(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True)
class CheckSkip:
    """What a check of the scanner finds on every stack and that stays."""

    check: str
    reason: str


@dataclass(frozen=True)
class SettingSkip:
    """What a check finds because of a key of the stack file.

    Args:
        check: the check's id.
        stacks: the stacks of the project that leave the key so.
        key: the key, as stack files spell it.
        reason: why they may.
    """

    check: str
    stacks: frozenset[str]
    key: str
    reason: str


def check_skips() -> tuple[CheckSkip, ...]:
    """Return every check that stays failed on every stack."""
    return tuple(CheckSkip(one["check"], _line(one["reason"])) for one in _listed("checks"))


def setting_skips() -> tuple[SettingSkip, ...]:
    """Return every check that a key of the stack file turns off."""
    return tuple(
        SettingSkip(one["check"], frozenset(one["stacks"]), one["key"], _line(one["reason"]))
        for one in _listed("settings")
    )


def is_skipped(rule: str, resource: PlannedResource) -> bool:
    """Whether a rule lets a resource pass."""
    return any(
        skip.rule == rule
        and skip.stack == resource.stack
        and any(fnmatchcase(resource.name, pattern) for pattern in skip.resources)
        for skip in rule_skips()
    )
