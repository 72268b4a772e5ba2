"""``strata preview-report``: what a reviewer decides from, made of the engine's streamed events."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from strata.caching.contract import current_contract
from strata.cli.output import AsJson, print_json
from strata.errors import StrataError
from strata.preview_report.comment import comment, marker
from strata.preview_report.contract_change import ContractChange, base_contract, contract_changes
from strata.preview_report.json_form import json_form
from strata.preview_report.reading import read_events
from strata.preview_report.report import make_report

if TYPE_CHECKING:
    from strata.preview_report.events import EventStream
    from strata.preview_report.report import PreviewReport

#: For the epilog of the command's help.
EXAMPLE = "Example: strata preview-report events.jsonl --base origin/main"

EventsFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        help="Output of `pulumi preview --json` with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true; by default stdin.",
    ),
]
Environment = Annotated[
    str | None,
    typer.Option("--environment", metavar="NAME", help="Of which stack; by default the one that the events name."),
]
Base = Annotated[
    str | None,
    typer.Option(metavar="REVISION", help="Compare the cache contract with this git revision's, e.g. origin/main."),
]
EngineExitCode = Annotated[
    int | None, typer.Option("--engine-exit-code", metavar="CODE", help="What the engine's process ended with.")
]
Artifact = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Also write the whole report; a comment that is cut points to it.")
]
FailOn = Annotated[
    Literal["refusals"] | None,
    typer.Option("--fail-on", help="End with 1 when the change is refused, or cannot be judged."),
]


class EventsFileError(StrataError):
    """There are no events to report."""


class RefusedPreviewError(StrataError):
    """The report was written, and says that this cannot be deployed."""


def preview_report(
    file: EventsFile = None,
    *,
    environment: Environment = None,
    base: Base = None,
    engine_exit_code: EngineExitCode = None,
    artifact: Artifact = None,
    fail_on: FailOn = None,
    as_json: AsJson = False,
) -> None:
    """Write what a preview would do as a comment for its reviewers (Markdown)."""
    contract = None if base is None else _contract(base)
    stream = _events(file)
    report = make_report(stream, _environment(environment, stream), contract, engine_exit_code)
    if artifact:
        artifact.write_text(comment(report, longest=None), encoding="utf-8")
    if as_json:
        print_json(json_form(report))
    else:
        sys.stdout.write(comment(report, artifact=artifact.name if artifact else None))
    if fail_on and report.is_refused:
        raise _refused(report)


def _contract(base: str) -> tuple[ContractChange, ...]:
    return contract_changes(base_contract(base), current_contract())


def _events(file: Path | None) -> EventStream:
    if file is None:
        return read_events(TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace"))
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return read_events(lines)
    except OSError as error:
        raise EventsFileError(
            f"the events cannot be read: {error.strerror}",
            where={"file": file},
            next_command=f"PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json > {file}",
        ) from None


def _environment(environment: str | None, stream: EventStream) -> str:
    name = environment or stream.stack
    if name is None:
        raise EventsFileError(
            "the events do not say which stack they are about", next_command="the command again, with --environment"
        )
    marker(name)
    return name


def _refused(report: PreviewReport) -> RefusedPreviewError:
    return RefusedPreviewError(
        "the preview is refused" if report.judgement == "refused" else "the preview is not complete",
        where={"environment": report.environment},
        next_command="read the report, edit, and push again",
    )
