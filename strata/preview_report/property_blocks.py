"""What a comment says about properties: short values in a table, long ones as a difference line by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from strata.preview_report.differences import KNOWN_LATER, line_by_line
from strata.preview_report.markdown import code, codes, fence, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from strata.preview_report.changes import Change
    from strata.preview_report.differences import Difference

#: A value up to this many characters stands in a table.
_LONGEST_CELL: Final = 160
_MISSING: Final = "_(not there)_"


def property_blocks(changes: Sequence[Change]) -> Iterable[str]:
    """Yield a block per resource that differs in properties, and one for those that differ in the same way."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for change in changes:
        if change.differences:
            shown = "\n\n".join(_differences(change.differences))
            alike.setdefault((change.type, change.operation, shown), []).append(change.name)
    for (type_, operation, shown), names in alike.items():
        yield f"{codes(names)} ({code(type_)}), {operation}:\n\n{shown}"


def _differences(differences: Sequence[Difference]) -> Iterable[str]:
    short = [one for one in differences if _is_short(one)]
    if short:
        yield table(("property", "before", "after"), [_row(one) for one in short])
    for one in differences:
        if not _is_short(one):
            yield f"{code(one.path)}:\n\n{fence(_line_by_line(one), 'diff')}"


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
    return line_by_line(_indented(difference.before), _indented(difference.after))


def _indented(value: str | None) -> str:
    """Return a value; JSON with a line per fact, so that a difference is small."""
    if value is None:
        return ""
    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except ValueError:
        return value
