"""`strata database`: the tunnel and psql, as a shell meets them: processes, signals and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local.postgres import programs
from tests.strata.tunnel.conftest import plugin, private, private_reference, systems_manager  # noqa: F401 - fixtures
from tests.strata.tunnel.fake_plugin import ENDPOINT, connections, is_running, started

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STRATA = (sys.executable, "-m", "strata.cli")
LOOK = "import os; print(os.environ['STRATA_DATABASE_TUNNEL'], os.environ['ALL_PROXY'])"


@pytest.fixture
def folder(plugin: Callable[..., Path], systems_manager, private_reference: str, monkeypatch) -> Path:  # noqa: F811
    """A private database behind the fake plugin, as the environment of a shell leads to it."""
    monkeypatch.setenv("STRATA_DATABASE", private_reference)
    found = plugin()
    (found / "psql").write_text(f'#!/bin/sh\nexec {programs.folder()}/bin/psql "$@"\n')
    (found / "psql").chmod(0o755)
    return found


def strata(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*STRATA, *words], capture_output=True, text=True, check=False, timeout=120)


def test_a_command_runs_inside_the_tunnel_with_both_variables(folder: Path) -> None:
    done = strata("database", "tunnel", "--", sys.executable, "-c", LOOK)
    assert done.returncode == 0, done.stderr
    route, proxy = done.stdout.split()
    assert route.startswith(f"{ENDPOINT}:5432=127.0.0.1:")
    assert proxy.startswith("socks5h://127.0.0.1:")
    assert not is_running(int(str(started(folder)["pid"])))


def test_the_commands_exit_code_is_the_answer(folder: Path) -> None:
    assert strata("database", "tunnel", "--", sys.executable, "-c", "raise SystemExit(7)").returncode == 7


def test_a_command_that_is_not_there_is_named(folder: Path) -> None:
    done = strata("database", "tunnel", "--", "no-such-program")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no-such-program is not on PATH\n")


def test_strata_works_inside_the_tunnel(folder: Path) -> None:
    done = strata("database", "tunnel", "--", *STRATA, "database", "connect", "--", "-XAtc", "SELECT current_user")
    assert done.stdout.strip() == "strata_owner", done.stderr
    assert connections(folder) == 2, "the answer that is waited for, and psql: no second tunnel was opened"


@pytest.mark.parametrize(("signal_number", "as_json"), [(signal.SIGINT, False), (signal.SIGTERM, True)])
def test_it_stays_until_it_is_told_to_end(folder: Path, signal_number: int, as_json: bool) -> None:
    words = [*STRATA, "database", "tunnel", *(["--json"] if as_json else [])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(4 if as_json else 2)]
        variables = json.loads("".join(printed)) if as_json else dict(line[7:].split("=", 1) for line in printed)
        assert variables.keys() == {"STRATA_DATABASE_TUNNEL", "ALL_PROXY"}
        plugin_pid = int(str(started(folder)["pid"]))
        assert process.poll() is None
        process.send_signal(signal_number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "is open until Ctrl-C" in told
    assert not is_running(plugin_pid)


def test_a_tunnel_that_ends_by_itself_is_a_failure(folder: Path) -> None:
    words = [*STRATA, "database", "tunnel"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(int(str(started(folder)["pid"])), signal.SIGKILL)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error: the tunnel ended: session-manager-plugin exited with -9" in told


def test_psql_is_the_owner_and_nobody_sees_the_token(folder: Path) -> None:
    done = strata("database", "connect", "--", "-XAtc", "SELECT session_user, current_user")
    assert done.stdout.strip() == "strata_deployer|strata_owner", done.stderr
    assert "X-Amz-Signature" not in done.stdout + done.stderr


def test_psql_as_another_role(folder: Path) -> None:
    done = strata(
        "database", "connect", "--user", "strata_readonly", "--", "-XAtc", "SELECT session_user, current_user"
    )
    assert done.stdout.strip() == "strata_readonly|strata_readonly", done.stderr


def test_psqls_failure_is_the_commands(folder: Path) -> None:
    done = strata("database", "connect", "--", "-Xc", "SELECT no_such_column")
    assert done.returncode == 1
    assert "no_such_column" in done.stderr


def test_inside_the_network_no_tunnel_is_opened(folder: Path) -> None:
    done = strata("database", "connect", "--direct", "--", "-Xc", "SELECT 1")
    assert done.returncode == 2, "psql's own code for a connection that fails: nobody resolves the name here"
    assert not (folder / "started.json").exists()


def test_a_machine_without_psql_is_told(folder: Path) -> None:
    (folder / "psql").unlink()
    done = strata("database", "connect")
    assert done.returncode == 1
    assert "error: psql is not on PATH\n" in done.stderr
    assert "next: install PostgreSQL's client programs" in done.stderr
