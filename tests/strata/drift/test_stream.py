"""A refresh of the real engine, as it streamed it: kept in `refresh.jsonl`, with fewer resources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strata.drift.stream import read_refresh

LINES = (Path(__file__).parent / "refresh.jsonl").read_text(encoding="utf-8").splitlines()
ERROR = {"diagnosticEvent": {"severity": "error", "message": "AccessDenied:\n  not authorized", "prefix": "error: "}}


def event(**kind: object) -> str:
    return json.dumps({"sequence": 1, "timestamp": 1, **kind})


def changed(old: dict[str, object], new: dict[str, object]) -> str:
    """Return the event of a resource of which the outputs differ."""
    sides = {
        name: {"inputs": {"name": "same"}, "outputs": {"name": "same", **outputs}}
        for name, outputs in (("old", old), ("new", new))
    }
    metadata = {"op": "update", "urn": "urn:pulumi:dev::strata::t:a:T::one", "type": "t:a:T", **sides}
    return event(resOutputsEvent={"metadata": metadata})


def test_what_is_gone_and_what_differs() -> None:
    refresh = read_refresh(LINES)
    found = {one.name: (one.kind, [each.path for each in one.properties]) for one in refresh.drifted}
    blocks = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"]
    assert found == {
        "archive-policy": ("gone", []),
        "access-logs-public-access": ("changed", blocks),
        "tenant-globex": ("changed", ["statements.payments"]),
    }
    assert refresh.is_whole
    assert refresh.errors == ()


def test_values_are_as_recorded_and_as_found() -> None:
    (block,) = [one for one in read_refresh(LINES).drifted if one.name == "access-logs-public-access"]
    assert {(one.recorded, one.found) for one in block.properties} == {("true", "false")}


def test_a_changed_output_is_a_difference_too() -> None:
    (one,) = read_refresh([changed({"arn": "a"}, {"arn": "b"})]).drifted
    assert [(each.path, each.recorded, each.found) for each in one.properties] == [("arn", "a", "b")]


def test_what_looks_like_a_secret_is_masked() -> None:
    (one,) = read_refresh([changed({"password": "recorded", "x": 1}, {"password": "found", "x": 2})]).drifted
    assert [(each.path, each.recorded, each.found) for each in one.properties] == [("x", "1", "2")]


@pytest.mark.parametrize("kept", range(len(LINES) - 1))
def test_a_stream_that_broke_off_is_not_whole(kept: int) -> None:
    assert not read_refresh(LINES[: max(kept - 1, 0)]).is_whole


def test_a_stream_that_broke_off_within_a_line_is_not_whole() -> None:
    assert not read_refresh([*LINES[:-1], LINES[-1][:-5]]).is_whole
    assert not read_refresh([*LINES, "[1]"]).is_whole
    assert not read_refresh([]).is_whole


def test_a_refresh_that_failed_is_not_whole_and_says_why_once() -> None:
    failed = event(summaryEvent={"result": "failed", "resourceChanges": {}})
    refresh = read_refresh([event(**ERROR), event(**ERROR), failed])
    assert refresh.errors == ("AccessDenied: not authorized",)
    assert not refresh.is_whole
