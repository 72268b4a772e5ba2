"""Every step is an action pinned by its commit, or a few lines that a person can type."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import Any

import pytest
import typer

from local.engine.pin import pinned
from local.paths import CHECKOUT
from strata.cli.main import app
from tests.workflows.parsed import FILES, GITHUB, all_steps, setup_steps

#: What a line of a step may begin with.
PROGRAMS = {"make", "pulumi", "strata", "git", "python3", "exit"}
MOST_LINES = 3
#: The one commit of each action, and the version that its comment says.
PINS = {
    "actions/checkout": ("de0fac2e4500dabe0009e67214ff5f5447ce83dd", "v6.0.2"),
    "actions/setup-python": ("a309ff8b426b58ec0e2a45f0f869d46889d02405", "v6.2.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "actions/download-artifact": ("70fc10c6e5e1ce46ad2ea6f2b72d43f7d47b13c3", "v8.0.0"),
    "aws-actions/configure-aws-credentials": ("8df5847569e6427dd6c4fb1cf565c83acfa8afa7", "v6.0.0"),
    "pulumi/actions": ("8e5e406f4007fca908480587cb9893c07090f58d", "v7.0.0"),
}
TEXTS = [*(GITHUB / "workflows" / name for name in FILES), GITHUB / "actions" / "setup" / "action.yml"]
RUNS = [step["run"] for step in all_steps() if "run" in step]
#: What the workflows set, as a person would have it set.
VARIABLES = {"STACK": "dev", "ENVIRONMENT": "dev", "BASE": "origin/main", "PULL_REQUEST": "7", "COMMIT": "0" * 40}
VARIABLES |= {"RUN": "https://github.com/acme/platform/actions/runs/1"}


def lines() -> list[str]:
    return [line for run in RUNS for line in run.strip().splitlines()]


def test_actions_are_pinned() -> None:
    used = {found for path in TEXTS for found in re.findall(r"uses: ([^.\s@][^\s@]*)@(\S+) # (\S+)", path.read_text())}
    assert used == {(name, *pin) for name, pin in PINS.items()}


def test_nothing_else_is_used() -> None:
    ours = {"./.github/actions/setup", "./.github/workflows/deploy-environment.yml"}
    for path in TEXTS:
        for found in re.findall(r"uses: (.*)", path.read_text()):
            assert found in ours or re.fullmatch(r"\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+", found), f"{path.name}: {found}"


def test_the_engine_is_the_pinned_one() -> None:
    (step,) = [one for one in setup_steps() if one.get("uses", "").startswith("pulumi/actions@")]
    assert step["with"] == {"pulumi-version": pinned().version}


def test_steps_are_short() -> None:
    assert max(len(run.strip().splitlines()) for run in RUNS) <= MOST_LINES


@pytest.mark.parametrize("line", lines())
def test_a_line_is_a_command_that_a_person_can_type(line: str) -> None:
    words = shlex.split(line)
    into_a_file_of_github = words[0] == "echo" and words[-2] == ">>" and words[-1].startswith("$GITHUB_")
    assert words[0] in PROGRAMS or into_a_file_of_github, line


@pytest.mark.parametrize("line", lines())
def test_no_expression_is_pasted_into_a_shell(line: str) -> None:
    """A branch may be called `$(curl ...)`: values come by variables, which no shell reads twice."""
    assert "${{" not in line


@pytest.mark.parametrize("line", [line for line in lines() if line.startswith("strata ")])
def test_strata_takes_what_it_is_given(line: str) -> None:
    words = [_filled(word) for word in shlex.split(re.sub(r" >>? \S+$", "", line))[1:]]
    command: Any = typer.main.get_command(app)
    context = None
    while hasattr(command, "commands"):
        context = command.make_context("strata", [], parent=context, resilient_parsing=True)
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
    command.make_context("strata", words, parent=context)


def _filled(word: str) -> str:
    return re.sub(r"\$(\w+)|\$\{code:-0\}", lambda found: VARIABLES[found[1]] if found[1] else "0", word)


@pytest.mark.parametrize("line", [line for line in lines() if line.startswith("make ")])
def test_make_has_the_target(line: str) -> None:
    assert re.search(rf"^{shlex.split(line)[1]}:", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)


def test_strata_of_the_set_up_is_the_checkouts_own() -> None:
    """What the action puts on PATH runs from anywhere."""
    program = GITHUB / "actions" / "setup" / "bin" / "strata"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [program, "pull-request", "--help"], cwd="/", env=environment, capture_output=True, text=True, check=True
    )
    assert "comment" in done.stdout


def test_a_preview_that_fails_has_a_report_and_fails() -> None:
    """The lines of the step, with programs that stand for the real ones: the report gets the engine's code."""
    (run,) = [run for run in RUNS if "comment.md" in run and "pulumi preview" in run]
    shell = f'pulumi() {{ return 255; }}; strata() {{ echo "$@"; return 1; }}\n{run}'
    done = subprocess.run(
        ["bash", "-e", "-c", shell.replace("> comment.md", "").replace("> events.jsonl", "> /dev/null")],
        env={**os.environ, **VARIABLES},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "--engine-exit-code 255" in done.stdout
    assert "--fail-on refusals" in done.stdout
