"""What counts as a change, and what as one that replaces."""

from typing import Any, ClassVar

import pytest

from local.providers import paths
from local.providers.difference import differences
from local.providers.resource import UNKNOWN, Properties, ResourceType


class Thing(ResourceType):
    token = "aws:x/thing:Thing"
    replaces: ClassVar = {"name": "test", "disk.type": "test"}
    defaults: ClassVar = {"port": 5432, "flag": False}
    computed: ClassVar = frozenset({"zone"})
    unordered: ClassVar = frozenset({"groups", "rules", "disk.zones"})


def changes(old: Properties, new: Properties) -> list[tuple[str, str, bool]]:
    return [(paths.written(each.path), each.kind, each.replaces) for each in differences(Thing(), old, new)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": None, "b": [], "c": {}}, {}),
        ({}, {"b": []}),
        ({"a": []}, {"a": {}}),
        ({"port": 5432}, {}),
        ({}, {"port": 5432, "flag": False}),
        ({"zone": "a"}, {}),
        ({"groups": ["a", "b"]}, {"groups": ["b", "a"]}),
        ({"rules": [{"p": 1}, {"p": 2}]}, {"rules": [{"p": 2}, {"p": 1}]}),
        ({"disk": {"zones": ["a", "b"]}}, {"disk": {"zones": ["b", "a"]}}),
        ({"__defaults": ["name"]}, {}),
    ],
)
def test_equal_in_meaning(old: Properties, new: Properties) -> None:
    assert changes(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 2}, ("a", "update", False)),
        ({"a": 1}, {"a": True}, ("a", "update", False)),
        ({"a": "1"}, {"a": 1}, ("a", "update", False)),
        ({}, {"a": 1}, ("a", "add", False)),
        ({"a": 1}, {}, ("a", "delete", False)),
        ({"port": 1}, {}, ("port", "update", False)),
        ({"zone": "a"}, {"zone": "b"}, ("zone", "update", False)),
        ({"a": ["x", "y"]}, {"a": ["y"]}, None),
        ({"name": "a"}, {"name": UNKNOWN}, ("name", "update", True)),
        ({"name": "a"}, {}, ("name", "delete", True)),
        ({"disk": {"type": "a"}}, {"disk": {"type": "b"}}, ("disk.type", "update", True)),
        ({"disk": {"type": "a"}}, {"disk": {"type": "a", "size": 1}}, ("disk.size", "add", False)),
        ({}, {"disk": {"type": "a"}}, ("disk", "add", True)),
        ({}, {"disk": {"size": 1}}, ("disk", "add", False)),
        ({"tags": {"a.b": "1"}}, {"tags": {"a.b": "2"}}, ('tags["a.b"]', "update", False)),
        ({"groups": ["a"]}, {"groups": ["a", UNKNOWN]}, ("groups[1]", "add", False)),
    ],
)
def test_changes(old: Properties, new: Properties, expected: Any) -> None:
    found = changes(old, new)
    if expected is None:
        assert found == [("a[0]", "update", False), ("a[1]", "delete", False)]
    else:
        assert found == [expected]
