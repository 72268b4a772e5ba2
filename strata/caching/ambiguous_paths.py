"""Why the edge function refuses a path, in words; the function itself has the same rules as one expression.

A path that a cache and an origin can read as two different ones lets one caller's answer be kept under another's path.
"""

from __future__ import annotations

import re
from typing import Final

_RULES: Final = (
    ("a control character", r"[\x00-\x1f\x7f-\x9f]"),
    ("';', which some origins take for the end of the path", ";"),
    (r"a backslash, which some origins take for a slash", r"\\"),
    ("an empty segment, '//'", "//"),
    ("an escape that is none: '%' without two hexadecimal digits", r"%(?![0-9a-f]{2})"),
    ("an encoded control character", r"%(?:[01]|7f)"),
    ("an encoded slash, '%2F'", "%2f"),
    ("an encoded ';', '%3B'", "%3b"),
    ("an encoded backslash, '%5C'", "%5c"),
    ("an overlong escape, '%C0' or '%C1'", "%c[01]"),
    ("a doubled escape, '%25' before two hexadecimal digits", "%25[0-9a-f]{2}"),
    ("a segment of one or two dots", r"/(?:\.|%2e){1,2}(?:/|\Z)"),
)
_COMPILED: Final = tuple((name, re.compile(pattern, re.IGNORECASE | re.ASCII)) for name, pattern in _RULES)


def ambiguity(path: str) -> str | None:
    """Return what makes a raw path ambiguous, None where nothing does."""
    return next((name for name, pattern in _COMPILED if pattern.search(path)), None)
