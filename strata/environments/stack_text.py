"""A stack file's text, changed key by key with its comments kept, and what it holds after each change."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode

from strata.environments.files import EnvironmentFileError
from strata.yaml_edit import YamlMapping, compose, load, scalar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ruamel.yaml.nodes import Node, ScalarNode

#: What a line holds that somebody has to fill in, or to look at.
MARK: Final = "# yours"

Keys = tuple[str, ...]


class UncopyableError(EnvironmentFileError):
    """A stack file whose keys lean on each other, as anchors and aliases do."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            "the stack file is written in a way that cannot be copied without changing more than is meant",
            where={"file": path},
            allowed="keys without anchors and aliases",
            next_command="copy it by hand",
        )


@dataclass(frozen=True)
class StackText:
    """A stack file's text.

    Args:
        path: where it comes from, for messages.
        text: as it is now.
        content: what it must hold, changed beside the text; `checked` compares.
    """

    path: Path
    text: str
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> StackText:
        """Return a stack file's text; `strata.environments.files` has read it as YAML before."""
        text = path.read_text(encoding="utf-8")
        return cls(path, text, load(text))

    def get(self, keys: Keys) -> Any:
        """Return the value at a path of keys; None where there is none."""
        value: Any = self.content
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def without(self, mapping: Keys, names: Iterable[str], note: str | None = None) -> StackText:
        """Return the text without some keys of a mapping, and without the mapping when nothing is left of it.

        Args:
            mapping: the path of the mapping; () is the file's own.
            names: of the keys; those that are not there are passed over.
            note: put where the first of them was, marked as something to fill in.
        """
        there = self.get(mapping) or {}
        gone = [name for name in there if name in set(names)]
        if not gone:
            return self
        if mapping and len(gone) == len(there):
            return self.without(mapping[:-1], mapping[-1:], note)
        node = self._mapping(mapping)
        noted = self.text if note is None else _with_line_above(self.text, node, gone[0], f"{MARK}: {note}")
        content = deepcopy(self.content)
        edited = StackText(self.path, noted, content)
        for name in gone:
            del edited.get(mapping)[name]
        return StackText(self.path, edited._mapping(mapping).with_values(dict.fromkeys(gone)), content)

    def with_value(self, mapping: Keys, name: str, value: str) -> StackText:
        """Return the text with a key of a mapping set to text."""
        content = deepcopy(self.content)
        edited = StackText(self.path, self._mapping(mapping).with_values({name: value}), content)
        edited.get(mapping)[name] = value
        return edited

    def with_flow(self, mapping: Keys, name: str, value: dict[str, str]) -> StackText:
        """Return the text with a new key of a mapping, whose value is a mapping of texts on one line."""
        inside = ", ".join(f"{key}: {scalar(one, as_json=False)}" for key, one in value.items())
        content = deepcopy(self.content)
        edited = StackText(self.path, self._mapping(mapping).with_pair(name, f"{{{inside}}}"), content)
        edited.get(mapping)[name] = value
        return edited

    def marked(self, keys: Keys, why: str) -> StackText:
        """Return the text with a key's line marked, where it is there and not marked yet."""
        pair = self._mapping(keys[:-1]).get(keys[-1]) if self.get(keys) is not None else None
        if pair is None:
            return self
        end = self.text.find("\n", int(pair[0].start_mark.index))
        end = len(self.text) if end < 0 else end
        line = self.text[self.text.rfind("\n", 0, end) + 1 : end]
        if MARK in line:
            return self
        behind = f"{' ' if '  #' in line else '  '}{MARK}: {why}"
        return StackText(self.path, self.text[:end] + behind + self.text[end:], self.content)

    def with_header(self, header: str) -> StackText:
        """Return the text with another comment before its first key."""
        lines = self.text.splitlines(keepends=True)
        first = next(number for number, line in enumerate(lines) if line.strip() and not line.startswith("#"))
        return StackText(self.path, header + "".join(lines[first:]), self.content)

    def checked(self) -> str:
        """Return the text, once it holds what it must.

        Raises:
            UncopyableError: it would not, so nothing is written.
        """
        try:
            is_right = load(self.text) == self.content
        except YAMLError:
            is_right = False
        if not is_right:
            raise UncopyableError(self.path)
        return self.text

    def _mapping(self, keys: Keys) -> YamlMapping:
        node = compose(self.text)
        for key in keys:
            pairs = {one.value: value for one, value in node.value} if isinstance(node, MappingNode) else {}
            node = pairs[key]
        return YamlMapping(self.text, cast("MappingNode", node), as_json=False)


def _with_line_above(text: str, mapping: YamlMapping, name: str, comment: str) -> str:
    """Return the text with a comment above the line of a key."""
    key, _ = cast("tuple[ScalarNode, Node]", mapping.get(name))
    start = text.rfind("\n", 0, int(key.start_mark.index)) + 1
    indent = text[start : len(text) - len(text[start:].lstrip(" "))]
    return f"{text[:start]}{indent}{comment}\n{text[start:]}"
