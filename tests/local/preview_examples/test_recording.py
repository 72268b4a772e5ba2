"""What is kept of a stream has nothing of the machine in it, and says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.preview_examples.recording import anonymous, recorded
from strata.preview_report.differences import UNKNOWN

CHECKOUT = Path("/srv/strata-local-x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at /srv/strata-local-x/.strata/bin/pulumi", "at .strata/bin/pulumi"),
        ("in /srv/strata-local-x", "in ."),
        ("127.0.0.1:30312 and localhost:26922", "127.0.0.1:5432 and localhost:5432"),
        ('{"port": 30312}', '{"port": 5432}'),
        (r"{\"port\": 30312}", r"{\"port\": 5432}"),
        ('"port": "30312"', '"port": "5432"'),
        ("port 443 and 30312 rows", "port 443 and 30312 rows"),
        ("db-RQDAQT5QIPXSGNQZIW57TWMY6M", "db-EXAMPLE"),
        ("vpc-17bb44b7869828e62", "vpc-00000000000000000"),
        ("archive-bucket-e888589", "archive-bucket-0000000"),
        ("752f78de-fe47-4d4c-92f2-b954f9317f17", "00000000-0000-4000-8000-000000000000"),
    ],
)
def test_nothing_of_the_machine_is_kept(text: str, expected: str) -> None:
    assert anonymous(text, CHECKOUT) == expected


@pytest.mark.parametrize("mark", sorted(UNKNOWN))
def test_the_engines_marks_for_what_is_not_known_are_kept(mark: str) -> None:
    assert anonymous(mark, CHECKOUT) == mark


def kept(*events: dict[str, Any]) -> list[dict[str, Any]]:
    text = "".join(f"{json.dumps({'sequence': 1, 'timestamp': 17, **event})}\n" for event in events)
    return [json.loads(line) for line in recorded(text, CHECKOUT).splitlines()]


def step(operation: str, **metadata: Any) -> dict[str, Any]:
    state = {"inputs": {"a": 1}, "outputs": {"a": 1, "b": 2}}
    return {"resourcePreEvent": {"metadata": {"op": operation, "old": state, "new": state, **metadata}}}


def test_what_no_report_reads_is_left_out() -> None:
    assert kept({"resOutputsEvent": {}}, {"diagnosticEvent": {"severity": "debug"}}) == []
    (event,) = kept({"diagnosticEvent": {"severity": "error", "message": "x"}})
    assert event["timestamp"] == 0


def test_state_is_kept_where_a_difference_is_told_against_it() -> None:
    (same,) = kept(step("same"))
    assert same["resourcePreEvent"]["metadata"]["old"] is None
    (update,) = kept(step("update", detailedDiff={"a": {"diffKind": "update", "inputDiff": True}}))
    assert update["resourcePreEvent"]["metadata"]["old"] == {"inputs": {"a": 1}, "outputs": {}}
    (drifted,) = kept(step("update", detailedDiff={"b": {"diffKind": "update", "inputDiff": False}}))
    assert drifted["resourcePreEvent"]["metadata"]["old"]["outputs"] == {"a": 1, "b": 2}


def test_of_equal_looks_of_policies_one_is_kept() -> None:
    look = {"policyAnalyzeSummaryEvent": {"passed": ["a"], "resourceUrn": "x"}}
    other = {"policyAnalyzeSummaryEvent": {"passed": ["a"], "failed": ["b"]}}
    assert len(kept(look, look, other)) == 2
