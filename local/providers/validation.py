"""Inputs held against the installed SDK and against what a resource type models.

A bridged provider ignores or guesses where it can; a stand-in that did so would let a program pass here and fail on
AWS. So names, nesting, kinds and requiredness are those of the SDK's own classes, and nothing is dropped silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from local.providers import paths
from local.providers.resource import UNKNOWN, CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.providers.paths import Path
    from local.providers.sdk import Kind, Property, Sdk

_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "list": list,
    "map": dict,
    "object": dict,
    "asset": dict,
}


@dataclass(frozen=True)
class Validation:
    """What inputs are held against.

    Args:
        sdk: the installed SDK.
        token: the resource type or function, for messages.
        modelled: the declared paths, or None where everything the SDK knows is taken.
    """

    sdk: Sdk
    token: str
    modelled: frozenset[str] | None

    def failures(self, properties: Mapping[str, Property], values: Properties) -> list[CheckFailure]:
        """Return every rule that `values` breaks, in the order of the properties."""
        return list(self._object(properties, values, ()))

    def _object(self, known: Mapping[str, Property], values: Properties, path: Path) -> Iterator[CheckFailure]:
        for name, value in values.items():
            if name.startswith("__"):
                continue
            if name not in known:
                yield CheckFailure(paths.written((*path, name)), self._unknown_name(name, known))
            elif not self._is_modelled((*path, name)):
                yield CheckFailure(
                    paths.written((*path, name)),
                    f"not modelled by the local provider: {self.token}.{paths.dotted((*path, name))}",
                )
            else:
                yield from self._value(known[name].kind, value, (*path, name))
        for name, declared in known.items():
            if declared.required and values.get(name) is None:
                yield CheckFailure(paths.written((*path, name)), "required and missing")

    def _value(self, kind: Kind, value: Any, path: Path) -> Iterator[CheckFailure]:
        if value is UNKNOWN or value is None or kind.name == "any":
            return
        if not _is_of_kind(kind.name, value):
            yield CheckFailure(paths.written(path), f"takes {_article(kind.name)}, not {_article(_kind_of(value))}")
        elif kind.name == "object":
            yield from self._object(self.sdk.object_properties(kind.object_name), value, path)
        elif kind.name == "list" and kind.element:
            for index, item in enumerate(value):
                yield from self._value(kind.element, item, (*path, index))
        elif kind.name == "map" and kind.element:
            for key, item in value.items():
                yield from self._value(kind.element, item, (*path, key))

    def _is_modelled(self, path: Path) -> bool:
        return self.modelled is None or paths.is_modelled(paths.dotted(path), self.modelled)

    def _unknown_name(self, name: str, known: Mapping[str, Property]) -> str:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(known))}"
        return f"no such property in the installed SDK {self.sdk.version}; {hint}"


def _is_of_kind(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _PYTHON_TYPES[kind])


def _kind_of(value: Any) -> str:
    return next(kind for kind in ("boolean", "string", "number", "list", "object") if _is_of_kind(kind, value))


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'ao' else 'a'} {kind}"
