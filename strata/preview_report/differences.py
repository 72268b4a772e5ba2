"""How the properties of one resource differ, with the values before and after."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from strata.preview_report.events import PropertyDifference, Resource, Step

#: What the engine writes in place of a value that only the deployment will tell
#: (sdk/go/common/resource/plugin/rpc.go of the Pulumi repository).
UNKNOWN: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
KNOWN_LATER: Final = "(known after the deployment)"
#: Of Pulumi's own; no property of anything.
_INTERNAL: Final = ("__provider", "__defaults", "__internal")
_CONTEXT_LINES: Final = 2
_PATH_PART: Final = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')


@dataclass(frozen=True)
class Difference:
    """One property that differs.

    Args:
        path: of the property, as the engine spells it; the whole list where items of a list differ.
        before: its value as text; None if it was not there.
        after: its value as text; None if it will not be there.
        forces_replacement: whether this is why the resource is replaced.
    """

    path: str
    before: str | None
    after: str | None
    forces_replacement: bool


def differences(step: Step) -> tuple[Difference, ...]:
    """Return what differs, from the provider's own list where it made one, else by comparing the inputs."""
    if step.old is None or step.new is None:
        return ()
    paths = _told(step) if step.differences else _compared(step.old.inputs, step.new.inputs)
    found: dict[str, Difference] = {}
    for path, is_of_inputs in paths:
        before, after = _sides(step.old, step.new, is_of_inputs=is_of_inputs)
        parts = _shown_parts(path, before, after)
        shown = _spelled(parts)
        found.setdefault(
            shown,
            Difference(shown, _text(_value(before, parts)), _text(_value(after, parts)), _forces(step, path)),
        )
    return tuple(found.values())


def _told(step: Step) -> Iterable[tuple[str, bool]]:
    told: dict[str, PropertyDifference] = dict(step.differences or {})
    return ((path, one.is_of_inputs) for path, one in sorted(told.items()) if not path.startswith(_INTERNAL))


def _compared(before: Any, after: Any, path: str = "") -> Iterable[tuple[str, bool]]:
    if before == after or path in _INTERNAL:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _compared(before.get(key), after.get(key), _spelled([*_parts(path), key]))
    else:
        yield path, True


def _sides(old: Resource, new: Resource, *, is_of_inputs: bool) -> tuple[Any, Any]:
    return (old.inputs if is_of_inputs else old.outputs), new.inputs


def _parts(path: str) -> list[str | int]:
    return [int(index) if index else name or _unquoted(quoted) for quoted, index, name in _PATH_PART.findall(path)]


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:  # Go quotes more than JSON knows; such a name has no value to show.
        return text


def _shown_parts(path: str, before: Any, after: Any) -> list[str | int]:
    """Return a path up to the first list of plain values: single items of it would seem to change into each other."""
    parts = _parts(path)
    for index, part in enumerate(parts):
        if (
            isinstance(part, int)
            and _is_plain(_value(before, parts[:index]))
            and _is_plain(_value(after, parts[:index]))
        ):
            return parts[:index]
    return parts


def _is_plain(value: Any) -> bool:
    return value is None or (isinstance(value, list) and not any(isinstance(item, dict | list) for item in value))


def _value(value: Any, parts: list[str | int]) -> Any:
    for part in parts:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):  # It is on the other side only.
            return None
    return value


def _spelled(parts: list[str | int]) -> str:
    """Return a path as the engine spells it."""
    spelled = ""
    for part in parts:
        if isinstance(part, int):
            spelled += f"[{part}]"
        elif re.fullmatch(r"[^.\[\]\"]+", part):
            spelled += f".{part}" if spelled else part
        else:
            spelled += f"[{json.dumps(part)}]"
    return spelled


def _forces(step: Step, path: str) -> bool:
    told = (step.differences or {}).get(path)
    return (told is not None and told.kind.endswith("-replace")) or path.split(".", maxsplit=1)[0] in step.replaced_for


def line_by_line(before: str, after: str) -> str:
    """Return how two texts differ, as a patch without its head; empty if they do not."""
    patch = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT_LINES)
    return "\n".join(list(patch)[2:])


def _text(value: Any) -> str | None:
    """Return a value as a reader knows it: text as it is, a list of lines as lines, all else as JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return KNOWN_LATER if value in UNKNOWN else value
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value) and " " in "".join(value):
        return "\n".join(KNOWN_LATER if item in UNKNOWN else item for item in value)
    return json.dumps(_without_unknown(value), ensure_ascii=False)


def _without_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_unknown(inner) for key, inner in value.items() if key not in _INTERNAL}
    if isinstance(value, list):
        return [_without_unknown(inner) for inner in value]
    return KNOWN_LATER if isinstance(value, str) and value in UNKNOWN else value
