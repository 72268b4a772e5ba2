"""`strata environment create`: from a stack file to a deployed stack, a private database included."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from strata.cli.output import DryRun, console, progress_console
from strata.environments import create as creation
from strata.environments.engine import Engine
from strata.stack_file import project_folder
from strata.tunnel.plugin import find_plugin

Name = Annotated[str, typer.Argument(metavar="NAME", help="The environment's name: that of its stack file.")]


def engine_of(name: str, verb: str) -> Engine:
    """Return the engine for an environment, and lead this process's AWS calls to its region.

    Raises:
        UnknownEnvironmentError: there is no stack file of that name.
    """
    found = creation.find_environment(project_folder(Path.cwd()), name)
    if found.region:
        os.environ["AWS_REGION"] = found.region
    return Engine(found.path.parent, name, f"strata environment {verb} {shlex.quote(name)}")


def create(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Let the engine ask nothing before it changes things.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Deploy a new environment; one that was interrupted is gone on with."""
    engine = engine_of(name, "create")
    environment = creation.find_environment(engine.project, name)
    steps = creation.steps(environment, exists=engine.exists(), yes=yes)
    if any(step.through_tunnel for step in steps):
        find_plugin()  # Before an instance is made that this machine could not reach.
    if dry_run:
        lines = [f"{shlex.join(engine.command(step.words))}  # {step.why}" for step in steps]
        console().print("\n".join([*lines, "nothing was done"]), soft_wrap=True)
        return
    creation.create(engine, steps, lambda text: progress_console().print(text, soft_wrap=True))
    console().print(f"environment {name} is deployed; next: strata doctor", soft_wrap=True)
