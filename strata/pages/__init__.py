"""What every page of the command has in common: light and dark, figures on tiles, tables that sort; no network."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TEMPLATE: Final = Path(__file__).with_name("page.html")


class PageError(StrataError):
    """A page that cannot be written."""


def write(path: Path, text: str) -> None:
    """Write a page.

    Raises:
        PageError: the file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PageError(f"cannot write the page: {error.strerror}", where={"file": path}) from None


def page(
    title: str,
    subtitle: str,
    tiles: Iterable[tuple[str, str, str]],
    sections: str,
    footer: str,
    scripts: str = "",
) -> str:
    """Return a page's text.

    Args:
        title: what it is about.
        subtitle: of what, and when it was made.
        tiles: name, figure and words of each, as text.
        sections: HTML.
        footer: HTML.
        scripts: HTML, at the page's end.
    """
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        tiles="\n".join(_tile(*one) for one in tiles),
        sections=sections,
        footer=footer,
        scripts=scripts,
    )


def _tile(name: str, figure: str, words: str) -> str:
    inside = f'<h3>{escape(name)}</h3><p class="figure">{escape(figure)}</p><p>{escape(words)}</p>'
    return f'<div class="tile">{inside}</div>'


def table(columns: Mapping[str, str], rows: Iterable[str]) -> str:
    """Return a table that sorts by the column that is clicked.

    Args:
        columns: what each means, by its name; empty where the name says it.
        rows: HTML, each made by `row`.
    """
    head = "".join(
        f'<th scope="col"><button type="button" title="{escape(meaning)}">{escape(name)}</button></th>'
        for name, meaning in columns.items()
    )
    body = "\n".join(rows)
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def row(name: str, cells: Iterable[tuple[float | None, str]]) -> str:
    """Return a row of a table: its name, and for each cell what it is sorted by and what is shown."""
    figures = "".join(
        f'<td data-value="{"" if value is None else value}">{escape(shown)}</td>' for value, shown in cells
    )
    return f'<tr><th scope="row">{escape(name)}</th>{figures}</tr>'
