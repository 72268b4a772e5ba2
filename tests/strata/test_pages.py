"""The frame of every page: text stays text, and a table sorts by the values behind what it shows."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from local.edge.node import node
from strata import pages

if TYPE_CHECKING:
    from pathlib import Path

MARKUP = "<b>&\"'</b>"
SORTING = """
const cell = ([shown, value]) => ({ textContent: shown, dataset: value === undefined ? {} : { value } });
const rows = ROWS.map((one) => ({ cells: one.map(cell) }));
let shown = rows;
const clicks = [];
const attributes = [{}, {}];
const headings = attributes.map((held) => ({
  addEventListener: (_, click) => clicks.push(click),
  getAttribute: (name) => held[name] ?? null,
  setAttribute: (name, value) => { held[name] = value; },
  removeAttribute: (name) => { delete held[name]; },
}));
const body = { get rows() { return shown; }, append: (...sorted) => { shown = sorted; } };
globalThis.document = {
  querySelectorAll: () => [{ tHead: { rows: [{ cells: headings }] }, tBodies: [body] }],
};
SCRIPT
const names = () => shown.map((row) => row.cells[0].textContent).join("");
clicks[1](); const falling = names();
clicks[1](); const rising = names();
clicks[0](); clicks[0]();
console.log(falling, rising, names());
"""


def test_text_becomes_no_markup() -> None:
    row = pages.row(MARKUP, [(1.5, MARKUP), (None, "-")])
    text = pages.page(MARKUP, MARKUP, [(MARKUP, MARKUP, MARKUP)], pages.table({MARKUP: MARKUP}, [row]), "<p>end</p>")
    assert "<b>" not in text
    assert text.count("&lt;b&gt;") == 10
    assert '<td data-value="1.5">' in row
    assert '<td data-value="">-</td>' in row
    assert "<p>end</p>" in text


def test_a_page_loads_nothing() -> None:
    assert not re.search(r"(src|href)=|@import|url\(|https?:", pages.page("t", "s", [], "", ""))


def test_a_table_sorts_by_value_and_what_is_unknown_is_least(tmp_path: Path) -> None:
    """The page's own script, run on a stand-in of its table."""
    (script,) = re.findall(r"<script>(.*?)</script>", pages.page("t", "s", [], "", ""), re.DOTALL)
    rows = '[[["a"], ["9 kB", "9"]], [["b"], ["-", ""]], [["c"], ["1 MB", "1000"]]]'
    program = tmp_path / "sort.cjs"
    program.write_text(SORTING.replace("ROWS", rows).replace("SCRIPT", script.replace('"use strict";', "")))
    command = [str(node()), str(program)]
    sorted_names = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert sorted_names == "cab bac abc\n"


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pages.PageError, match="cannot write the page: No such file or directory"):
        pages.write(tmp_path / "none" / "page.html", "")
