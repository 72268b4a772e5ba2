"""`strata deployment`: an environment brought to what the program says, as the workflows do it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Annotated, Final

import typer

from strata.cli.environment_create import engine_of
from strata.cli.output import DryRun, console, progress_console
from strata.environments import create as creation
from strata.errors import StrataError
from strata.tunnel.plugin import find_plugin

app = typer.Typer(help="Deployments of an environment.", no_args_is_help=True)

#: No question is asked, and the policies are held once more; whoever protects a resource is never overruled.
WORDS: Final = ("up", "--yes", "--non-interactive", "--policy-pack", "policy")


class NeverCreatedError(StrataError):
    """The environment is not there yet."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the backend knows no stack {name}",
            where={"environment": name},
            allowed="an environment that was created once",
            next_command=f"strata environment create {shlex.quote(name)}",
        )


@app.command(epilog="Example: strata deployment run --stack dev")
def run(
    *, stack: Annotated[str, typer.Option(metavar="NAME", help="Which environment.")], dry_run: DryRun = False
) -> None:
    """Deploy an environment without asking, through a tunnel where it has one."""
    engine = replace(engine_of(stack, "create"), again=f"strata deployment run --stack {shlex.quote(stack)}")
    step = step_of(creation.find_environment(engine.project, stack).value("database", "reach"))
    if dry_run:
        command = shlex.join(engine.command(step.words))
        console().print(f"{command}  # {step.why}\nnothing was done", soft_wrap=True)
        return
    if step.through_tunnel:
        find_plugin()  # Before the policies and the preview take their minutes.
    if not engine.exists():
        raise NeverCreatedError(stack)
    creation.create(engine, [step], lambda said: progress_console().print(said, soft_wrap=True))


def step_of(reach: str | None) -> creation.Step:
    """Return the one run of the engine that a deployment is."""
    private = reach == "tunnel"
    return creation.Step(WORDS, "through the jump host" if private else "directly", through_tunnel=private)
