"""The pages of docs/reference say what the code says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.reference import COMMAND, FOLDER, PAGES, page, table, write_pages
from strata.caching.classes import CACHE_CLASSES, CACHED_PATHS, UNKEYED_INPUTS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_its_command_writes(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == page(PAGES[name]()), f"renew it: {COMMAND}"


def test_pages_are_the_same_on_every_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: text() for name, text in PAGES.items()}
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("STRATA_EDGE", "ssm:/strata/other/edge")
    assert {name: text() for name, text in PAGES.items()} == before


def test_every_class_path_and_reason_is_told() -> None:
    text = PAGES["cache-classes.md"]()
    for name, its_class in CACHE_CLASSES.items():
        assert f"## `{name}`" in text
        assert its_class.purpose in text
        assert its_class.origin_cache_control in text
    for path in CACHED_PATHS:
        assert f"`{path}`, `{path}/*`" in text
    for name, why in UNKEYED_INPUTS.items():
        assert f"| `{name}` | {why} |" in text


def test_every_command_and_option_is_told() -> None:
    text = PAGES["command.md"]()
    for heading in ("explain", "contract", "canary", "purge"):
        assert f"### strata cache {heading}\n" in text
    for option in ("--wait / --no-wait", "--tenant ID", "--header NAME", "[PATH]...", "--dry-run"):
        assert option in text
    assert "| `STRATA_EDGE` |" in text


def test_pages_are_written_where_they_are_looked_for(tmp_path: Path) -> None:
    write_pages(tmp_path / "reference")
    assert {path.name for path in (tmp_path / "reference").iterdir()} == PAGES.keys()


def test_a_bar_in_a_cell_is_no_column() -> None:
    assert table(("a",), [("x|y",)])[2] == "| x\\|y |"
