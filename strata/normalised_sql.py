"""SQL without what PostgreSQL does not read: comments, and the amount of white space."""

from __future__ import annotations

import re
from typing import Final

# In the order in which they are tried. Quoted text is kept as it is; a dollar-quoted body tagged `function` or `do` is
# code, and normalised in turn. Comments nest in PostgreSQL; ours do not.
_TOKEN: Final = re.compile(
    r"""
      (?P<blank>    (?: \s | --[^\n]* | /\*.*?\*/ )+ )
    | (?P<code>     \$(?P<tag>function|do)\$ (?P<body>.*?) \$(?P=tag)\$ )
    | (?P<quoted>   \$(?P<mark>\w*)\$.*?\$(?P=mark)\$ | \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<word>     \w+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
# Around these, a blank means nothing.
_PUNCTUATION: Final = frozenset("(),;")


def normalised(text: str) -> str:
    """Return the SQL with each run of comments and white space as one blank, or none beside ``( ) , ;``."""
    words: list[str] = []
    blank = False
    for token in _TOKEN.finditer(text):
        if token["blank"]:
            blank = True
            continue
        word = f"${token['tag']}${normalised(token['body'])}${token['tag']}$" if token["code"] else token[0]
        if blank and words and not {words[-1], word} & _PUNCTUATION:
            words.append(" ")
        words.append(word)
        blank = False
    return "".join(words)
