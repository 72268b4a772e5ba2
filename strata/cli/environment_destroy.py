"""`strata environment destroy`: the end of an environment, which its archives and its last snapshot outlive."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from strata.cli.environment_create import Name, engine_of
from strata.cli.output import AsJson, DryRun, console, print_json, progress_console
from strata.environments.destroy import Teardown, plan_teardown
from strata.errors import StrataError


class NotConfirmedError(StrataError):
    """Destroying an environment was not confirmed by its name."""

    def __init__(self, name: str, options: str) -> None:
        quoted = shlex.quote(name)
        super().__init__(
            "destroying an environment cannot be taken back; nothing was done",
            where={"environment": name},
            allowed=f"the environment's name again: --confirm {quoted}",
            next_command=f"strata environment destroy {quoted}{options} --confirm {quoted}",
        )


def destroy(
    name: Name,
    *,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="NAME", help="The environment's name again: it is meant.")
    ] = None,
    with_tenants: Annotated[
        bool, typer.Option("--with-tenants", help="Active tenants go too; the final snapshot alone keeps their rows.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Destroy an environment; its archives and a final snapshot stay."""
    engine = engine_of(name, "destroy")
    teardown = plan_teardown(name, engine.resources(), with_tenants=with_tenants)
    if not dry_run and confirm != name:
        raise NotConfirmedError(name, " --with-tenants" if with_tenants else "")
    if not dry_run:
        for step in teardown.steps:
            progress_console().print(step.why, soft_wrap=True)
            engine.run(step.words)
    if as_json:
        print_json({"environment": name, "done": not dry_run, **_facts(teardown)})
        return
    done = "nothing was done; this would stay:" if dry_run else f"environment {name} is destroyed; this stays:"
    lines = [f"final snapshot: {teardown.final_snapshot}", *(f"bucket: {bucket}" for bucket in teardown.buckets)]
    if teardown.tenants:
        lines.append(f"in the snapshot alone: {', '.join(teardown.tenants)}")
    console().print("\n".join([done, *lines]), soft_wrap=True)


def _facts(teardown: Teardown) -> dict[str, object]:
    return {
        "steps": [step.why for step in teardown.steps],
        "final_snapshot": teardown.final_snapshot,
        "buckets": teardown.buckets,
        "tenants": teardown.tenants,
    }
