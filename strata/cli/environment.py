"""`strata environment`: the environments of the project, each a stack file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import typer

from strata.cli.output import AsJson, print_json, print_table
from strata.environments.files import Environment, environments
from strata.stack_file import project_folder

app = typer.Typer(help="The environments of the project, one stack file each.", no_args_is_help=True)

_PROTECTING: Final = ("instanceClass", "multiAz", "deletionProtection", "backupRetentionDays")


@app.command(name="list", epilog="Example: strata environment list")
def list_(*, as_json: AsJson = False) -> None:
    """List the environments: purpose, region, tenants, layout, and how the database is protected."""
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
