"""How values and errors are printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

import pytest

from strata.cli.output import print_error, print_facts, print_json, print_table
from strata.errors import StrataError


@dataclass(frozen=True)
class Row:
    name: str
    cost: Decimal


def test_an_error_is_what_then_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(StrataError("no", where={"tenant": "acme", "port": 0}, allowed="yes", next_command="run"))
    assert capsys.readouterr() == ("", "error: no\n  tenant: acme\n  port: 0\n  allowed: yes\n  next: run\n")
    print_error(StrataError("no"))
    assert capsys.readouterr().err == "error: no\n"


def test_an_id_in_an_error_forges_no_line_and_moves_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "x\x1b[31m\nnext: rm\udcff"
    print_error(StrataError(f"no {hostile}", where={"tenant": hostile}, next_command=f"strata tenant add {hostile}"))
    shown = r"x\x1b[31m\nnext: rm\udcff"
    assert capsys.readouterr().err == f"error: no {shown}\n  tenant: {shown}\n  next: strata tenant add {shown}\n"


def test_json_takes_what_commands_hold(capsys: pytest.CaptureFixture[str]) -> None:
    value = {
        "row": Row("ä", Decimal("0.015")),
        "rows": (Row("b", Decimal(1)), Row("a", Decimal(2))),
        "at": datetime(2026, 11, 23, tzinfo=UTC),
        "names": {"b", "a"},
        "mapping": MappingProxyType({404: 0}),
    }
    print_json(value)
    text = capsys.readouterr().out
    assert json.loads(text) == {
        "row": {"name": "ä", "cost": "0.015"},
        "rows": [{"name": "b", "cost": "1"}, {"name": "a", "cost": "2"}],
        "at": "2026-11-23T00:00:00+00:00",
        "names": ["a", "b"],
        "mapping": {"404": 0},
    }
    assert "ä" in text


def test_what_has_no_json_form_is_an_error() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        print_json(object())


def test_tables_align_numbers_and_show_none_as_a_dash(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table(("name", "hits"), [("a", 5), ("b", None), ("c", 1000)])
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "name  hits",
        "a        5",
        "b        -",
        "c     1000",
    ]


def test_a_long_table_has_the_lines_of_a_short_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Except for what a narrow terminal folds, and blanks at the ends of lines."""
    monkeypatch.setenv("COLUMNS", "200")
    rows = [(f"tenant-{number}", number, None if number % 2 else f"{number} kB", "日本") for number in range(501)]
    columns = ("tenant", "rows", "size", "note")
    print_table(columns, rows, "All", right=("size",))
    long = capsys.readouterr().out.splitlines()
    print_table(columns, [*rows[:8], *rows[-8:]], "All", right=("size",))
    short = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [*long[:10], *long[-8:]] == short
    assert len(long) == 503


def test_text_in_brackets_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("path",), [("/a[bold]b[/bold]",)])
    print_facts([("key", "[red]x:tada:")])
    shown = capsys.readouterr().out
    assert "/a[bold]b[/bold]" in shown
    assert "[red]x:tada:" in shown


def test_no_facts_print_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([])
    assert capsys.readouterr().out == ""
