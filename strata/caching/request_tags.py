"""The tags that handlers add to the answer of one request, kept in its ASGI scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

#: Where the scope has its list of tags; copies of the scope share the list.
TAGS: Final = "strata.cdn_cache.tags"

#: The last of a list that takes no more; no tag has a space.
_SENT: Final = "the header is sent"


class LateTagError(StrataError):
    """A tag that came when the answer's header was already sent: a purge by it would miss the answer."""

    def __init__(self, tags: Iterable[str]) -> None:
        self.tags = tuple(tags)
        super().__init__(
            f"too late for the cache tags {', '.join(self.tags)}: the answer's header is sent",
            allowed="tags before the response is returned or its first byte is streamed",
        )


def add_tags(scope: MutableMapping[str, Any], names: tuple[str, ...]) -> None:
    """Add tags to the answer of a request, unchecked; without the middleware nobody reads them.

    Raises:
        LateTagError: after `close_tags`.
    """
    tags = scope.setdefault(TAGS, [])
    if tags[-1:] == [_SENT]:
        raise LateTagError(names)
    tags.extend(names)


def close_tags(tags: list[str]) -> tuple[str, ...]:
    """Return the tags of an answer, and take no more."""
    added = tuple(tags)
    tags.append(_SENT)
    return added
