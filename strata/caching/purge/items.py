"""What a purge names: paths, wildcards and tags, as all three providers can understand them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from strata.caching.purge.errors import PurgeInputError
from strata.caching.tags import InvalidTagError, normalised

if TYPE_CHECKING:
    from collections.abc import Iterable

ItemKind = Literal["path", "wildcard", "tag"]

#: CloudFront Developer Guide, "What you need to know when invalidating files".
MAXIMUM_PATH_CHARACTERS: Final = 4000
_VISIBLE_ASCII: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
#: A fragment never reaches a cache, and the edge refuses the others before it looks into its cache.
_NEVER_CACHED: Final = re.compile(r"#|//|\\|;|/\.{1,2}(?=[/?*]|$)|%2f|%5c|%2e", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class PurgeItem:
    """One thing to purge.

    Args:
        kind: ``path`` names one URL path, with its query if the cache key has one; ``wildcard`` all that begin alike;
            ``tag`` all answers that the origin tagged so.
        text: a path begins with ``/``, a wildcard ends in ``*``, a tag is in lower case (`strata.caching.tags`).
    """

    kind: ItemKind
    text: str

    @property
    def prefix(self) -> str:
        """What the paths of a wildcard begin with."""
        return self.text.removesuffix("*")


def parse_items(paths: Iterable[str], tags: Iterable[str]) -> tuple[PurgeItem, ...]:
    """Return what is to be purged, sorted and without repetition, so that the same purge has the same batches.

    Raises:
        PurgeInputError: there is nothing, or a path or tag that no cache can hold.
    """
    items = {_path(text) for text in paths} | {_tag(text) for text in tags}
    if not items:
        raise PurgeInputError("nothing to purge", allowed="at least one path or tag")
    return tuple(sorted(items))


def _path(text: str) -> PurgeItem:
    problem = _path_problem(text)
    if problem:
        raise PurgeInputError(
            problem,
            where={"path": repr(text[:200])},
            allowed=f"/ and up to {MAXIMUM_PATH_CHARACTERS} visible ASCII characters; * only at its end",
        )
    return PurgeItem("wildcard" if text.endswith("*") else "path", text)


def _path_problem(text: str) -> str | None:
    if not text.startswith("/"):
        return "a path begins with /"
    if len(text) > MAXIMUM_PATH_CHARACTERS:
        return f"a path of {len(text)} characters"
    if not _VISIBLE_ASCII.fullmatch(text):
        return "a path with a space or a character outside ASCII"
    if "*" in text[:-1]:
        return "a * inside a path"
    found = _NEVER_CACHED.search(text.partition("?")[0])
    return f"a path with {found.group()!r}, which the edge never caches" if found else None


def _tag(text: str) -> PurgeItem:
    try:
        return PurgeItem("tag", normalised(text))
    except InvalidTagError as error:
        raise PurgeInputError(error.what, allowed=error.allowed) from None
