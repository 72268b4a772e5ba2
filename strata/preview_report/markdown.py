"""Markdown in which nothing that a stream says can become markup.

Whatever is not ours is shown as code: GitHub mentions nobody, links nothing and renders no HTML inside of it
(GitHub Flavored Markdown Spec, 6.3 code spans and 4.5 fenced code blocks).
"""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Characters that need no care between backticks, in a table cell too.
_PLAIN: Final = re.compile(r"[^`|\\\n\t<>&]*")
_NOT_PLAIN_ASCII: Final = re.compile(r"[^\x20-\x7e\n\t]")
#: What reads in another order than it is written, or cannot be seen.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Punctuation that is no markup within a line.
_HARMLESS: Final = frozenset(" ,;'()=/-")
_SHORTEST_FENCE: Final = 3
_LONGEST_LIST: Final = 5_000


def visible(text: str) -> str:
    """Return the text with each invisible character, but for line breaks and tabs, as its code point."""
    return _NOT_PLAIN_ASCII.sub(_seen, text.replace("\r\n", "\n"))


def _seen(character: re.Match[str]) -> str:
    one = character[0]
    return f"\\u{ord(one):04x}" if unicodedata.category(one) in _HIDDEN else one


def code(text: object) -> str:
    """Return a text as inline code, safe in a sentence, a list item and a table cell."""
    shown = visible(str(text)).strip()
    if not shown:
        return "_(empty)_"
    if _PLAIN.fullmatch(shown):
        return f"`{shown}`"
    # An entity never is markup, so every character that could be a part of some becomes one.
    return f"<code>{''.join(one if one.isalnum() or one in _HARMLESS else f'&#{ord(one)};' for one in shown)}</code>"


def code_in_html(text: str) -> str:
    """Return a text as code between HTML tags on one line, where Markdown is not read."""
    return f"<code>{escape(' '.join(visible(text).split()))}</code>"


def codes(names: Iterable[object]) -> str:
    """Return several, with commas between them."""
    return ", ".join(code(name) for name in names)


def fence(text: str, language: str = "") -> str:
    """Return a text as a block of code whose fence is longer than any run of backticks in it."""
    shown = visible(text).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    marks = "`" * max(_SHORTEST_FENCE, longest + 1)
    return f"{marks}{language}\n{shown}\n{marks}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows))


def items(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines as lists of a length that can be left out as a whole."""
    block = ""
    for line in lines:
        if block and len(block) + len(line) > _LONGEST_LIST:
            yield block
            block = ""
        block += f"{chr(10) if block else ''}- {line}"
    if block:
        yield block


def details(summary: str, body: str) -> str:
    """Return a block that opens on a click; the summary is HTML, where backticks mean nothing."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 tenant`` or ``2 tenants``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
