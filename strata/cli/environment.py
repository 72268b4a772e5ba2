"""`strata environment`: the environments of the project, each a stack file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from strata.cli.environment_create import create
from strata.cli.environment_destroy import destroy
from strata.cli.environment_new import new
from strata.cli.environment_rollout import rollout
from strata.cli.output import AsJson, print_json, print_table
from strata.environments.files import Environment, environments
from strata.environments.touched import touched as find_touched
from strata.stack_file import project_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(help="The environments of the project, one stack file each.", no_args_is_help=True)

_PROTECTING: Final = ("instanceClass", "multiAz", "deletionProtection", "backupRetentionDays")
#: Of the paths that touch an environment; --json has them all.
_MOST_SHOWN_PATHS: Final = 5


@app.command(name="list", epilog="Example: strata environment list")
def list_(*, as_json: AsJson = False) -> None:
    """List the environments with purpose, region, tenants and protection."""
    found = [_described(one) for one in environments(project_folder(Path.cwd()))]
    if as_json:
        print_json(found)
        return
    columns = ("environment", "purpose", "region", "tenants", "layout")
    print_table(
        [*columns, "database"], [(*(one[column] for column in columns), _protection(one["database"])) for one in found]
    )


def _described(one: Environment) -> dict[str, Any]:
    made = one.value("database", "existing") is None
    return {
        "environment": one.name,
        "purpose": one.purpose,
        "region": one.region,
        "tenants": one.tenants,
        "layout": one.value("partitions", "layout"),
        # Of an instance that is there already, the stack file knows nothing.
        "database": {key: one.value("database", key) for key in _PROTECTING} if made else None,
    }


def _protection(database: dict[str, Any] | None) -> str:
    if database is None:
        return "there already"
    parts = {
        database["instanceClass"]: True,
        "multi-AZ": database["multiAz"],
        "protected": database["deletionProtection"],
        f"backups {database['backupRetentionDays']} d": database["backupRetentionDays"],
    }
    return ", ".join(part for part, holds in parts.items() if holds)


@app.command(epilog="Example: strata environment touched --base origin/main")
def touched(
    *,
    base: Annotated[str, typer.Option("--base", metavar="REF", help="The branch or commit to compare with.")] = (
        "origin/main"
    ),
    as_json: AsJson = False,
) -> None:
    """Say which environments a change touches."""
    found = find_touched(project_folder(Path.cwd()), base)
    if as_json:
        print_json(
            {
                "base": found.base,
                "environments": list(found.environments),
                "paths": found.environments,
                "removed": found.removed,
            }
        )
        return
    rows = [(name, _shortened(paths)) for name, paths in found.environments.items()]
    print_table(("environment", "touched by"), [*rows, *((name, "its stack file is gone") for name in found.removed)])


def _shortened(paths: Sequence[str]) -> str:
    rest = len(paths) - _MOST_SHOWN_PATHS
    return ", ".join(paths[:_MOST_SHOWN_PATHS]) + (f", and {rest} more" if rest > 0 else "")


app.command(epilog="Example: strata environment new prod-2 --from prod")(new)
app.command(epilog="Example: strata environment create staging --dry-run")(create)
app.command(epilog="Example: strata environment destroy sandbox --dry-run")(destroy)
app.command(epilog="Example: strata environment rollout --stack dev")(rollout)
