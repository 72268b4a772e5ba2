"""The command's nouns, and what its exit codes mean: 0 done, 1 refused or failed, 2 usage."""

from __future__ import annotations

import sys

import typer

from strata.cli.account import app as account
from strata.cli.cache import app as cache
from strata.cli.database import app as database
from strata.cli.deployment import app as deployment
from strata.cli.doctor import EXAMPLE as DOCTOR_EXAMPLE
from strata.cli.doctor import doctor
from strata.cli.drift import app as drift
from strata.cli.environment import app as environment
from strata.cli.logs import app as logs
from strata.cli.output import print_error
from strata.cli.partitions import app as partitions
from strata.cli.preview_report import EXAMPLE, preview_report
from strata.cli.pull_request import app as pull_request
from strata.cli.tenant import app as tenant
from strata.errors import StrataError

app = typer.Typer(
    name="strata",
    help="Operate a Strata stack between deploys. Exit codes: 0 done, 1 refused or failed, 2 usage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(account, name="account")
app.add_typer(cache, name="cache")
app.add_typer(database, name="database")
app.add_typer(environment, name="environment")
app.add_typer(logs, name="logs")
app.add_typer(tenant, name="tenant")
app.add_typer(partitions, name="partitions")
app.command(name="doctor", epilog=DOCTOR_EXAMPLE)(doctor)
app.command(name="preview-report", epilog=EXAMPLE)(preview_report)
app.add_typer(pull_request, name="pull-request")
app.add_typer(drift, name="drift")
app.add_typer(deployment, name="deployment")


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        app()
    except StrataError as error:
        print_error(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
