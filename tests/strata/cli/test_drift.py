"""`strata drift report` against a GitHub on loopback; `detect` is tried with the real engine in tests/engine."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from strata.drift.finding import Drifted, Finding, Property, as_json
from tests.strata.github.conftest import github  # noqa: F401 - a fixture
from tests.strata.github.server import BOT, REPOSITORY, TOKEN, GitHub

if TYPE_CHECKING:
    from pathlib import Path

    from tests.strata.cli.conftest import Run

RUN_URL = "https://github.com/acme/platform/actions/runs/1"
CLEAN = Finding("dev", "2026-01-01T02:17:00+00:00", 99, (), (), (), ())
DRIFTED = replace(
    CLEAN,
    drifted=(
        Drifted(
            "urn:pulumi:dev::strata::t:a:T::logs", "t:a:T", "changed", (Property("blockPublicAcls", "true", "false"),)
        ),
    ),
)


@pytest.fixture(autouse=True)
def variables(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811 - the fixture
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)


def file(folder: Path, finding: Finding) -> str:
    path = folder / "drift.json"
    path.write_text(json.dumps(as_json(finding)))
    return str(path)


def issues(github: GitHub) -> list[tuple[str, str]]:  # noqa: F811
    return [(one["state"], one["body"]) for one in github.issues.values() if one["user"]["login"] == BOT]


def test_from_a_difference_to_none(github: GitHub, run: Run, tmp_path: Path) -> None:  # noqa: F811
    opened = run("drift", "report", file(tmp_path, DRIFTED), "--environment", "dev", "--run", RUN_URL)
    assert opened.output == f"the issue about dev is opened: {github.issues[8]['html_url']}\n"
    ((state, body),) = issues(github)
    assert state == "open"
    assert body.startswith("<!-- strata drift: dev -->\n**1 resource is not as recorded**")
    assert body.endswith(f"[run]({RUN_URL})\n")
    closed = run("drift", "report", file(tmp_path, CLEAN), "--environment", "dev", "--json")
    assert json.loads(closed.output) == {
        "action": "closed",
        "url": github.issues[8]["html_url"],
        "number": 8,
        "written": True,
    }
    again = run("drift", "report", file(tmp_path, CLEAN), "--environment", "dev")
    assert again.output == "nothing differs in dev, and there is no issue about it\n"
    assert (opened.exit_code, closed.exit_code, again.exit_code) == (0, 0, 0)


def test_a_check_that_failed_closes_nothing(github: GitHub, run: Run, tmp_path: Path) -> None:  # noqa: F811
    run("drift", "report", file(tmp_path, DRIFTED), "--environment", "dev")
    result = run("drift", "report", file(tmp_path, replace(CLEAN, errors=("AccessDenied",))), "--environment", "dev")
    ((state, body),) = issues(github)
    assert state == "open"
    assert "AccessDenied" in body
    assert result.exit_code == 1
    assert "the check for drift is not complete: AccessDenied" in str(result.exception)


def test_a_check_that_left_nothing_is_told(github: GitHub, run: Run, tmp_path: Path) -> None:  # noqa: F811
    result = run("drift", "report", str(tmp_path / "gone.json"), "--environment", "dev", "--run", RUN_URL)
    ((state, body),) = issues(github)
    assert state == "open"
    assert "**Unknown:** the check of `dev` broke off" in body
    assert result.exit_code == 1


def test_a_dry_run_writes_nothing(github: GitHub, run: Run, tmp_path: Path) -> None:  # noqa: F811
    result = run("drift", "report", file(tmp_path, DRIFTED), "--environment", "dev", "--dry-run")
    assert result.output == "the issue about dev would be opened\n"
    assert github.writes() == []


def test_the_finding_of_another_environment_is_refused(github: GitHub, run: Run, tmp_path: Path) -> None:  # noqa: F811
    assert run("drift", "report", file(tmp_path, CLEAN), "--environment", "prod").exit_code == 2
    assert github.requests == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"environment": "dev"}', "\ufeff{"])
def test_a_file_that_is_no_finding_is_refused(github: GitHub, run: Run, tmp_path: Path, content: str) -> None:  # noqa: F811
    path = tmp_path / "drift.json"
    path.write_text(content, encoding="utf-8")
    result = run("drift", "report", str(path), "--environment", "dev")
    assert "the file does not hold what a check found" in str(result.exception)
    assert github.requests == []


def test_every_environment_but_this_machines_is_checked(run: Run) -> None:
    assert json.loads(run("drift", "environments", "--json").output) == ["dev", "staging", "prod"]
