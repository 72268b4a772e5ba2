"""The emulator's process: started once, found again, and honest when it cannot start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from local import processes
from local.emulator import server
from local.paths import Home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    one = Home(tmp_path / "home")
    one.root.mkdir()
    try:
        yield one
    finally:
        server.stop(one)


def test_it_is_started_once_and_found_again(home: Home) -> None:
    record = server.start(home, print)

    assert server.start(home, print) == record
    assert server.running(home) == record
    assert server.is_ready(record.port)


def test_a_clean_stop_leaves_nothing_stale(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    server.start(home, print)

    assert server.stop(home)
    assert not server.stop(home)
    server.start(home, print)
    assert not home.stale_marker.exists()
    assert capsys.readouterr().out == ""


def test_a_process_that_only_has_the_number_is_not_taken_for_it_and_never_signalled(home: Home) -> None:
    home.emulator.mkdir()
    own = processes.ProcessRecord(os.getpid(), "another start", 0.0, 1)
    processes.write_record(home.emulator / "process.json", own)

    assert server.running(home) is None
    assert not server.stop(home)


def test_one_that_ends_while_it_starts_says_why(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'OSError: no such luck'\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(server, "python", lambda: python)

    with pytest.raises(server.EmulatorError) as failure:
        server.start(home, print)
    port = failure.value.where["port"]
    assert str(failure.value) == (
        "the AWS emulator ended while it was starting: OSError: no such luck "
        f"(port {port}, log {home.logs}/emulator.log); next: make up (after the cause in the log is gone)"
    )


def test_nothing_of_the_users_shell_reaches_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    home.emulator.mkdir()
    settings = server.settings(home, 1)

    assert not any(name.startswith("AWS_") for name in settings)
    assert settings["DOCKER_HOST"] == f"unix://{home.emulator}/no-docker.sock"
    assert settings["BIND_HOST"] == "127.0.0.1"
