"""The page about the policy pack: its rules, and what passes them all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.markdown import table
from policy.pack import RULES
from policy.rule import ResourceRule
from policy.skips import check_skips, rule_skips, setting_skips

if TYPE_CHECKING:
    from collections.abc import Iterator


def render() -> str:
    """Return the page, from the rules themselves and from the one file of exceptions."""
    return "\n".join(
        [
            "# Policies",
            "",
            "Every rule of `policy/` is mandatory: a preview or an update with a violation fails.",
            "How to run them, when each is checked, and how to add one: [policies](../guides/policy.md).",
            "",
            *table(("rule", "what holds", "checked", "what to do"), _rules()),
            "",
            "## Exceptions",
            "",
            "All of them stand in `policy/skips.yaml`; a test holds that each is needed.",
            "",
            *table(("rule", "stack", "resources", "reason"), _rule_skips()),
            "",
            "## What the scanner finds and what stays",
            "",
            "checkov reads the planned stacks as Terraform JSON, in the tests.",
            "",
            *table(("check", "on every stack, because"), ((skip.check, skip.reason) for skip in check_skips())),
            "",
            *table(("check", "stacks", "passes with", "reason"), _setting_skips()),
            "",
        ]
    )


def _rules() -> Iterator[tuple[str, ...]]:
    for rule in RULES:
        when = "for each resource, before it is deployed" if isinstance(rule, ResourceRule) else "for the whole stack"
        yield f"`{rule.name}`", rule.description, when, rule.remedy


def _rule_skips() -> Iterator[tuple[str, ...]]:
    for skip in rule_skips():
        yield f"`{skip.rule}`", skip.stack, ", ".join(f"`{name}`" for name in skip.resources), skip.reason


def _setting_skips() -> Iterator[tuple[str, ...]]:
    for skip in setting_skips():
        yield skip.check, ", ".join(sorted(skip.stacks)), f"`{skip.key}`", skip.reason
