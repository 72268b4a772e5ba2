"""SQL as PostgreSQL's scanner cuts it (scan.l, standard_conforming_strings = on): enough to see what a value became."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TOKEN: Final = re.compile(
    r"""
      (?P<space>[ \t\n\r\f\v]+)
    | (?P<comment>--[^\n\r]*)
    | (?P<block_comment>/\*)
    | (?P<escape_string>[eE]'(?:[^'\\]|''|\\.)*')
    | (?P<special_string>(?:[bBxXnN]|[uU]&)'(?:[^']|'')*')
    | (?P<special_identifier>[uU]&"(?:[^"]|"")*")
    | (?P<string>'(?:[^']|'')*')
    | (?P<identifier>"(?:[^"]|"")*")
    | (?P<dollar_string>\$(?P<tag>[A-Za-z_\x80-\U0010ffff]*)\$.*?\$(?P=tag)\$)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z_0-9$\x80-\U0010ffff]*)
    | (?P<number>\d+(?:\.\d*)?)
    | (?P<end>;)
    | (?P<sign>[-+*/<>=~!@\#%^&|`?,()\[\].:])
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of SQL: its kind, what it means, and where it ends."""

    kind: str
    value: str
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens but white space and line comments; a quoted one's value is what it stands for.

    Raises:
        ValueError: something cannot be cut, so a quote is open, or a character stands where none can.
    """
    place = 0
    for found in _TOKEN.finditer(text):
        if found.start() != place:
            break
        kind, place = found.lastgroup or "", found.end()
        if kind in {"string", "identifier"}:
            quote = text[found.start()]
            yield Token(kind, found[0][1:-1].replace(quote * 2, quote), place)
        elif kind not in {"space", "comment"}:
            yield Token("dollar_string" if kind == "tag" else kind, found[0], place)
    if place != len(text):
        raise ValueError(f"no token at {place}: {text[place : place + 40]!r}")


def statements(text: str, cut: Sequence[Token]) -> list[str]:
    """Return the statements of a script that was cut into tokens, without the semicolons and what follows the last."""
    pieces = []
    start = before = 0
    for token in cut:
        if token.kind == "end":
            pieces.append(text[start:before])
            start = token.end
        before = token.end
    return pieces if start == before else [*pieces, text[start:before]]
