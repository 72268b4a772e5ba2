"""Changes of a list in a YAML or JSON text that leave every other character as it was.

The text is parsed for the places of its nodes only; what changes is cut out and put in by position. Comments, order,
quotes and indentation stay, because nobody writes them anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.tokens import BlockEntryToken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ruamel.yaml.nodes import Node

#: What every reader of YAML, 1.1 or 1.2, takes for text without quotes.
_PLAIN: Final = re.compile(r"[A-Za-z]([A-Za-z0-9_-]|:(?=[A-Za-z]))*")
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_LARGEST_SHORT_ESCAPE: Final = 0xFFFF
_LINE_END: Final = re.compile(r"\r?\n|\Z")
_COMMENT: Final = re.compile(r"#.*")
#: Of the first item of a list, beside its key.
_INDENT: Final = 2


def compose(text: str) -> Node | None:
    """Return the nodes of a text with their places; None for one without any.

    Raises:
        YAMLError: it is not YAML.
    """
    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    return node


def load(text: str) -> Any:
    """Return what a text holds.

    Raises:
        YAMLError: it is not YAML.
    """
    return YAML(typ="safe", pure=True).load(text)


def scalar(value: str, *, as_json: bool) -> str:
    """Return text as a scalar, in quotes unless every reader takes it for text without them."""
    if as_json:
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return "".join(_escaped(character) for character in json.dumps(value, ensure_ascii=False))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= _LARGEST_SHORT_ESCAPE else f"\\U{code:08x}"


@dataclass(frozen=True)
class YamlMapping:
    """A mapping of a text; it has a pair at least."""

    text: str
    node: MappingNode
    as_json: bool

    def get(self, name: str) -> tuple[ScalarNode, Node] | None:
        """Return the key of this name and its value."""
        return next(((key, value) for key, value in self.node.value if key.value == name), None)

    def with_values(self, values: Mapping[str, str | None]) -> str:
        """Return the text with these values set, in this order where they are new; None removes a key."""
        text = self.text
        for name, value in values.items():
            # Every change moves what comes after it, so each begins with the places as they are now.
            current = YamlMapping(text, _mapping_at(compose(text), self.node.start_mark.index), self.as_json)
            text = current._without(name) if value is None else current._with_value(name, value)
        return text

    def with_empty_list(self, name: str) -> str:
        """Return the text with an empty list as the value of a key that has none yet."""
        pair = self.get(name)
        if pair is None:
            return self.with_pair(name, "[]")
        return _inserted(self.text, _behind_colon(self.text, pair[0]), " []")

    def _with_value(self, name: str, value: str) -> str:
        pair, written = self.get(name), scalar(value, as_json=self.as_json)
        if pair is None:
            return self.with_pair(name, written)
        return _replaced(self.text, pair[1].start_mark.index, _end(pair[1]), written)

    def with_pair(self, name: str, written: str) -> str:
        """Return the text with a new key at the end, and its value as it is written."""
        key, value = self.node.value[-1]
        pair = f"{scalar(name, as_json=self.as_json)}: {written}"
        if self.node.flow_style:
            return _inserted(self.text, _end(value), f", {pair}")
        return _with_line(self.text, _end(value), key.start_mark.column, pair)

    def _without(self, name: str) -> str:
        pairs = self.node.value
        place = next((number for number, (key, _) in enumerate(pairs) if key.value == name), None)
        if place is None:
            return self.text
        start, end = pairs[place][0].start_mark.index, _end(pairs[place][1])
        line = _line_start(self.text, start)
        if not self.node.flow_style and not self.text[line:start].strip():
            # Whole lines, so that a comment above the next key stays.
            return _replaced(self.text, line, _line_end(self.text, end), "")
        if place + 1 < len(pairs):
            return _replaced(self.text, start, pairs[place + 1][0].start_mark.index, "")
        return _replaced(self.text, _end(pairs[place - 1][1]), end, "")


@dataclass(frozen=True)
class YamlList:
    """A list of a text.

    Args:
        text: the whole text.
        node: the list.
        key: the key that it is the value of; None for the text's own.
        as_json: whether everything that is written must be JSON.
    """

    text: str
    node: SequenceNode
    key: ScalarNode | None
    as_json: bool

    @property
    def items(self) -> Sequence[Node]:
        """Its items, in order."""
        return tuple(self.node.value)

    def appended(self, value: str) -> str:
        """Return the text with one more item at the end."""
        written = scalar(value, as_json=self.as_json)
        if not self.items:
            return self._started(written)
        last = self.items[-1]
        if not self.node.flow_style:
            dash = self._dash(last)
            return _with_line(self.text, _end(last), dash - _line_start(self.text, dash), f"- {written}")
        behind = self.text[_end(last) : _end(self.node) - 1]
        if "\n" in behind:
            return self._with_own_line(last, written, has_comma="," in _COMMENT.sub("", behind))
        apart = " "
        if last.start_mark.line != self.node.start_mark.line:
            apart = _newline(self.text) + " " * last.start_mark.column
        return _inserted(self.text, _end(last), f",{apart}{written}")

    def _with_own_line(self, last: Node, written: str, *, has_comma: bool) -> str:
        """Return the text with an item below the line of the last one, so that a comment there stays there."""
        end, line = _end(last), f"{written}," if has_comma else written
        text = self.text if has_comma else _inserted(self.text, end, ",")
        return _with_line(text, end, last.start_mark.column, line)

    def removed(self, place: int) -> str:
        """Return the text without an item."""
        item, is_only = self.items[place], len(self.items) == 1
        if not self.node.flow_style:
            start = _line_start(self.text, self._dash(item))
            text = _replaced(self.text, start, _line_end(self.text, _end(item)), "")
            return self._emptied(text) if is_only else text
        if is_only:
            return _replaced(self.text, self.node.start_mark.index, _end(self.node), "[]")
        if place + 1 < len(self.items):
            return _replaced(self.text, item.start_mark.index, self.items[place + 1].start_mark.index, "")
        return _replaced(self.text, _end(self.items[place - 1]), _end(item), "")

    def mapped(self, place: int, name: str, values: Mapping[str, str | None]) -> str:
        """Return the text with an item as a mapping that has these values.

        Args:
            place: of the item.
            name: the key that a plain item becomes the value of.
            values: to set in this order, or to remove where None.
        """
        item = self.items[place]
        if not isinstance(item, MappingNode):
            start, end = item.start_mark.index, _end(item)
            first = f"{scalar(name, as_json=self.as_json)}: {self.text[start:end]}"
            text = _replaced(self.text, start, end, f"{{{first}}}" if self.node.flow_style else first)
            item = _mapping_at(compose(text), start)
            return YamlMapping(text, item, self.as_json).with_values(values)
        return YamlMapping(self.text, item, self.as_json).with_values(values)

    def _started(self, written: str) -> str:
        """Return the text with the first item; an empty list is always in flow style."""
        start, end = self.node.start_mark.index, _end(self.node)
        if self.as_json:
            return _replaced(self.text, start, end, f"[{written}]")
        if self.key is None:
            return _replaced(self.text, start, end, f"- {written}")
        colon = _behind_colon(self.text, self.key)
        text = _replaced(self.text, colon, end, "")
        return _with_line(text, colon, self.key.start_mark.column + _INDENT, f"- {written}")

    def _emptied(self, text: str) -> str:
        if self.key is None:
            return text + "[]" + _newline(self.text)
        return _inserted(text, _behind_colon(text, self.key), " []")

    def _dash(self, item: Node) -> int:
        """Return where an item's dash is, which may be lines above it: the last one before its own text."""
        dashes = (
            token.start_mark.index
            for token in YAML(typ="safe", pure=True).scan(self.text)
            if isinstance(token, BlockEntryToken)
        )
        return max(dash for dash in dashes if dash < item.start_mark.index)


def _mapping_at(root: Node | None, index: int) -> MappingNode:
    """Return the outermost mapping that begins at a place of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, MappingNode):
            if node.start_mark.index == index:
                return node
            waiting += [value for _, value in node.value]
        elif isinstance(node, SequenceNode):
            waiting += node.value
    raise LookupError(f"no mapping begins at {index}")


def _end(node: Node) -> int:
    """Return where a node's own text ends; the parser's mark of a block is at what follows it."""
    if isinstance(node, SequenceNode | MappingNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _replaced(text: str, start: int, end: int, by: str) -> str:
    return text[:start] + by + text[end:]


def _inserted(text: str, position: int, addition: str) -> str:
    return _replaced(text, position, position, addition)


def _with_line(text: str, position: int, column: int, line: str) -> str:
    """Return the text with one more line, behind the one that a position is in."""
    end = _LINE_END.search(text, position).start()  # type: ignore[union-attr]  # the end of a text always matches
    return _inserted(text, end, _newline(text) + " " * column + line)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str, position: int) -> int:
    return _LINE_END.search(text, position).end()  # type: ignore[union-attr]  # as above


def _behind_colon(text: str, key: ScalarNode) -> int:
    return text.index(":", int(key.end_mark.index)) + 1
