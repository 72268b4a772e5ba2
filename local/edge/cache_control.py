"""Cache-Control, Expires and HTTP dates as CloudFront reads them from an origin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

#: CloudFront Developer Guide, "Manage how long content stays in the cache": the maximum value is 100 years.
_MAX_SECONDS: Final = 3_153_600_000
_DIRECTIVE: Final = re.compile(r"""\s*([^\s=,;"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?\s*(?:,|$)""")


@dataclass(frozen=True, slots=True)
class CacheControl:
    """The directives that CloudFront acts on; a number is seconds, None where the directive is absent.

    Args:
        max_age: of browsers, and of CloudFront without ``s_maxage``.
        s_maxage: of shared caches.
        no_store: as sent.
        no_cache: as sent without field names.
        private: as sent.
        no_cache_set_cookie: ``no-cache="Set-Cookie"``: everything but the cookies may be kept.
        stale_while_revalidate: as sent.
        stale_if_error: as sent.
    """

    max_age: int | None = None
    s_maxage: int | None = None
    no_store: bool = False
    no_cache: bool = False
    private: bool = False
    no_cache_set_cookie: bool = False
    stale_while_revalidate: int | None = None
    stale_if_error: int | None = None

    @property
    def forbids(self) -> bool:
        """Whether a cache with a minimum TTL of 0 may not answer from it."""
        return self.no_store or self.no_cache or self.private

    @property
    def age_limit(self) -> int | None:
        """What counts for CloudFront: ``s-maxage``, else ``max-age``."""
        return self.max_age if self.s_maxage is None else self.s_maxage


NO_CACHE_CONTROL: Final = CacheControl()


def parse_cache_control(text: str | None) -> CacheControl:
    """Return the directives of a combined Cache-Control field; of a repeated number, the smallest counts.

    A number that is none counts as 0: RFC 9111, 4.2.1, wants such an answer to be taken as stale.
    """
    if not text:
        return NO_CACHE_CONTROL
    found: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for name, quoted, plain in _DIRECTIVE.findall(text):
        directive = name.lower()
        found[directive] = f"{found.get(directive, '')} {quoted or plain}".strip()
        numbers[directive] = min(_seconds(quoted or plain), numbers.get(directive, _MAX_SECONDS))
    only_set_cookie = found.get("no-cache", "").lower() == "set-cookie"
    return CacheControl(
        max_age=numbers.get("max-age"),
        s_maxage=numbers.get("s-maxage"),
        no_store="no-store" in found,
        no_cache="no-cache" in found and not only_set_cookie,
        private="private" in found,
        no_cache_set_cookie=only_set_cookie,
        stale_while_revalidate=numbers.get("stale-while-revalidate"),
        stale_if_error=numbers.get("stale-if-error"),
    )


def parse_date(text: str | None) -> float | None:
    """Return seconds since the epoch of an HTTP date, None for none or one that is no date."""
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _seconds(text: str) -> int:
    return min(int(text), _MAX_SECONDS) if text.isascii() and text.isdigit() else 0
