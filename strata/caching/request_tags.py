"""The tags that handlers add to the answer of one request, kept in its ASGI scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

_KEY: Final = "strata.cdn_cache.tags"


class LateTagError(StrataError):
    """A tag that came when the answer's header was already sent: a purge by it would miss the answer."""

    def __init__(self, tags: Iterable[str]) -> None:
        self.tags = tuple(tags)
        super().__init__(
            f"too late for the cache tags {', '.join(self.tags)}: the answer's header is sent",
            allowed="tags before the response is returned or its first byte is streamed",
        )


class RequestTags:
    """The tags that handlers added to one answer so far."""

    # On the class until they are set: there is one object for each request, and few have tags of their own.
    _names: tuple[str, ...] = ()
    _is_sent = False

    def add(self, names: tuple[str, ...]) -> None:
        """Keep more names, unchecked.

        Raises:
            LateTagError: after `close`.
        """
        if self._is_sent:
            raise LateTagError(names)
        self._names += names

    def close(self) -> tuple[str, ...]:
        """Return the names, and take no more."""
        self._is_sent = True
        return self._names


def open_tags(scope: MutableMapping[str, Any]) -> RequestTags:
    """Give a request its own empty tags and return them; copies of the scope made later share them."""
    scope[_KEY] = tags = RequestTags()
    return tags


def tags_of(scope: MutableMapping[str, Any]) -> RequestTags:
    """Return the tags of a request; without the middleware nobody reads them."""
    return cast("RequestTags", scope.get(_KEY)) or open_tags(scope)
