"""Invalidations: by path, by path and query, by wildcard, by tag; every variant of an object goes at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from local.edge.errors import InvalidationItemError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: CloudFront Developer Guide, "Invalidate by cache tag": length of a tag, tags of one object; the rest is ignored.
MAX_TAG_LENGTH: Final = 256
MAX_TAGS_PER_OBJECT: Final = 50
_MAX_PATH_LENGTH: Final = 4000
_FIRST_PRINTABLE, _LAST_PRINTABLE = 33, 126


@dataclass(frozen=True, slots=True)
class Invalidation:
    """What one invalidation names.

    Args:
        uris: exact paths, with the query parameters of the cache key.
        prefixes: what stands before a trailing star.
        tags: in lower case.
    """

    uris: frozenset[str]
    prefixes: tuple[str, ...]
    tags: frozenset[str]

    def names(self, uri: str, tags: frozenset[str]) -> bool:
        """Tell whether an object of this URI with these tags goes."""
        return uri in self.uris or uri.startswith(self.prefixes) or not self.tags.isdisjoint(tags)

    def may_name(self, uri: str) -> bool:
        """Tell whether an answer for this URI may go, whose tags are not known yet."""
        return bool(self.tags) or uri in self.uris or uri.startswith(self.prefixes)


def parse_invalidation(items: Sequence[str]) -> Invalidation:
    """Return what the items of an invalidation name.

    Raises:
        InvalidationItemError: an item that CloudFront would refuse.
    """
    uris, prefixes, tags = set(), [], set()
    for item in items:
        if item.startswith("#"):
            tags.add(_tag(item))
            continue
        path = _path(item)
        if path.endswith("*"):
            prefixes.append(path[:-1])
        else:
            uris.add(path)
    return Invalidation(frozenset(uris), tuple(prefixes), frozenset(tags))


def object_tags(value: str | None) -> frozenset[str]:
    """Return an object's tags in lower case; what is over CloudFront's limits is ignored without a word."""
    if value is None:
        return frozenset()
    named = [tag for part in value.split(",") if (tag := part.strip())][:MAX_TAGS_PER_OBJECT]
    return frozenset(tag.lower() for tag in named if len(tag) <= MAX_TAG_LENGTH and _is_printable(tag))


@dataclass(slots=True)
class InvalidationLog:
    """What was invalidated while answers were under way: such an answer is neither kept nor shared.

    Args:
        sequence: how many invalidations there were.
        entries: those that an answer under way may still meet, with their sequence.
    """

    sequence: int = 0
    entries: list[tuple[int, Invalidation]] = field(default_factory=list)

    def add(self, invalidation: Invalidation, oldest: int | None) -> None:
        """Count an invalidation, and forget those that nothing under way can meet.

        Args:
            invalidation: the new one.
            oldest: the sequence when the oldest answer under way was asked for; None where nothing is under way.
        """
        self.sequence += 1
        if oldest is None:
            self.entries.clear()
            return
        self.entries = [entry for entry in self.entries if entry[0] > oldest]
        self.entries.append((self.sequence, invalidation))

    def named_since(self, sequence: int, uri: str, tags: frozenset[str]) -> bool:
        """Tell whether an object was invalidated after a moment."""
        return sequence != self.sequence and any(
            number > sequence and invalidation.names(uri, tags) for number, invalidation in self.entries
        )

    def may_have_named_since(self, sequence: int, uri: str) -> bool:
        """Tell whether an answer that started at a moment, with unknown tags, may have been invalidated."""
        return sequence != self.sequence and any(
            number > sequence and invalidation.may_name(uri) for number, invalidation in self.entries
        )


def _tag(item: str) -> str:
    tag = item[1:]
    if not tag or len(tag) > MAX_TAG_LENGTH or not _is_printable(tag) or "*" in tag or "," in tag:
        allowed = "# and 1 to 256 printable ASCII characters without comma, space and star"
        raise InvalidationItemError(item, allowed=allowed)
    return tag.lower()


def _path(item: str) -> str:
    if not item or len(item) > _MAX_PATH_LENGTH or not _is_printable(item):
        raise InvalidationItemError(item, allowed="a path of 1 to 4,000 printable ASCII characters, or # and a tag")
    return item if item.startswith("/") else f"/{item}"


def _is_printable(text: str) -> bool:
    return all(_FIRST_PRINTABLE <= ord(char) <= _LAST_PRINTABLE for char in text)
