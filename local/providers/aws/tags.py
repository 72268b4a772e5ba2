"""Tags in the two spellings that services have, and what must change about them.

Resource types see and answer all tags as `tags`; the provider takes its default tags apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Tags = dict[str, str]


def as_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[Tags]:
    """Return tags as the list of pairs that most services take."""
    return [{key: name, value: text} for name, text in sorted(tags.items())]


def as_map(pairs: list[Tags], key: str = "Key", value: str = "Value") -> Tags:
    """Return a service's list of pairs as a map."""
    return {pair[key]: pair.get(value, "") for pair in pairs}


def changes(live: Tags, wanted: Mapping[str, str]) -> tuple[Tags, list[str]]:
    """Return the tags to set and the names to remove."""
    return {n: t for n, t in wanted.items() if live.get(n) != t}, sorted(live.keys() - wanted.keys())
