"""Path patterns of cache behaviors: what CloudFront compares, and when it matches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_UNRESERVED_ESCAPE = re.compile(r"%(2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")
_ANY_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_SLASHES = re.compile(r"/{2,}")


def normalised_path(path: str) -> str:
    """Return what path patterns are compared with: without dot segments, doubled slashes and needless escapes.

    Only the match sees it; the function, the key and the origin get the raw path. Source: CloudFront Developer Guide,
    "Cache behavior settings", "Path normalization"; that RFC 3986, 6.2.2.2, is meant too is our reading.
    """
    if "%" in path:
        path = _UNRESERVED_ESCAPE.sub(lambda found: chr(int(found[1], 16)), path)
        path = _ANY_ESCAPE.sub(lambda found: found[0].upper(), path)
    if "//" in path:
        path = _SLASHES.sub("/", path)
    return _without_dot_segments(path) if "/." in path else path


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a raw path matches; ``*`` is any text, ``?`` one character, case counts.

    Source: CloudFront Developer Guide, "Path pattern": a leading slash is optional.
    """
    if pattern == "*":
        return lambda _path: True
    wanted = pattern if pattern.startswith("/") else f"/{pattern}"
    if "*" not in wanted and "?" not in wanted:
        return lambda path: path == wanted
    if wanted.endswith("*") and "*" not in wanted[:-1] and "?" not in wanted:
        prefix = wanted[:-1]
        return lambda path: path.startswith(prefix)
    expression = re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in wanted), re.DOTALL)
    return lambda path: expression.fullmatch(path) is not None
