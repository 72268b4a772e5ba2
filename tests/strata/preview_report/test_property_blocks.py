"""Properties as a reviewer reads them: short ones in a table, long ones line by line, equal ones once."""

from __future__ import annotations

import json
from typing import Any

from strata.preview_report.changes import changes
from strata.preview_report.property_blocks import property_blocks
from strata.preview_report.reading import read_events
from tests.strata.preview_report import streams

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def shown(*resources: tuple[str, dict[str, Any], dict[str, Any]]) -> list[str]:
    lines = [streams.step("update", name, old=old, new=new) for name, old, new in resources]
    return list(property_blocks(changes(read_events(lines).steps)))


def test_short_values_are_in_a_table() -> None:
    (block,) = shown(("a", {"b": 1, "c": "x"}, {"b": 2}))
    assert block.splitlines() == [
        "`a` (`aws:s3/bucket:Bucket`), update:",
        "",
        "| property | before | after |",
        "| --- | --- | --- |",
        "| `b` | `1` | `2` |",
        "| `c` | `x` | _(not there)_ |",
    ]


def test_json_is_compared_by_fact() -> None:
    before = {"Statement": [{"Effect": "Deny", "Action": ["s3:*"]}, *({"Sid": str(one)} for one in range(40))]}
    after = json.loads(json.dumps(before).replace("Deny", "Allow"))
    (block,) = shown(("a", {"policy": json.dumps(before)}, {"policy": json.dumps(after)}))
    assert '-      "Effect": "Deny",\n+      "Effect": "Allow",' in block
    assert "Sid" not in block


def test_text_is_compared_by_line() -> None:
    code = "\n".join(f"line {number}" for number in range(50))
    (block,) = shown(("a", {"code": code}, {"code": code.replace("line 25", "LINE 25")}))
    assert "-line 25\n+LINE 25\n" in block
    assert "line 30" not in block


def test_what_is_not_known_yet_is_not_compared() -> None:
    (block,) = shown(("a", {"code": "x" * 500}, {"code": UNKNOWN}))
    assert f"| `code` | `{'x' * 160} ... (500 characters)` | `(known after the deployment)` |" in block


def test_resources_that_differ_alike_are_told_once() -> None:
    blocks = shown(("b", {"x": 1}, {"x": 2}), ("a", {"x": 1}, {"x": 2}), ("c", {"x": 1}, {"x": 3}))
    assert [block.split(" (")[0] for block in blocks] == ["`a`, `b`", "`c`"]


def test_a_secret_stays_one() -> None:
    (block,) = shown(("a", {"password": "hunter1", "x": "[secret]"}, {"password": "hunter2", "x": "y"}))
    assert "hunter" not in block
    assert "`[secret]`" in block
