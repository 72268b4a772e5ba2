"""`strata account`: what an AWS account needs once, before any stack."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from strata.account.bootstrap import bootstrap as settle
from strata.account.bootstrap import differences
from strata.account.calls import Account
from strata.account.next_steps import commands, variables
from strata.account.settings import AccountSettings, AccountSettingsError, EnvironmentSettings
from strata.cli.account_views import print_next_steps, print_outcomes, print_plan
from strata.cli.output import AsJson, DryRun, print_json
from strata.environments.files import environments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The stack of this machine, which needs no account.
_LOCAL: Final = "local"

app = typer.Typer(
    help="The AWS account below the stacks: state bucket, key, and the roles of workflows.", no_args_is_help=True
)

Repository = Annotated[
    str,
    typer.Option(
        metavar="OWNER/NAME",
        help="The GitHub repository whose workflows take the roles; @NUMBER after each name if its tokens have it.",
    ),
]
Region = Annotated[
    str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Region of the state bucket and its key.")
]
Environments = Annotated[
    list[str] | None,
    typer.Option(
        "--environment",
        metavar="NAME",
        help="An environment that this account holds; again for more. All of them otherwise.",
    ),
]
Branch = Annotated[str, typer.Option(help="The branch whose pushes are deployed.")]


@app.command(epilog="Example: strata account bootstrap --repository acme/strata --environment dev --dry-run")
def bootstrap(
    repository: Repository,
    region: Region,
    environment: Environments = None,
    branch: Branch = "main",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make or mend the state bucket, its key and the roles of workflows."""
    account, settings = _wanted(repository, region, environment, branch)
    outcomes = list(differences(account, settings) if dry_run else settle(account, settings))
    if as_json:
        print_json({"outcomes": outcomes, **_facts(settings)})
        return
    if dry_run:
        print_plan(outcomes)
    else:
        print_outcomes(outcomes)
    print_next_steps(commands(settings))


@app.command(epilog="Example: strata account show --repository acme/strata")
def show(
    repository: Repository,
    region: Region,
    environment: Environments = None,
    branch: Branch = "main",
    as_json: AsJson = False,
) -> None:
    """Show what the account has, and how it differs from what it should have."""
    account, settings = _wanted(repository, region, environment, branch)
    outcomes = list(differences(account, settings))
    if as_json:
        print_json({"outcomes": outcomes, **_facts(settings)})
    else:
        print_outcomes(outcomes, as_found=True)


def _facts(settings: AccountSettings) -> dict[str, object]:
    return {
        "account": settings.account_id,
        "backend_url": settings.backend_url,
        "secrets_provider": settings.secrets_provider,
        "variables": [asdict(variable) for variable in variables(settings)],
    }


def _wanted(repository: str, region: str, names: Sequence[str] | None, branch: str) -> tuple[Account, AccountSettings]:
    account = Account(region)
    identity = account.answer("sts", "GetCallerIdentity")
    settings = AccountSettings(
        account_id=identity["Account"],
        partition=identity["Arn"].split(":")[1],
        region=region,
        repository=repository,
        branch=branch,
        environments=tuple(_environments(names, region)),
    )
    return account, settings


def _environments(names: Sequence[str] | None, region: str) -> Iterator[EnvironmentSettings]:
    """Yield the environments that are asked for, as their stack files have them; one without a file yet is new.

    Raises:
        AccountSettingsError: none is named, and there is no stack file.
        EnvironmentFileError: a stack file cannot be read.
    """
    written = {one.name: one for one in environments(Path.cwd()) if one.name != _LOCAL}
    if not (names or written):
        raise AccountSettingsError(
            "no environment is named, and there is no stack file here", allowed="--environment dev"
        )
    for name in names or written:
        file = written.get(name)
        yield EnvironmentSettings(
            name, (file and file.region) or region, file.value("cdn", "hostedZoneId") if file else None
        )
