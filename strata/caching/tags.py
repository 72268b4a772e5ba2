"""The tags of an answer: one set, valid for every provider at once, and how each of them reads it.

A tag is 1 to 256 visible ASCII characters without a comma, and an answer has at most 50 (CloudFront Developer Guide,
"What you need to know when invalidating tags"): CloudFront ignores what goes beyond, so a purge would miss it.
50 tags of 256 stay below the 16 KB that Cloudflare and Fastly take in one header, and below Fastly's 1 KB for one key.
A * or a # at the start would be read as something else where a purge names the tag.
CloudFront and Cloudflare ignore case and Fastly does not: tags are in lower case everywhere, purges included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TAGS: Final = 50
MAX_TAG_CHARACTERS: Final = 256

_ALLOWED_TAG: Final = f"1 to {MAX_TAG_CHARACTERS} visible ASCII characters without comma, space, * or a # at the start"


class InvalidTagError(StrataError):
    """A tag that one of the providers would refuse, cut or read as several.

    Args:
        tag: as it was given.
    """

    def __init__(self, tag: str) -> None:
        super().__init__(f"not a cache tag: {tag[:MAX_TAG_CHARACTERS]!r}", allowed=_ALLOWED_TAG)
        self.tag = tag


class TooManyTagsError(StrataError):
    """More tags than CloudFront keeps for one object.

    Args:
        count: how many there are, without those that differ in case only.
    """

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} cache tags on one answer", allowed=f"at most {MAX_TAGS}: tag the list, not its rows")
        self.count = count


def tag_set(tags: Iterable[str]) -> tuple[str, ...]:
    """Check tags and return each once and in lower case, in the order in which they were first named.

    Raises:
        InvalidTagError: for a tag outside of the rules of this module.
        TooManyTagsError: for more than 50 different ones.
    """
    unique = tuple(dict.fromkeys(map(normalised, tags)))
    if len(unique) > MAX_TAGS:
        raise TooManyTagsError(len(unique))
    return unique


def normalised(tag: str) -> str:
    """Return a tag as every provider knows it; a purge names it by this, too.

    Raises:
        InvalidTagError: for a tag outside of the rules of this module.
    """
    # Of ASCII, exactly 32 to 126 is printable.
    is_visible = tag.isascii() and tag.isprintable() and " " not in tag
    is_plain = "," not in tag and "*" not in tag and not tag.startswith("#")
    if not (is_visible and is_plain and 0 < len(tag) <= MAX_TAG_CHARACTERS):
        raise InvalidTagError(tag)
    return tag.lower()
