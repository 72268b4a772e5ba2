"""`strata pull-request comment` against a GitHub on loopback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from strata.preview_report.comment import marker
from tests.strata.github.conftest import github  # noqa: F401 - a fixture
from tests.strata.github.server import REPOSITORY, TOKEN, GitHub

if TYPE_CHECKING:
    from pathlib import Path

    from tests.strata.cli.conftest import Run

RUN_URL = "https://github.com/acme/platform/actions/runs/1"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def variables(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811 - the fixture
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)


@pytest.fixture
def report(tmp_path: Path) -> str:
    file = tmp_path / "comment.md"
    file.write_text(f"{marker('dev')}\n## Preview of `dev`\n\nfine\n", encoding="utf-8")
    return str(file)


def test_it_writes_the_report_and_where_it_comes_from(github: GitHub, run: Run, report: str) -> None:  # noqa: F811
    result = run(
        "pull-request", "comment", report, "--environment", "dev", "--number", "7", "--commit", COMMIT, "--run", RUN_URL
    )
    (written,) = github.comments.values()
    assert written["body"] == (
        f"{marker('dev')}\n## Preview of `dev`\n\nfine\n\n---\nCommit {COMMIT}, [run]({RUN_URL})\n"
    )
    assert result.output == f"the comment on dev is created: {written['html_url']}\n"
    assert result.exit_code == 0


def test_json_says_what_was_done(github: GitHub, run: Run, report: str) -> None:  # noqa: F811
    run("pull-request", "comment", report, "--environment", "dev", "--number", "7")
    result = run("pull-request", "comment", report, "--environment", "dev", "--number", "7", "--json")
    (written,) = github.comments.values()
    assert json.loads(result.output) == {
        "action": "unchanged",
        "url": written["html_url"],
        "removed": 0,
        "written": True,
    }


def test_a_dry_run_writes_nothing(github: GitHub, run: Run, report: str) -> None:  # noqa: F811
    result = run("pull-request", "comment", report, "--environment", "dev", "--number", "7", "--dry-run")
    assert result.output == "the comment on dev would be created: #7\n"
    assert github.writes() == []


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_preview_without_a_report_is_said_in_its_place(
    github: GitHub,  # noqa: F811 - the fixture
    run: Run,
    report: str,
    tmp_path: Path,
    content: str | None,
) -> None:
    """What stood there was about an older commit, and would be read as if it were about this one."""
    run("pull-request", "comment", report, "--environment", "dev", "--number", "7")
    broken = tmp_path / "broken.md"
    if content is not None:
        broken.write_text(content)
    result = run("pull-request", "comment", str(broken), "--environment", "dev", "--number", "7", "--run", RUN_URL)
    (written,) = github.comments.values()
    assert "**No report:** the preview broke off" in written["body"]
    assert f"[run]({RUN_URL})" in written["body"]
    assert result.exit_code == 1
    assert "there is no report" in str(result.exception)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--commit", "main"), ("--run", "javascript:alert(1)"), ("--run", "https://x) [y](https://z"), ("--number", "0")],
)
def test_hostile_options_are_usage_errors(github: GitHub, run: Run, report: str, option: str, value: str) -> None:  # noqa: F811
    result = run("pull-request", "comment", report, "--environment", "dev", "--number", "7", option, value)
    assert result.exit_code == 2
    assert github.requests == []


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("GITHUB_TOKEN", "there is no token: GITHUB_TOKEN is not set"),
        ("GITHUB_REPOSITORY", "no repository is named: GITHUB_REPOSITORY is not set"),
    ],
)
def test_what_is_not_set_is_said(
    run: Run, report: str, monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.delenv(variable)
    result = run("pull-request", "comment", report, "--environment", "dev", "--number", "7")
    assert text in str(result.exception)
    assert result.exit_code == 1
