"""`strata environment rollout`: many new tenants at once, with the state written once."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from strata.cli.output import AsJson, DryRun, console, print_json, progress_console
from strata.cli.partitions_views import show_differences
from strata.cli.stack_database import layout_of, opened
from strata.engine_contract import STACK_VARIABLE
from strata.errors import StrataError
from strata.partitions.verify import find_all_differences
from strata.rollout import Done, Plan, Rollout, roll_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from strata.partitions.registry import RegistryDifference

#: Where nobody looks at a bar, a line now and then.
_LINE_SECONDS: Final = 10.0
_IF_KILLED: Final = "if this is killed: pulumi cancel, then the same again; what is there is found and kept"


class NoStackError(StrataError):
    """Nothing says which stack is meant."""

    def __init__(self) -> None:
        super().__init__(
            f"no stack is named: {STACK_VARIABLE} is not set",
            allowed="--stack NAME",
            next_command="source .strata/env",
        )


class RolloutDiffersError(StrataError):
    """The tenants are made, and registry, catalog or shape of some partitions differ."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"the tenants are rolled out, and {count} differences were found in the database",
            next_command="settle each as it says, then strata partitions verify",
        )


def rollout(
    *,
    stack: Annotated[
        str | None, typer.Option("--stack", envvar=STACK_VARIABLE, metavar="NAME", help="Of which environment.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make many new tenants at once: look, deploy in bulk mode, and verify."""
    if not stack:
        raise NoStackError
    engine = Rollout.of(stack, Path.cwd(), os.environ)
    _say(f"looking at what changes in stack {stack}")
    plan = engine.plan()
    if dry_run:
        _print_plan(stack, plan, as_json=as_json)
        return
    if plan.tenant_ids:
        _say(_IF_KILLED)
    with _tenant_progress(len(plan.tenant_ids)) as report:
        done = roll_out(engine, plan, report)
    _say("comparing registry, catalog and partitions")
    with opened(f"ssm:/strata/{stack}/database") as (connection, parameters):
        differences = find_all_differences(connection, layout_of(parameters), lambda *_: None)
    _print_done(stack, plan, done, differences, as_json=as_json)
    if differences:
        raise RolloutDiffersError(len(differences))


def _print_plan(stack: str, plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json({"stack": stack, "tenant_ids": plan.tenant_ids, "rolled_out": False})
        return
    console().print(
        f"{len(plan.tenant_ids):,} new tenants would be made in stack {stack}, and nothing else; nothing was done"
    )


def _print_done(
    stack: str, plan: Plan, done: Done, differences: tuple[RegistryDifference, ...], *, as_json: bool
) -> None:
    if as_json:
        figures = {"seconds": round(done.seconds, 3), "tenants_per_second": round(done.tenants_per_second, 1)}
        found = {"tenant_ids": plan.tenant_ids, **figures, "differences": differences}
        print_json({"stack": stack, **found, "rolled_out": True})
        return
    if differences:
        show_differences(differences)
        return
    made = f"{done.tenants:,} tenants made in {done.seconds:,.0f} s, {done.tenants_per_second:,.0f}/s"
    console().print(
        f"stack {stack}: {made if done.tenants else 'no tenant is new'}; the state knows them all, and registry,"
        " catalog and partitions agree",
        soft_wrap=True,
    )


class _Rate(ProgressColumn):
    """Tenants per second, once they are known."""

    def render(self, task: Task) -> Text:
        """Return the column."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


@contextmanager
def _tenant_progress(total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is called with how many tenants are done: a bar on a terminal, else lines on stderr."""
    shown = progress_console()
    columns = (TextColumn("making"), BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn("tenants"), _Rate())
    with Progress(
        *columns, TimeRemainingColumn(), console=shown, transient=True, disable=not shown.is_terminal
    ) as progress:
        task = progress.add_task("", total=total)
        said_at = progress.get_time()

        def report(done: int) -> None:
            nonlocal said_at
            progress.update(task, completed=done)
            if not shown.is_terminal and progress.get_time() - said_at >= _LINE_SECONDS:
                said_at = progress.get_time()
                _say(_line(progress.tasks[0]))

        yield report


def _line(task: Task) -> str:
    """Return how far it is: tenants, and once they are known their rate and the time left."""
    done = f"{task.completed:,.0f} of {task.total:,.0f} tenants"
    if task.speed is None or task.time_remaining is None:
        return done
    return f"{done}, {task.speed:,.1f}/s, {task.time_remaining:,.0f} s left"


def _say(text: str) -> None:
    progress_console().print(text, soft_wrap=True)
