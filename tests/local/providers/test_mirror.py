"""Which inputs a refresh finds."""

from typing import ClassVar

import pytest

from local.providers.mirror import live_inputs
from local.providers.resource import Properties, ResourceType


class Thing(ResourceType):
    token = "aws:x/thing:Thing"
    defaults: ClassVar = {"port": 5432}
    computed: ClassVar = frozenset({"zone"})
    unordered: ClassVar = frozenset({"rules"})


NAMES = frozenset({"name", "port", "zone", "rules", "list", "disk", "tags"})


def found(inputs: Properties, state: Properties, live: Properties) -> Properties:
    return live_inputs(Thing(), NAMES, inputs, state, live)


@pytest.mark.parametrize(
    ("inputs", "live"),
    [
        ({"name": "a"}, {"name": "a", "zone": "z", "port": 5432, "arn": "x"}),
        ({"disk": {"size": 1}}, {"disk": {"size": 1, "type": "ssd"}}),
        ({"list": [{"a": 1}, {"a": 2}]}, {"list": [{"a": 1, "b": 0}, {"a": 2, "b": 0}]}),
        ({"rules": [{"p": 1}, {"p": 2}]}, {"rules": [{"p": 2, "id": "y"}, {"p": 1, "id": "x"}]}),
        ({"tags": {}}, {"tags": None}),
        ({"name": "a", "region": "r"}, {"name": "a", "region": "r"}),
        ({"name": "not answered"}, {}),
    ],
)
def test_nothing_changed(inputs: Properties, live: Properties) -> None:
    state = {**inputs, **live}
    assert found(inputs, state, live) == inputs


@pytest.mark.parametrize(
    ("inputs", "live", "expected"),
    [
        ({"name": "a"}, {"name": "b"}, {"name": "b"}),
        ({"name": "a"}, {"name": None}, {}),
        ({}, {"port": 1}, {"port": 1}),
        ({}, {"tags": {"by": "hand"}}, {"tags": {"by": "hand"}}),
        ({"tags": {"a": "1"}}, {"tags": {"a": "1", "b": "2"}}, {"tags": {"a": "1", "b": "2"}}),
        ({"tags": {"a": "1"}}, {"tags": {}}, {}),
        ({"disk": {"size": 1}}, {"disk": {"size": 2, "type": "ssd"}}, {"disk": {"size": 2}}),
        ({"disk": {"size": 1}}, {"disk": {"size": 1, "type": "hdd"}}, {"disk": {"size": 1, "type": "hdd"}}),
        ({"list": ["a", "b"]}, {"list": ["b", "a"]}, {"list": ["b", "a"]}),
        ({"rules": [{"p": 1}]}, {"rules": [{"p": 3}, {"p": 1}]}, {"rules": [{"p": 1}, {"p": 3}]}),
    ],
)
def test_drift(inputs: Properties, live: Properties, expected: Properties) -> None:
    state = {"port": 5432, "disk": {"size": 1, "type": "ssd"}, **inputs}
    state["disk"] = {"type": "ssd", **state["disk"]}
    assert found(inputs, state, live) == expected


def test_an_import_takes_what_is_neither_default_nor_chosen_by_the_service() -> None:
    live = {"name": "a", "zone": "z", "port": 5432, "tags": {"a": "1"}, "list": [], "arn": "x"}
    assert found({}, {}, live) == {"name": "a", "tags": {"a": "1"}}
