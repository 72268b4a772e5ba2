"""`strata doctor`: whether this machine, these credentials and this stack are fit to work with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from strata.caching.reference import EDGE_VARIABLE
from strata.cli.output import AsJson, console, print_json
from strata.cli.stack_database import DATABASE_VARIABLE
from strata.doctor.examine import CHECKS, examine
from strata.doctor.subject import Subject
from strata.engine_contract import STACK_VARIABLE
from strata.stack_file import project_folder

if TYPE_CHECKING:
    from strata.doctor.finding import Finding

_WIDTH: Final = max(map(len, CHECKS))
EXAMPLE: Final = "Example: strata doctor --stack dev"


def doctor(
    *,
    stack: Annotated[
        str | None,
        typer.Option("--stack", metavar="NAME", help="Of which stack; by default the one that PULUMI_STACK names."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check machine, credentials, stack, database and edge, with remedies."""
    # An AWS that cannot be reached is said once, and not tried five times for each line.
    os.environ.setdefault("AWS_MAX_ATTEMPTS", "1")
    findings = []
    for name, finding in examine(_subject(stack)):
        findings.append({"check": name, **vars(finding)})
        if not as_json:
            console().print(_line(name, finding), soft_wrap=True)
    if as_json:
        print_json(findings)
    if any(one["status"] == "failed" for one in findings):
        raise typer.Exit(1)


def _subject(stack: str | None) -> Subject:
    """Return what to look at; a stack that is named in words has the references that it writes itself."""
    of_shell = stack is None or stack == os.environ.get(STACK_VARIABLE)
    return Subject(
        project_folder(Path.cwd()),
        stack or os.environ.get(STACK_VARIABLE),
        os.environ.get(DATABASE_VARIABLE) if of_shell else None,
        os.environ.get(EDGE_VARIABLE) if of_shell else None,
        os.environ if of_shell else {name: value for name, value in os.environ.items() if name != "STRATA_EDGE_URL"},
    )


def _line(name: str, finding: Finding) -> str:
    line = f"{finding.status:<8}{name:<{_WIDTH}}  {finding.detail}"
    return f"{line}\n{'':<8}{'':<{_WIDTH}}  next: {finding.remedy}" if finding.remedy else line
