"""Reading CloudFront's nested settings so that nothing in them is passed over in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Values that ask for nothing.
_NOTHING: Final[tuple[object, ...]] = (None, "", False, 0, [], {})


def check(value: Mapping[str, Any], place: str, known: Iterable[str], problems: list[str]) -> None:
    """Add each member that is set and not known to the problems, by its place.

    Args:
        value: one structure of the API.
        place: where it stands, as the API spells it.
        known: members that are followed, or that change no answer.
        problems: gets the places.
    """
    unknown = (name for name in value if name not in set(known) and not _asks_for_nothing(value[name]))
    problems.extend(f"{place}{name}" for name in sorted(unknown))


def _asks_for_nothing(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("Enabled") is False or all(map(_asks_for_nothing, value.values()))
    return value in _NOTHING


def items(value: Mapping[str, Any] | None) -> list[Any]:
    """Return the items of one of CloudFront's lists, which come with their number; none where there is no list."""
    return list((value or {}).get("Items") or [])
