"""A stream is parsed once, and nothing in it makes that fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies

from strata.preview_report.reading import read_events
from tests.strata.preview_report import streams

RECORDED = sorted((Path(__file__).parent / "streams").glob("*.jsonl"))


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_recorded_streams_are_read_without_a_gap(file: Path) -> None:
    stream = read_events(file.read_text(encoding="utf-8").splitlines())
    assert stream.unknown_kinds == {}
    assert stream.unreadable_lines == 0
    assert stream.summary is not None
    assert stream.stack == "local"
    assert stream.steps


def test_unknown_kinds_are_counted_by_name() -> None:
    stream = read_events([streams.line("quantumEvent", {}), streams.line("quantumEvent", {}), streams.same()])
    assert stream.unknown_kinds == {"quantumEvent": 2}
    assert len(stream.steps) == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"sequence": 1, "resourcePreEvent": {"meta',
        "not json",
        "[]",
        "17",
        "null",
        '"text"',
        "{}",
        '{"sequence": 1}',
        '{"summaryEvent": null}',
        '{"summaryEvent": {"result": "succeeded"}}',
        '{"summaryEvent": {"result": "succeeded", "resourceChanges": {"same": Infinity}}}',
        '{"resourcePreEvent": {"metadata": {"op": "same"}}}',
        '{"resourcePreEvent": {"metadata": {"op": "same", "urn": "u", "type": "t", "old": []}}}',
        '{"resourcePreEvent": {"metadata": {"op": "same", "urn": "u", "type": "t", "old": {"inputs": 3}}}}',
        '{"diagnosticEvent": {}, "policyEvent": {}}',
        "[" * 100_000,
        '{"summaryEvent": {"result": "succeeded", "resourceChanges": {"same": ' + "9" * 5000 + "}}}",
    ],
)
def test_a_line_without_an_event_is_counted(line: str) -> None:
    assert read_events([line, "\n", streams.same()]).unreadable_lines == 1


def test_half_a_character_can_be_written_again() -> None:
    (said,) = read_events([streams.warning("\ud800 half")]).diagnostics
    assert said.message.encode("utf-8") == b"? half"


def test_secrets_are_masked_wherever_they_come_in() -> None:
    stream = read_events(
        [
            streams.step("create", "db", new={"masterPassword": "hunter2", "list": [{"url": "https://a:hunter2@b/"}]}),
            streams.error("cannot reach postgresql://app:hunter2@db/strata"),
            streams.violation("tls", "mandatory", "postgresql://app:hunter2@db", streams.urn("db")),
        ]
    )
    assert "hunter2" not in repr(stream)
    assert "postgresql://app:***@db/strata" in stream.diagnostics[0].message


JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.floats() | strategies.integers() | strategies.text(),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    kind=strategies.sampled_from(["resourcePreEvent", "diagnosticEvent", "policyEvent", "summaryEvent", "errorEvent"]),
    facts=JSON,
    metadata=JSON,
)
def test_no_event_makes_reading_fail(kind: str, facts: object, metadata: object) -> None:
    for body in (facts, {"metadata": metadata}, metadata):
        stream = read_events([json.dumps({kind: body})])
        found = stream.steps or stream.diagnostics or stream.violations or stream.summary
        assert bool(found) != bool(stream.unreadable_lines)


@given(text=strategies.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    read_events(text.splitlines())
