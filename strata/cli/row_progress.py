"""Progress of work on a tenant's rows: by table, with rows per second and the time that is left."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from strata.cli.output import progress_console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import Console
    from rich.progress import TaskID


class RowsColumn(ProgressColumn):
    """Rows that are done, and of how many where that is known."""

    def render(self, task: Task) -> Text:
        """Return the column of one table."""
        total = "" if task.total is None else f"/{int(task.total):,}"
        return Text(f"{int(task.completed):,}{total} rows")


class RateColumn(ProgressColumn):
    """Rows per second, once they are known."""

    def render(self, task: Task) -> Text:
        """Return the column of one table."""
        return Text("" if task.speed is None else f"{task.speed:,.0f} rows/s")


@contextmanager
def row_progress(
    words: str, totals: Mapping[str, int | None], shown: Console | None = None
) -> Iterator[Callable[[str, int], None]]:
    """Give a function that is called with a table and how many of its rows are done.

    Args:
        words: what is being done.
        totals: rows by table, None where nobody knows.
        shown: where; on stderr by default, and nowhere when that is no terminal.
    """
    out = shown or progress_console()
    columns = (TextColumn(words), TextColumn("{task.description}"), BarColumn(bar_width=20))
    with Progress(
        *columns,
        RowsColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    ) as progress:
        bars = _Bars(progress, totals)
        yield bars.report


class _Bars:
    """A bar per pass over a table: rows that begin anew are the second look, which compares."""

    def __init__(self, progress: Progress, totals: Mapping[str, int | None]) -> None:
        self._progress = progress
        self._totals = totals
        self._tasks: dict[str, tuple[TaskID, int]] = {}

    def report(self, table: str, rows: int) -> None:
        if table not in self._tasks:
            self._start(table, table)
        elif rows < self._tasks[table][1]:
            self._start(table, f"{table} (comparing)", self._tasks[table][1])
        task, _ = self._tasks[table]
        self._tasks[table] = (task, rows)
        total = self._progress.tasks[self._progress.task_ids.index(task)].total
        # An estimate may be too low.
        self._progress.update(task, completed=rows, total=None if total is None else max(total, rows))

    def _start(self, table: str, description: str, total: int | None = None) -> None:
        rows = self._totals.get(table) if total is None else total
        self._tasks[table] = (self._progress.add_task(description, total=rows), 0)
