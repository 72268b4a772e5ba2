"""`strata environment new`: a stack file and a list of tenants, made from those of another environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strata.account.settings import KEY_ALIAS
from strata.cli.output import AsJson, DryRun, console, print_json
from strata.environments.new import new_environment
from strata.stack_file import project_folder

if TYPE_CHECKING:
    from strata.environments.new import NewEnvironment


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new environment's name, and its stack's.")],
    *,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="What to make it from; by default what is there for its purpose."),
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write a new environment's files from another's, and say what to fill in."""
    made = new_environment(project_folder(Path.cwd()), name, source)
    if not dry_run:
        made.write()
    if as_json:
        marked = [{"file": file, "line": line, "text": text} for file, line, text in made.to_fill_in]
        print_json(
            {
                "environment": made.name,
                "from": made.source,
                "files": made.files,
                "left_out": made.left_out,
                "to_fill_in": marked,
                "written": not dry_run,
            }
        )
    else:
        console().print("\n".join(_shown(made, dry_run=dry_run)), soft_wrap=True)


def _shown(made: NewEnvironment, *, dry_run: bool) -> list[str]:
    if dry_run:
        files = [line for path, text in made.files.items() for line in (f"--- {path}", text)]
        return [*files, "nothing was written"]
    return [
        *(f"{path}: written" for path in made.files),
        f"left out, because it is {made.source}'s: {', '.join(made.left_out) or 'nothing'}",
        "fill in, or look at:",
        *(f"  {path}:{number}: {line}" for path, number, line in made.to_fill_in),
        f"next: edit Pulumi.{made.name}.yaml, then",
        f"  pulumi stack init {made.name} --secrets-provider 'awskms://{KEY_ALIAS}?region=YOUR-REGION'",
        f"  strata tenant add TENANT --stack {made.name}",
        f"  pulumi preview --stack {made.name}",
        f"  strata environment create {made.name}",
    ]
