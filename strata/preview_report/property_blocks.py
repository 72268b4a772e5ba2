"""What a comment says about properties: short values in a table, long ones as a difference line by line."""

from __future__ import annotations

import json
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from strata.preview_report.differences import KNOWN_LATER
from strata.preview_report.markdown import code, fence, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from strata.preview_report.changes import Change
    from strata.preview_report.differences import Difference

#: A value up to this many characters stands in a table.
_LONGEST_CELL: Final = 160
_CONTEXT_LINES: Final = 2
_MISSING: Final = "_(not there)_"


def property_blocks(changes: Sequence[Change]) -> Iterable[str]:
    """Yield a block per resource that differs in properties."""
    for change in changes:
        if change.differences:
            yield _resource(change)


def _resource(change: Change) -> str:
    short = [one for one in change.differences if _is_short(one)]
    long = [one for one in change.differences if not _is_short(one)]
    parts = [f"{code(change.name)} ({code(change.type)}), {change.operation}:"]
    if short:
        parts.append(table(("property", "before", "after"), [_row(one) for one in short]))
    parts += [f"{code(one.path)}:\n\n{fence(_line_by_line(one), 'diff')}" for one in long]
    return "\n\n".join(parts)


def _row(difference: Difference) -> tuple[str, str, str]:
    forces = " **forces the replacement**" if difference.forces_replacement else ""
    return code(difference.path) + forces, _cell(difference.before), _cell(difference.after)


def _cell(value: str | None) -> str:
    if value is None:
        return _MISSING
    return code(value if len(value) <= _LONGEST_CELL else f"{value[:_LONGEST_CELL]} ... ({len(value)} characters)")


def _is_short(difference: Difference) -> bool:
    """Return whether it is read in a table; of a value that is not known yet, no line could be compared."""
    if KNOWN_LATER in (difference.before, difference.after):
        return True
    return all(
        len(value) <= _LONGEST_CELL and "\n" not in value for value in (difference.before, difference.after) if value
    )


def _line_by_line(difference: Difference) -> str:
    before, after = _lines(difference.before), _lines(difference.after)
    return "\n".join(list(unified_diff(before, after, lineterm="", n=_CONTEXT_LINES))[2:])


def _lines(value: str | None) -> list[str]:
    """Return the lines of a value; of JSON, those of its indented form, so that a difference is small."""
    if value is None:
        return []
    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False).splitlines()
    except ValueError:
        return value.splitlines()
