"""How commands print: tables and progress for people, one JSON document with ``--json``, errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from strata.figures import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from strata.errors import StrataError

# More rows than these are looked at through a pipe.
_MOST_FOLDED_ROWS: Final = 500

#: On every command that prints data.
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
#: On every command that writes.
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def console() -> Console:
    """Return a console on stdout as it is now; tests and pipes replace stdout."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)  # a path may hold "[" and ":tada:"


def progress_console() -> Console:
    """Return a console on stderr, so that progress never mixes with data."""
    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False)


def print_error(error: StrataError) -> None:
    """Print an error on stderr: what, then where, what is allowed and the next command, each on a line of its own.

    An id in it can neither move the terminal nor forge a line, and neither can a byte that is no text.
    """
    facts = {**error.where, "allowed": error.allowed, "next": error.next_command}
    lines = [f"error: {error.what}", *(f"  {name}: {fact}" for name, fact in facts.items() if fact is not None)]
    sys.stderr.write("\n".join(map(label, lines)) + "\n")


def print_json(value: object) -> None:
    """Print one JSON document."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=_plain)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None, right: Sequence[str] = ()
) -> None:
    """Print a table; numbers are right-aligned, and the columns that are said to be; None is a dash."""
    found = [tuple(row) for row in rows]
    numeric = [
        column in right or (bool(found) and all(isinstance(row[index], int | float | None) for row in found))
        for index, column in enumerate(columns)
    ]
    cells = [tuple("-" if cell is None else str(cell) for cell in row) for row in found]
    if len(cells) > _MOST_FOLDED_ROWS:
        lines = [*([title] if title else []), *_aligned([tuple(columns), *cells], numeric)]
        sys.stdout.write("\n".join(lines) + "\n")
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column, is_numeric in zip(columns, numeric, strict=True):
        table.add_column(column, justify="right" if is_numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*row)
    console().print(table)


def _aligned(rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> Iterator[str]:
    """Yield each row as a line, as wide as it is: in 10,000 rows, folding takes longer than anyone waits."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (
            " " * (width - cell_len(cell)) + cell if right else cell + " " * (width - cell_len(cell))
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        yield "  ".join(padded).rstrip()


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print names with what holds for them, one under the other; long facts are folded, on narrow terminals too."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, fact in facts:
        table.add_row(name, "-" if fact is None else str(fact))
    if table.row_count:
        console().print(table)
