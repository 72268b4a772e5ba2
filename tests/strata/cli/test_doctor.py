"""`strata doctor`: its lines, its JSON and its exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from strata.cli import doctor
from strata.doctor.examine import CHECKS
from strata.doctor.finding import Finding, failed, ok, skipped

if TYPE_CHECKING:
    from strata.doctor.subject import Subject
    from tests.strata.cli.conftest import Run

FOUND = {"python": ok("Python 3.11"), "git": skipped("not now"), "edge": failed("nobody", "make up")}


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[Subject]:
    """Answer with `FOUND`, and keep what was looked at."""
    subjects: list[Subject] = []

    def examine(subject: Subject) -> list[tuple[str, Finding]]:
        subjects.append(subject)
        return list(FOUND.items())

    monkeypatch.setattr(doctor, "examine", examine)
    monkeypatch.setenv("PULUMI_STACK", "local")
    monkeypatch.setenv("STRATA_DATABASE", "ssm:/strata/local/database")
    monkeypatch.setenv("STRATA_EDGE_URL", "http://localhost:1")
    return subjects


def test_a_line_each_and_a_remedy(run: Run, looked_at: list[Subject]) -> None:
    result = run("doctor")
    assert result.exit_code == 1
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["ok", "python", "Python", "3.11"],
        ["skipped", "git", "not", "now"],
        ["failed", "edge", "nobody"],
        ["next:", "make", "up"],
    ]


def test_json(run: Run, looked_at: list[Subject]) -> None:
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)[2] == {
        "check": "edge",
        "status": "failed",
        "detail": "nobody",
        "remedy": "make up",
    }


def test_nothing_failed(run: Run, looked_at: list[Subject], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FOUND, "edge", ok("there"))
    assert run("doctor").exit_code == 0


def test_the_shells_references_are_the_shells_stack(run: Run, looked_at: list[Subject]) -> None:
    run("doctor")
    run("doctor", "--stack", "dev")
    own, other = looked_at
    assert (own.stack, own.database) == ("local", "ssm:/strata/local/database")
    assert (other.stack, other.database, other.edge) == ("dev", None, None)
    assert "STRATA_EDGE_URL" in own.environment
    assert "STRATA_EDGE_URL" not in other.environment


def test_the_order_is_that_in_which_one_failure_explains_the_next() -> None:
    names = list(CHECKS)
    for earlier, later in (
        ("pulumi", "plugins"),
        ("credentials", "clock"),
        ("stack file", "backend"),
        ("connection parameter", "TLS bundle"),
        ("connection parameter", "database"),
    ):
        assert names.index(earlier) < names.index(later)
