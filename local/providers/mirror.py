"""Inputs as a refresh finds them: the live values in the shape of what the program said.

The engine compares these with the program's inputs, so a value changed behind its back shows as a difference, and
what the service merely filled in does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.providers.difference import canonical, is_empty

if TYPE_CHECKING:
    from local.providers.resource import Properties, ResourceType


def live_inputs(
    resource_type: ResourceType, names: frozenset[str], inputs: Properties, state: Properties, live: Properties
) -> Properties:
    """Return the inputs that the live outputs stand for.

    Args:
        resource_type: the type, for its defaults, its computed inputs and the lists without order.
        names: the input properties that the type models, top-level.
        inputs: the inputs in state; empty in an import.
        state: the outputs in state; empty in an import.
        live: the live outputs; a mirrored input that the service dropped is None, one not answered keeps its value.
    """
    found = {key: value for key, value in inputs.items() if key not in names or key not in live}
    for key in names & live.keys():
        said, known, value = inputs.get(key), state.get(key), live[key]
        if said is None:
            chosen = resource_type.computed if not state else frozenset()
            noticed = not _equal(value, known) and not _equal(value, resource_type.defaults.get(key))
            if noticed and key not in chosen:
                found[key] = value
        elif not is_empty(value):
            found[key] = _project(resource_type, said, known, value, key)
        elif is_empty(said):
            found[key] = said
    return found


def _equal(one: Any, other: Any) -> bool:
    return (is_empty(one) and is_empty(other)) or canonical(one) == canonical(other)


def _project(resource_type: ResourceType, said: Any, known: Any, value: Any, place: str) -> Any:
    """Return a live value reduced to what was said about it and what changed since."""
    if isinstance(said, dict) and isinstance(value, dict):
        return _project_object(resource_type, said, known if isinstance(known, dict) else {}, value, place)
    if isinstance(said, list) and isinstance(value, list):
        return _project_list(resource_type, said, known if isinstance(known, list) else [], value, place)
    return value


def _project_object(
    resource_type: ResourceType, said: Properties, known: Properties, value: Properties, place: str
) -> Properties:
    projected: Properties = {}
    for key, item in value.items():
        if key in said:
            if not is_empty(item) or is_empty(said[key]):
                projected[key] = _project(resource_type, said[key], known.get(key), item, f"{place}.{key}")
        elif not _equal(item, known.get(key)):
            projected[key] = item
    return projected


def _project_list(
    resource_type: ResourceType, said: list[Any], known: list[Any], value: list[Any], place: str
) -> list[Any]:
    if place in resource_type.unordered:
        value, known = _in_order_of(said, value), _in_order_of(said, known)
    return [
        _project(
            resource_type,
            said[index] if index < len(said) else None,
            known[index] if index < len(known) else None,
            item,
            place,
        )
        for index, item in enumerate(value)
    ]


def _in_order_of(said: list[Any], value: list[Any]) -> list[Any]:
    """Return a list without order in the order in which it was said; what was not said comes last."""
    rest = list(value)
    ordered = []
    for wanted in said:
        match = next((item for item in rest if _agrees(wanted, item)), None)
        if match is not None:
            rest.remove(match)
            ordered.append(match)
    return ordered + rest


def _agrees(wanted: Any, item: Any) -> bool:
    """Return whether a live item has everything that was said of it."""
    if isinstance(wanted, dict) and isinstance(item, dict):
        return all(_agrees(value, item.get(key)) for key, value in wanted.items())
    return _equal(wanted, item)
