"""`strata preview-report`, as a workflow and as a person runs it."""

from __future__ import annotations

import json
from html import unescape
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from strata.cli.main import app
from strata.cli.preview_report import EventsFileError, RefusedPreviewError
from strata.preview_report.comment import EnvironmentNameError
from strata.preview_report.contract_change import BaseContractError
from tests.strata.preview_report import streams
from tests.strata.preview_report.recorded import FOLDER, lines_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.strata.cli.conftest import Run


def test_a_file_becomes_a_comment(run: Run) -> None:
    result = run("preview-report", str(FOLDER / "new-tenants.jsonl"))
    assert result.exit_code == 0
    assert result.output.startswith("<!-- strata preview: local -->\n")
    assert "**Routine:** 2 tenants onboarded, nothing replaced or deleted, 0 refusals." in result.output


def test_stdin_is_read_when_there_is_no_file() -> None:
    result = CliRunner().invoke(app, ["preview-report"], input="".join(lines_of("unchanged")))
    assert "**Nothing to deploy:**" in result.output


def test_bytes_that_are_no_text_do_no_harm() -> None:
    given = b"\xff\xfe\n" + "".join(lines_of("unchanged")).encode()
    result = CliRunner().invoke(app, ["preview-report"], input=given)
    assert result.exit_code == 0
    assert "1 lines that hold no event" in result.output


def test_json_has_the_same_facts(run: Run) -> None:
    result = run("preview-report", str(FOLDER / "release.jsonl"), "--json")
    found = json.loads(result.output)
    assert (found["environment"], found["judgement"]) == ("local", "attention")
    assert {one["tenant"]: one["fate"] for one in found["tenants"]} == {
        "acme": "onboarded",
        "initech": "offboarding",
        "hooli": "archived",
    }
    (migration,) = found["migrations"]
    assert migration["key"].endswith("_payments_statement_text"), "its number is that of the day it was recorded"
    assert found["cache_contract"] is None
    assert all(change["operation"] != "same" for change in found["changes"])
    assert set(found) >= {"counts", "refusals", "policies", "warnings", "problems", "gaps", "sql_patterns", "marker"}


def test_the_artifact_is_the_whole_report(run: Run, tmp_path: Path) -> None:
    artifact = tmp_path / "preview-local.md"
    result = run("preview-report", str(FOLDER / "release.jsonl"), "--artifact", str(artifact))
    assert artifact.read_text(encoding="utf-8") == result.output


def test_a_refusal_is_reported_and_fails_only_when_asked_to(run: Run) -> None:
    file = str(FOLDER / "deleted-tenant.jsonl")
    assert run("preview-report", file, "--engine-exit-code", "1").exit_code == 0
    result = run("preview-report", file, "--engine-exit-code", "1", "--fail-on", "refusals")
    assert isinstance(result.exception, RefusedPreviewError)
    assert str(result.exception) == (
        "the preview is refused (environment local); next: read the report, edit, and push again"
    )
    assert "`globex`" in result.output
    assert run("preview-report", str(FOLDER / "release.jsonl"), "--fail-on", "refusals").exit_code == 0


def test_an_engine_that_died_is_never_reported_as_fine(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("".join(lines_of("unchanged")[:-2]), encoding="utf-8")
    result = run("preview-report", str(file), "--engine-exit-code", "137", "--fail-on", "refusals")
    assert "**The preview is not complete, do not merge on it.**" in result.output
    assert "there is no summary; the engine ended with exit code 137" in result.output
    assert "the preview is not complete" in str(result.exception)


def test_events_of_nothing_need_the_environments_name(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("", encoding="utf-8")
    result = run("preview-report", str(file))
    assert isinstance(result.exception, EventsFileError)
    assert "next: the command again, with --environment" in str(result.exception)
    named = run("preview-report", str(file), "--environment", "dev")
    assert named.output.startswith("<!-- strata preview: dev -->")
    assert "not complete" in named.output


def test_the_engines_digest_is_no_stream_of_events(run: Run, tmp_path: Path) -> None:
    """Without the variable the engine writes one document, which leaves policies out."""
    file = tmp_path / "digest.json"
    file.write_text(json.dumps({"steps": [], "changeSummary": {"same": 3}}, indent=4), encoding="utf-8")
    result = run("preview-report", str(file), "--environment", "dev")
    assert "The preview is not complete" in result.output
    assert "is this what the engine streams with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true?" in unescape(result.output)


@pytest.mark.parametrize(("name", "wrong"), [("no-such-file", EventsFileError), ("", EventsFileError)])
def test_a_file_that_cannot_be_read(run: Run, tmp_path: Path, name: str, wrong: type[Exception]) -> None:
    result = run("preview-report", str(tmp_path / name))
    assert isinstance(result.exception, wrong)
    assert "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json >" in str(result.exception)


def test_a_stack_that_no_marker_can_name(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(streams.same().replace("urn:pulumi:dev::", "urn:pulumi:--><b>::"), encoding="utf-8")
    assert isinstance(run("preview-report", str(file)).exception, EnvironmentNameError)


def test_a_base_that_git_does_not_know(run: Run) -> None:
    for revision in ("no-such-branch", ""):
        result = run("preview-report", str(FOLDER / "release.jsonl"), "--base", revision)
        assert isinstance(result.exception, BaseContractError)


def test_fail_on_knows_refusals_only(run: Run) -> None:
    assert run("preview-report", str(FOLDER / "release.jsonl"), "--fail-on", "rain").exit_code == 2
