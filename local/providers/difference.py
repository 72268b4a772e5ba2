"""What differs between the inputs a resource was made from and the inputs it shall have."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from local.providers import paths
from local.providers.properties import contains_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.providers.paths import Path
    from local.providers.resource import Properties, ResourceType

ChangeKind = Literal["add", "delete", "update"]


@dataclass(frozen=True)
class Change:
    """One difference: where, what happens there, and whether it replaces the resource."""

    path: Path
    kind: ChangeKind
    replaces: bool


def differences(resource_type: ResourceType, old: Properties, new: Properties) -> list[Change]:
    """Return what differs in meaning between old and new inputs.

    An absent value equals null, an empty list or map, and the service's default; an optional value that the service
    computes is not changed by leaving it out; an unknown value differs from any known one.
    """
    return [
        Change(path, kind, _replaces(resource_type, path, value))
        for path, kind, value in _compare_objects(resource_type, _meant(resource_type, old, new), new, ())
    ]


def _meant(resource_type: ResourceType, old: Properties, new: Properties) -> Properties:
    """Return the old inputs without the computed ones that the new inputs leave out."""
    return {key: value for key, value in old.items() if key in new or key not in resource_type.computed}


def _replaces(resource_type: ResourceType, path: Path, value: Any) -> bool:
    """Return whether a change replaces: the place itself, one above it, or one below it inside an added value."""
    place = paths.dotted(path)
    return any(
        paths.under(place, rule) or (paths.under(rule, place) and rule in set(_places(value, place)))
        for rule in resource_type.replaces
    )


def _places(value: Any, place: str) -> Iterator[str]:
    yield place
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, f"{place}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, place)


def is_empty(value: Any) -> bool:
    """Return whether a value says nothing: null, an empty list or an empty map."""
    return value is None or value in ([], {})


def canonical(value: Any) -> str:
    """Return a text that is equal for equal values, whatever the order of their keys."""
    return json.dumps(value, sort_keys=True, default=repr)


def _compare(resource_type: ResourceType, old: Any, new: Any, path: Path) -> Iterator[tuple[Path, ChangeKind, Any]]:
    if len(path) == 1 and isinstance(path[0], str):
        default = resource_type.defaults.get(path[0])
        old = default if old is None else old
        new = default if new is None else new
    if is_empty(old) and is_empty(new):
        return
    if is_empty(old):
        yield path, "add", new
    elif is_empty(new):
        yield path, "delete", old
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_objects(resource_type, old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(resource_type, old, new, path)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, "update", new


def _compare_objects(
    resource_type: ResourceType, old: Properties, new: Properties, path: Path
) -> Iterator[tuple[Path, ChangeKind, Any]]:
    for key in dict.fromkeys([*old, *new]):
        if not key.startswith("__"):
            yield from _compare(resource_type, old.get(key), new.get(key), (*path, key))


def _compare_lists(
    resource_type: ResourceType, old: list[Any], new: list[Any], path: Path
) -> Iterator[tuple[Path, ChangeKind, Any]]:
    if paths.dotted(path) in resource_type.unordered and not contains_unknown(new):
        old, new = sorted(old, key=canonical), sorted(new, key=canonical)
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        yield from _compare(resource_type, before, after, (*path, index))
