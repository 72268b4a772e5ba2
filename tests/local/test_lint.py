"""`make lint` refuses bad workflows: the real programs on files that are wrong in one way each."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from local import lint
from local.actionlint import ActionlintBuildError
from local.lint import ACTIONS, WORKFLOWS, workflow_checks

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
name: good
on:
  push:
    branches: [main]
permissions: {}
concurrency:
  group: good
  cancel-in-progress: true
jobs:
  good:
    name: good
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          persist-credentials: false
      - name: Lint
        run: make lint
"""
#: What a line becomes, and which program refuses that with which words.
WRONG = {
    "a key that GitHub does not know": ("timeout-minutes", "timeout-minute", "actionlint", "unexpected key"),
    "a context that is not there": ("run: make lint", "run: make ${{ gihub.job }}", "actionlint", "undefined variable"),
    "a job that is not there": ("runs-on:", "needs: other\n    runs-on:", "actionlint", "does not exist"),
    "an action without a commit": (
        "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
        "@v6",
        "zizmor",
        "unpinned-uses",
    ),
    "a title pasted into a shell": (
        "run: make lint",
        "run: echo ${{ github.head_ref }}",
        "zizmor",
        "template-injection",
    ),
    "rights for all jobs": ("permissions: {}", "permissions: write-all", "zizmor", "excessive-permissions"),
    "a token left in the checkout": ("persist-credentials: false", "fetch-depth: 1", "zizmor", "artipacked"),
    "a stranger's code with our rights": (
        "push:\n    branches: [main]",
        "pull_request_target:",
        "zizmor",
        "dangerous-triggers",
    ),
}


def run(workflows: Path) -> dict[str, tuple[int, str]]:
    """Return how each program ended, and what it printed."""
    found = {}
    for command in workflow_checks(workflows):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found[command[0].rpartition("/")[2]] = (done.returncode, done.stdout + done.stderr)
    return found


def written(folder: Path, text: str) -> Path:
    # Both programs take a workflow for one by its place.
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "one.yml").write_text(text)
    return workflows


def test_a_good_workflow_passes(tmp_path: Path) -> None:
    assert {name: code for name, (code, _) in run(written(tmp_path, GOOD)).items()} == {"actionlint": 0, "zizmor": 0}


@pytest.mark.parametrize("what", WRONG)
def test_a_bad_workflow_is_refused(tmp_path: Path, what: str) -> None:
    before, after, program, words = WRONG[what]
    assert before in GOOD
    code, output = run(written(tmp_path, GOOD.replace(before, after)))[program]
    assert code != 0
    assert words in output


def test_the_projects_own_workflows_pass() -> None:
    for command in workflow_checks(WORKFLOWS, ACTIONS):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_check_is_run_even_when_one_cannot_be(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a module proxy there is no actionlint: that fails, and what else is wrong is said all the same."""

    def no_proxy(*_: Path) -> list[list[str]]:
        raise ActionlintBuildError("actionlint could not be built: no route")

    monkeypatch.setattr(lint, "CODE_CHECKS", (("ruff", "--version"), ("ruff", "no-such-command")))
    monkeypatch.setattr(lint, "workflow_checks", no_proxy)
    assert lint.main() == 1
    said = capfd.readouterr().err
    assert "error: actionlint could not be built: no route" in said
    assert said.endswith("failed: ruff no-such-command\nfailed: actionlint\n")
