"""`strata pull-request`: what reviewers see."""

from __future__ import annotations

import re
from pathlib import Path  # noqa: TC003 - Typer reads it when the command runs
from typing import Annotated, Final

import typer

from strata.cli.output import AsJson, DryRun, console, print_json
from strata.errors import StrataError
from strata.github.client import GitHubSettings, session
from strata.github.comments import WOULD, put_comment
from strata.preview_report.comment import marker
from strata.preview_report.markdown import code

app = typer.Typer(help="What reviewers of a pull request see.", no_args_is_help=True)

#: On every command that writes to GitHub.
Repository = Annotated[
    str | None,
    typer.Option("--repository", envvar="GITHUB_REPOSITORY", metavar="OWNER/NAME", help="The repository on GitHub."),
]
#: Where a reader finds more.
Run = Annotated[str | None, typer.Option("--run", metavar="URL", help="The workflow run that this comes from.")]

_URL: Final = re.compile(r"https?://[\w.:/%@?=&#~+-]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")


class NoReportError(StrataError):
    """There is no report; the comment says so."""

    def __init__(self, file: Path, environment: str) -> None:
        super().__init__(
            "there is no report: the preview broke off before it wrote one",
            where={"environment": environment, "file": file},
            next_command="read the log of the preview, and run it again",
        )


@app.command(epilog="Example: strata pull-request comment comment.md --environment dev --number 7")
def comment(  # noqa: PLR0913 - a command has as many arguments as it has options
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Markdown that `strata preview-report` wrote.")],
    *,
    environment: Annotated[str, typer.Option(metavar="NAME", help="Which one the report is about.")],
    number: Annotated[int, typer.Option(metavar="NUMBER", min=1, help="Of the pull request.")],
    commit: Annotated[str | None, typer.Option(metavar="HASH", help="Which commit was previewed.")] = None,
    run: Run = None,
    repository: Repository = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make or renew the one comment about an environment on a pull request."""
    settings = GitHubSettings.read(repository)
    report = file.read_text(encoding="utf-8") if file.is_file() else ""
    # Without a report, an older comment would stand there as if it were about this commit.
    text = (report if report.strip() else _no_report(environment)) + origin(commit, run)
    with session(settings) as github:
        written = put_comment(github, number, marker(environment), text, dry_run=dry_run)
    if as_json:
        print_json({"action": written.action, "url": written.url, "removed": written.removed, "written": not dry_run})
    else:
        done = WOULD[written.action] if dry_run else f"is {written.action}"
        console().print(f"the comment on {environment} {done}: {written.url or f'#{number}'}", soft_wrap=True)
    if not report.strip():
        raise NoReportError(file, environment)


def _no_report(environment: str) -> str:
    return f"## Preview of {code(environment)}\n\n**No report:** the preview broke off before it wrote one.\n"


def origin(commit: str | None, run: str | None) -> str:
    """Return the line that says where a text comes from; a comment without it may be about an older commit."""
    if commit and not _COMMIT.fullmatch(commit):
        raise typer.BadParameter("7 to 64 hexadecimal digits", param_hint="--commit")
    if run and not _URL.fullmatch(run):
        raise typer.BadParameter("a web address", param_hint="--run")
    parts = [f"Commit {commit}" if commit else "", f"[run]({run})" if run else ""]
    said = ", ".join(part for part in parts if part)
    return f"\n---\n{said}\n" if said else ""
