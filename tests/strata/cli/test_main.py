"""What every command does alike: exit codes, errors without traceback, help with an example."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer

from strata.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.strata.cli.conftest import Run


def strata(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STRATA_")}
    return subprocess.run(
        [sys.executable, "-m", "strata.cli", *arguments],
        env={**inherited, "AWS_EC2_METADATA_DISABLED": "true", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_done_is_0() -> None:
    done = strata("cache", "explain", "/api/v1/payments")
    assert (done.returncode, done.stderr) == (0, "")


def test_refused_is_1_with_a_message_and_no_traceback() -> None:
    refused = strata("cache", "purge", "/x")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.splitlines() == [
        "error: no edge is named: STRATA_EDGE is not set",
        "  allowed: --edge ssm:/strata/STACK/edge",
        "  next: source .strata/env",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("cache", "explain"),
        ("cache", "erase"),
        ("cache", "purge"),
        ("cache", "purge", "/x", "--provider", "akamai"),
        ("cache", "contract", "--check", "--write"),
        ("cache", "canary", "http://localhost:1", "--repeat", "1", "--path", "/x"),
    ],
)
def test_usage_is_2(arguments: tuple[str, ...]) -> None:
    wrong = strata(*arguments)
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
    assert wrong.stdout == ""


def test_a_narrow_terminal_folds_and_loses_nothing() -> None:
    shown = strata("cache", "explain", "/api/v1/payments?limit=5", COLUMNS="40").stdout
    assert max(len(line) for line in shown.splitlines()[1:]) <= 40
    assert "idempotency-key" in shown


def test_a_pipe_gets_no_escapes() -> None:
    assert "\x1b" not in strata("cache", "contract", FORCE_COLOR="", NO_COLOR="1").stdout


def test_no_color_is_respected_on_a_terminal() -> None:
    coloured = "\x1b[3"
    assert coloured not in strata("cache", "contract", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_an_interrupt_is_130_without_traceback() -> None:
    """As a shell would say it: 128 and the number of the signal."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "strata.cli", "cache", "canary", url, "--path", "/api/v1/payments"]
        tokens = {"A": "a", "B": "b"}
        with subprocess.Popen(
            [*command, "--identity", "env:A", "--identity", "env:B"],
            env={**os.environ, **tokens},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            asked, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=30)
            asked.close()
    assert (process.returncode, output) == (130, ("", ""))


def test_a_closed_pipe_is_no_traceback() -> None:
    command = f"{sys.executable} -m strata.cli cache contract | head -1"
    piped = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)  # noqa: S602 - ours
    assert piped.stdout == "/api/v1/payments\n"
    assert "Traceback" not in piped.stderr


def commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


COMMANDS = list(commands(typer.main.get_command(app)))
#: These hand the terminal to the engine or to psql, and print nothing of their own.
HANDING_OVER = {("database", "connect"), ("deployment", "run"), ("environment", "create")}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_is_one_line_and_data_comes_as_json_too(path: tuple[str, ...], run: Run) -> None:
    command = command_at(path)
    assert command.help.endswith(".")
    assert len(command.help) <= 75
    assert "\n" not in command.help
    assert ("--json" in run(*path, "--help").output) is (path not in HANDING_OVER)


@pytest.mark.parametrize("path", [path for path in COMMANDS if path[0] == "cache"], ids=" ".join)
def test_help_ends_with_an_example(path: tuple[str, ...]) -> None:
    assert command_at(path).epilog.startswith(f"Example: strata {' '.join(path)}")


def command_at(path: tuple[str, ...]) -> Any:
    command: Any = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    return command


def test_commands_that_write_can_be_tried_dry(run: Run) -> None:
    for path in (("cache", "purge"), ("cache", "contract")):
        assert "--dry-run" in run(*path, "--help").output
