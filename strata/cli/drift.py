"""`strata drift`: what is no longer as the stack recorded it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from strata.cli.environment_create import engine_of
from strata.cli.output import AsJson, DryRun, console, print_json, print_table
from strata.cli.pull_request import Repository, Run, origin
from strata.drift.detect import detect as find_drift
from strata.drift.finding import as_json as finding_as_json
from strata.drift.finding import read_finding
from strata.drift.issue import broken_off, settled, subject, text
from strata.environments.files import environments as known_environments
from strata.environments.names import LOCAL_STACK
from strata.errors import StrataError
from strata.github.client import GitHubSettings, session
from strata.github.issues import IssueWritten, put_issue, settle_issue
from strata.preview_report.markdown import counted
from strata.stack_file import project_folder

if TYPE_CHECKING:
    from strata.drift.finding import Finding

app = typer.Typer(help="What is no longer as the stack recorded it.", no_args_is_help=True)

WithDatabase = Annotated[
    bool,
    typer.Option(
        "--with-database/--without-database",
        envvar="STRATA_DRIFT_DATABASE",
        help="Whether the database can be reached from here; without, what is inside of it is left out.",
    ),
]


class DriftUnknownError(StrataError):
    """The check could not look at everything."""

    def __init__(self, environment: str, cause: str) -> None:
        super().__init__(
            f"the check for drift is not complete: {cause}",
            where={"environment": environment},
            next_command=f"strata drift detect --stack {environment}",
        )


class DriftedError(StrataError):
    """Something is not as recorded."""


@app.command(epilog="Example: strata drift environments --json")
def environments(*, as_json: AsJson = False) -> None:
    """List the environments of a nightly check: all but this machine's."""
    names = [one.name for one in known_environments(project_folder(Path.cwd())) if one.name != LOCAL_STACK]
    if as_json:
        print_json(names)
    else:
        print_table(("environment",), [(name,) for name in names])


@app.command(epilog="Example: strata drift detect --stack dev --output drift.json")
def detect(
    *,
    stack: Annotated[str, typer.Option(metavar="NAME", help="Which environment.")],
    with_database: WithDatabase = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write all that was found, for `strata drift report`.")
    ] = None,
    fail_on: Annotated[
        Literal["drift"] | None, typer.Option("--fail-on", help="End with 1 when something differs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what is recorded with what is there; nothing is changed."""
    finding = find_drift(engine_of(stack, "create"), with_database=with_database)
    if output:
        output.write_text(json.dumps(finding_as_json(finding), indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(finding_as_json(finding))
    else:
        _show(finding)
    if not finding.is_complete:
        raise DriftUnknownError(stack, _cause(finding))
    if fail_on and finding.drifted:
        raise DriftedError(
            f"{counted(len(finding.drifted), 'resource')} not as recorded",
            where={"environment": stack},
            next_command=f"pulumi up --refresh --stack {stack}",
        )


def _cause(finding: Finding) -> str:
    return finding.errors[0] if finding.errors else f"{counted(len(finding.unchecked), 'resource')} not read"


def _show(finding: Finding) -> None:
    rows = [
        (one.name, one.type, one.kind, ", ".join(each.path for each in one.properties) or None)
        for one in finding.drifted
    ]
    if rows:
        print_table(("resource", "type", "is", "properties"), rows)
    lines = [f"{counted(finding.checked, 'resource')} checked, {counted(len(rows), 'difference')}"]
    lines += [f"left out: {counted(len(one.urns), 'resource')}: {one.reason}" for one in finding.left_out]
    console().print("\n".join(lines), soft_wrap=True)


@app.command(epilog="Example: strata drift report drift.json --environment dev")
def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `strata drift detect` wrote.")],
    *,
    environment: Annotated[str, typer.Option(metavar="NAME", help="Which one it is about.")],
    run: Run = None,
    repository: Repository = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Keep one issue open while something differs, by GITHUB_TOKEN's author."""
    finding = read_finding(file) if file.is_file() else None
    if finding and finding.environment != environment:
        raise typer.BadParameter(f"{file} is about {finding.environment}", param_hint="--environment")
    settings = GitHubSettings.read(repository)
    about, where = subject(environment), origin(None, run)
    with session(settings) as github:
        if finding is None:
            written = put_issue(github, about, broken_off(environment) + where, dry_run=dry_run)
        elif finding.is_clean:
            written = settle_issue(github, about, settled(finding) + where, dry_run=dry_run)
        else:
            written = put_issue(github, about, text(finding) + where, dry_run=dry_run)
    _print_written(environment, written, dry_run=dry_run, as_json=as_json)
    if finding is None or not finding.is_complete:
        raise DriftUnknownError(environment, _cause(finding) if finding else "it left no finding")


def _print_written(environment: str, written: IssueWritten, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"action": written.action, "url": written.url, "number": written.number, "written": not dry_run})
        return
    if written.action == "none":
        line = f"nothing differs in {environment}, and there is no issue about it"
    else:
        done = {"unchanged": "is as it should be"}.get(
            written.action, f"{'would be' if dry_run else 'is'} {written.action}"
        )
        line = f"the issue about {environment} {done}{f': {written.url}' if written.url else ''}"
    console().print(line, soft_wrap=True)
