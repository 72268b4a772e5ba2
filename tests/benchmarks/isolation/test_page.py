"""The page about isolation says what was recorded."""

from __future__ import annotations

from benchmarks.isolation.kills import read_kills
from benchmarks.isolation.page import COMMAND, PAGE, page
from benchmarks.isolation.rules import Rule


def test_the_page_is_what_its_command_writes():
    assert PAGE.read_text(encoding="utf-8") == page(), f"renew it: {COMMAND} --write"


def test_every_rule_and_every_fault_is_told():
    text = page()
    for rule in Rule:
        assert f"| `{rule.name}` | {rule.value} |" in text
    for kill in read_kills():
        assert f"| `{kill.name}` | {kill.why} | {kill.assertion} | {kill.number} |" in text
    assert "survives" not in text
