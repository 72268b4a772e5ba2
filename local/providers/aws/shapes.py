"""Turns the SDK's camelCase properties into a service's structures and back, led by the service's model in botocore.

The model gives members, wrappers (``{"Quantity": n, "Items": [...]}``), scalar kinds, enumerations and lengths;
a `Shape` adds only what the model cannot know: which properties are modelled, where pulumi-aws renames or moves
one, and what the service fills in when a property is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from local.providers.resource import UNKNOWN, CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WRAPPER = {"Items", "Quantity"}


@cache
def _service_model(service: str) -> Any:
    """Load a service's model once per process: reading it takes 15 to 50 ms."""
    from botocore.loaders import Loader  # noqa: PLC0415 - slow to import, and not every process needs it
    from botocore.model import ServiceModel  # noqa: PLC0415

    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def paths(tree: Mapping[str, str]) -> frozenset[str]:
    """Return dotted paths from names listed by parent, for example ``{"": "name", "tags.owner": "id mail"}``."""
    return frozenset(f"{parent}.{name}" if parent else name for parent, names in tree.items() for name in names.split())


def known(value: object) -> bool:
    """Return whether no part of the value is unknown."""
    if isinstance(value, dict):
        return all(map(known, value.values()))
    if isinstance(value, list):
        return all(map(known, value))
    return value is not UNKNOWN


@dataclass(frozen=True)
class Shape:
    """One structure of a service in both spellings.

    Args:
        service: botocore's name of the service.
        structure: name of the structure in that model.
        paths: modelled properties, dotted, without list indexes.
        names: modelled path to dotted member path below the parent structure, where the spelling alone does not tell.
        defaults: modelled path to the value that the service fills in.
        unordered: paths of lists whose order has no meaning.
        limits: modelled path to the smallest and largest number, or number of items, that the service takes.
        choices: modelled path to allowed values that the model does not enumerate.
    """

    service: str
    structure: str
    paths: frozenset[str]
    names: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    unordered: frozenset[str] = frozenset()
    limits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    choices: Mapping[str, frozenset[Any]] = field(default_factory=dict)

    @property
    def properties(self) -> frozenset[str]:
        """The modelled top-level properties."""
        return frozenset(self._children(""))

    def to_service(self, properties: Properties) -> Properties:
        """Return the structure for boto3; properties that are not modelled here are left out."""
        return self._encode_structure(self._model(), self._pick(properties), "")

    def from_service(self, structure: Properties) -> Properties:
        """Return the modelled properties that a structure from boto3 holds."""
        decoded: Properties = self._decode(self._model(), structure, "")
        return decoded

    def mirror(self, structure: Properties, said: Properties) -> Properties:
        """Return live properties in the words of `said`: the program's own order, and no default that it left out.

        A top-level property that the program set and the service no longer has is None.
        """
        picked = self._pick(said)
        live = self._mirror(self.from_service(structure), picked, "")
        return {**{name: None for name in picked if name not in live}, **live}

    def failures(self, properties: Properties) -> list[CheckFailure]:
        """Return the values outside the model's enumerations and lengths, or outside `choices` and `limits`."""
        return list(self._failures(self._model(), self._pick(properties), "", ""))

    def _model(self) -> Any:
        return _service_model(self.service).shape_for(self.structure)

    def _children(self, path: str) -> list[str]:
        prefix = f"{path}." if path else ""
        return sorted({rest[len(prefix) :].split(".")[0] for rest in self.paths if rest.startswith(prefix)})

    def _pick(self, properties: Properties) -> Properties:
        names = self._children("")
        return {name: value for name, value in properties.items() if name in names and value is not None}

    def _locate(self, shape: Any, path: str) -> tuple[list[str], Any]:
        """Return the member names that lead from a structure to a property, and the shape found there."""
        name = path.rsplit(".", 1)[-1]
        place = self.names.get(path)
        steps = place.split(".") if place else [m for m in shape.members if m.lower() == name.lower()]
        for step in steps:
            shape = shape.members[step]
        return steps, shape

    def _encode(self, shape: Any, value: Any, path: str) -> Any:
        match shape.type_name:
            case "structure" if isinstance(value, list):
                return self._wrap(shape, [self._encode(shape.members["Items"].member, item, path) for item in value])
            case "structure":
                return self._encode_structure(shape, value, path)
            case "list":
                return [self._encode(shape.member, item, path) for item in value]
            case "integer" | "long":
                return int(value)
            case "string":
                return str(value)
            case _:
                return value

    def _encode_structure(self, shape: Any, value: Properties, path: str) -> Properties:
        result: Properties = {}
        for name, item in {**self._defaults_below(path), **value}.items():
            if item is None:
                continue
            child = f"{path}.{name}" if path else name
            steps, member = self._locate(shape, child)
            # An empty list says nothing; services that count their lists are told a zero, the others refuse it.
            if item != [] or member.type_name == "structure":
                _put(result, steps, self._encode(member, item, child))
        if shape.members.keys() >= _WRAPPER and "Quantity" not in result:
            result["Quantity"] = len(result.get("Items", []))
        return result

    @staticmethod
    def _wrap(shape: Any, items: list[Any]) -> Properties:
        enabled = {"Enabled": bool(items)} if "Enabled" in shape.members else {}
        return {"Quantity": len(items), **enabled, **({"Items": items} if items else {})}

    def _defaults_below(self, path: str) -> Properties:
        prefix = f"{path}." if path else ""
        return {
            key[len(prefix) :]: value
            for key, value in self.defaults.items()
            if key.startswith(prefix) and "." not in key[len(prefix) :]
        }

    def _decode(self, shape: Any, live: Any, path: str) -> Any:
        match shape.type_name:
            case "structure" if self._is_wrapper(shape, path):
                return self._decode(shape.members["Items"], live.get("Items", []), path)
            case "structure":
                return self._decode_structure(shape, live, path)
            case "list":
                return [self._decode(shape.member, item, path) for item in live]
            case _:
                return live

    def _decode_structure(self, shape: Any, live: Properties, path: str) -> Properties:
        result: Properties = {}
        for name in self._children(path):
            child = f"{path}.{name}" if path else name
            steps, member = self._locate(shape, child)
            value = _get(live, steps)
            if steps and value is not None:
                result[name] = self._decode(member, value, child)
        return result

    def _is_wrapper(self, shape: Any, path: str) -> bool:
        """Return whether a structure only counts its items, so that the property is the list itself."""
        children = self._children(path)
        return shape.members.keys() >= _WRAPPER and (
            not children or ("items" not in children and shape.members.keys() <= {*_WRAPPER, "Enabled"})
        )

    def _mirror(self, live: Any, said: Any, path: str) -> Any:
        if isinstance(live, dict):
            return self._mirror_structure(live, said if isinstance(said, dict) else {}, path)
        if isinstance(live, list):
            return self._mirror_list(live, said if isinstance(said, list) else [], path)
        return said if str(live) == str(said) and not isinstance(said, bool) else live

    def _mirror_structure(self, live: Properties, said: Properties, path: str) -> Properties:
        result: Properties = {}
        for name in [*said, *(name for name in live if name not in said)]:
            child = f"{path}.{name}" if path else name
            if name not in live:
                if self._is_default(said[name], child):
                    result[name] = said[name]
                continue
            value = self._mirror(live[name], said.get(name), child)
            if name in said or not self._is_default(value, child):
                result[name] = value
        return result

    def _mirror_list(self, live: list[Any], said: list[Any], path: str) -> list[Any]:
        if path not in self.unordered:
            return [self._mirror(item, _at(said, index), path) for index, item in enumerate(live)]
        rest, result, changed = list(live), [], []
        for wanted in said:
            same = next((item for item in rest if self._mirror(item, wanted, path) == wanted), None)
            if same is None:
                changed.append(wanted)
                continue
            rest.remove(same)
            result.append(wanted)
        return result + [self._mirror(item, _at(changed, index), path) for index, item in enumerate(rest)]

    def _is_default(self, value: Any, path: str) -> bool:
        if path in self.defaults:
            return bool(value == self.defaults[path])
        return value in ("", [], {}, False, None)

    def _failures(self, shape: Any, value: Any, path: str, place: str) -> Iterator[CheckFailure]:
        if value is UNKNOWN or value is None:
            return
        if isinstance(value, dict) and shape.type_name == "structure":
            for name, item in value.items():
                child = f"{path}.{name}" if path else name
                steps, member = self._locate(shape, child)
                if steps:
                    yield from self._failures(member, item, child, f"{place}.{name}" if place else name)
        elif isinstance(value, list):
            yield from self._size_failures(shape, len(value), path, place)
            item_shape = _item_shape(shape)
            for index, item in enumerate(value):
                yield from self._failures(item_shape, item, path, f"{place}[{index}]")
        else:
            yield from self._scalar_failures(shape, value, path, place)

    def _size_failures(self, shape: Any, count: int, path: str, place: str) -> Iterator[CheckFailure]:
        low, high = self.limits.get(path, (0, shape.metadata.get("max", count)))
        if not low <= count <= high:
            yield CheckFailure(place, f"has {count} items; {self.service} takes {low} to {high}")

    def _scalar_failures(self, shape: Any, value: Any, path: str, place: str) -> Iterator[CheckFailure]:
        allowed = self.choices.get(path) or getattr(shape, "enum", None)
        if allowed:
            if value not in allowed:
                listed = ", ".join(map(str, sorted(allowed)))
                yield CheckFailure(place, f"{value!r} is not a value that {self.service} takes; allowed: {listed}")
            return
        text = shape.type_name == "string"
        size = len(value) if text and isinstance(value, str) else value
        low, high = self.limits.get(path, (shape.metadata.get("min"), shape.metadata.get("max")))
        if isinstance(size, int | float) and ((low is not None and size < low) or (high is not None and size > high)):
            what = f"has {size} characters" if text else f"is {value}"
            yield CheckFailure(place, f"{what}; {self.service} takes {_range(low, high)}")


def _range(low: int | None, high: int | None) -> str:
    if low is None or high is None:
        return f"at least {low}" if high is None else f"at most {high}"
    return f"{low} to {high}"


def _item_shape(shape: Any) -> Any:
    listing = shape.members["Items"] if shape.type_name == "structure" else shape
    return listing.member


def _put(target: Properties, steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        target = target.setdefault(step, {})
    last = steps[-1]
    target[last] = {**target.get(last, {}), **value} if isinstance(value, dict) else value


def _get(source: Any, steps: list[str]) -> Any:
    for step in steps:
        source = source.get(step) if isinstance(source, dict) else None
    return source


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else None
