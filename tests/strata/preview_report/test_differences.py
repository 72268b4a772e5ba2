"""Properties that differ, with the values that a reviewer compares."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies

from strata.preview_report.differences import KNOWN_LATER, Difference, differences
from strata.preview_report.reading import read_events
from tests.strata.preview_report import streams

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def found(old: dict[str, Any], new: dict[str, Any], **metadata: Any) -> tuple[Difference, ...]:
    (step,) = read_events([streams.step("update", "one", old=old, new=new, **metadata)]).steps
    return differences(step)


def told(**kinds: str) -> dict[str, Any]:
    return {path: {"diffKind": kind, "inputDiff": True} for path, kind in kinds.items()}


def test_the_providers_list_is_what_is_shown() -> None:
    assert found({"a": 1, "b": 1}, {"a": 2, "b": 2}, detailedDiff=told(a="update-replace")) == (
        Difference("a", "1", "2", forces_replacement=True),
    )


def test_without_a_list_the_inputs_are_compared() -> None:
    old, new = {"a": {"b": "x", "c": 1}, "d": "y", "__provider": "1"}, {"a": {"b": "z", "c": 1}, "__provider": "2"}
    assert found(old, new) == (
        Difference("a.b", "x", "z", forces_replacement=False),
        Difference("d", "y", None, forces_replacement=False),
    )


def test_a_difference_from_what_is_there_is_told_against_the_outputs() -> None:
    line = streams.step(
        "update", "one", old={"a": 1}, new={"a": 1}, detailedDiff={"a": {"diffKind": "update", "inputDiff": False}}
    ).replace('"outputs": {"a": 1}', '"outputs": {"a": 7}')
    (step,) = read_events([line]).steps
    assert differences(step) == (Difference("a", "7", "1", forces_replacement=False),)


def test_a_list_of_values_is_shown_as_a_whole() -> None:
    kinds = told(**{"h.items[0]": "update", "h.items[1]": "delete"})
    assert found({"h": {"items": ["a", "b"]}}, {"h": {"items": ["b"]}}, detailedDiff=kinds) == (
        Difference("h.items", '["a", "b"]', '["b"]', forces_replacement=False),
    )


def test_a_list_of_objects_is_shown_by_item() -> None:
    kinds = told(**{"rules[1].port": "update"})
    old, new = {"rules": [{"port": 1}, {"port": 2}]}, {"rules": [{"port": 1}, {"port": 3}]}
    assert found(old, new, detailedDiff=kinds) == (Difference("rules[1].port", "2", "3", forces_replacement=False),)


def test_a_name_with_dots_is_one_name() -> None:
    kinds = told(**{'tags["a.b"]': "update"})
    assert found({"tags": {"a.b": "x"}}, {"tags": {"a.b": "y"}}, detailedDiff=kinds) == (
        Difference('tags["a.b"]', "x", "y", forces_replacement=False),
    )
    assert found({"tags": {"a.b": "x"}}, {"tags": {"a.b": "y"}})[0].path == 'tags["a.b"]'


def test_what_only_the_deployment_tells_is_said_so() -> None:
    assert [one.after for one in found({"a": "x", "b": ["y"]}, {"a": UNKNOWN, "b": [UNKNOWN]})] == [
        KNOWN_LATER,
        f'["{KNOWN_LATER}"]',
    ]


def test_a_list_of_lines_is_text() -> None:
    (one,) = found({"sql": ["SELECT 1;"]}, {"sql": ["SELECT 1;", "SELECT 2;"]})
    assert (one.before, one.after) == ("SELECT 1;", "SELECT 1;\nSELECT 2;")


def test_what_forces_a_replacement_may_be_told_by_key_only() -> None:
    (one,) = found({"a": {"b": 1}}, {"a": {"b": 2}}, keys=["a"])
    assert one.forces_replacement


@pytest.mark.parametrize("path", ["", "a[", 'a["', "a[99]", "..", "[0]", 'a["\\"]', "a.b.c.d"])
def test_a_path_that_leads_nowhere_is_shown_all_the_same(path: str) -> None:
    assert len(found({"a": [1]}, {"a": [2]}, detailedDiff=told(**{path: "update"}))) == 1


VALUES = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(max_size=5),
    lambda inner: (
        strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
PROPERTIES = strategies.dictionaries(strategies.text(max_size=4), VALUES, max_size=4)


@given(old=PROPERTIES, new=PROPERTIES)
def test_what_differs_is_shown_and_nothing_else(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert bool(found(old, new)) == (_told(old) != _told(new))
    assert found(old, old) == ()


def _told(value: Any) -> Any:
    """Return a value without what is null: to a provider, that is not there."""
    return (
        {key: _told(inner) for key, inner in value.items() if inner is not None} if isinstance(value, dict) else value
    )
