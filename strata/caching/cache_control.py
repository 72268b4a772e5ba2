"""What a handler's own cache headers ask for: they may make an answer's life shorter, and never longer.

Read as RFC 9111, 5.2 says, with every doubt taken as a refusal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from strata.caching.classes import CacheClass

#: Directives that keep an answer out of a shared cache; with a field list they do so for a part of it, which no
#: provider but CloudFront knows, so it counts as all of it.
_REFUSING: Final = ("no-store", "private", "no-cache")
#: Directives after which no stale answer may be served (RFC 9111, 5.2.2.2 and 5.2.2.8).
_REVALIDATING: Final = ("must-revalidate", "proxy-revalidate")
#: Longer than any class keeps an answer; more digits than this are not read.
_MAX_DIGITS: Final = 9


def narrowed(cache_class: CacheClass, value: str) -> CacheClass | None:
    """Return a class that keeps an answer no longer than a Cache-Control or Surrogate-Control field allows.

    Args:
        cache_class: what the route was marked with.
        value: of all fields of one name, joined by commas.

    Returns:
        None when the field keeps the answer out of a shared cache, gives it no time, or cannot be read.
    """
    directives = _directives(value)
    if directives is None or any(name in directives for name in _REFUSING):
        return None
    fresh = _fresh_seconds(directives, cache_class.fresh_seconds)
    if fresh == 0:
        return None
    stale = not any(name in directives for name in _REVALIDATING)
    revalidate, error = cache_class.stale_while_revalidate_seconds * stale, cache_class.stale_if_error_seconds * stale
    return replace(
        cache_class,
        fresh_seconds=fresh,
        stale_while_revalidate_seconds=_least(directives, "stale-while-revalidate", revalidate),
        stale_if_error_seconds=_least(directives, "stale-if-error", error),
    )


def _fresh_seconds(directives: Mapping[str, list[str]], longest: int) -> int:
    """Read ``s-maxage`` and, only without it, ``max-age``, as a shared cache does (RFC 9111, 5.2.2.10)."""
    return _least(directives, "s-maxage" if "s-maxage" in directives else "max-age", longest)


def _least(directives: Mapping[str, list[str]], name: str, longest: int) -> int:
    return min([longest, *map(_seconds, directives.get(name, ()))])


def _seconds(text: str) -> int:
    """Return delta-seconds; what is none gives no time (RFC 9111, 4.2.1)."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else 0


def _directives(value: str) -> dict[str, list[str]] | None:
    """Return every value of every directive by its name in lower case; None for an unclosed quotation."""
    found: dict[str, list[str]] = {}
    for part in _parts(value):
        if part is None:
            return None
        name, _, argument = part.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), []).append(argument.strip().strip('"'))
    return found


def _parts(value: str) -> Iterator[str | None]:
    """Yield what stands between commas that are not quoted; None at the end when a quotation is left open."""
    if '"' not in value:
        yield from value.split(",")
        return
    start, is_quoted, is_escaped = 0, False, False
    for position, character in enumerate(value):
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = is_quoted
        elif character == '"':
            is_quoted = not is_quoted
        elif character == "," and not is_quoted:
            yield value[start:position]
            start = position + 1
    yield None if is_quoted else value[start:]
