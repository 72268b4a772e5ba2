"""Processes are known by number and start, and stopped no harder than needed."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Spawn = Callable[[str], processes.ProcessRecord]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    records = []

    def start(code: str) -> processes.ProcessRecord:
        command = [sys.executable, "-c", f"{code}\nprint('ready', flush=True)\nimport time; time.sleep(60)"]
        log = tmp_path / "log"
        records.append(processes.spawn(command, dict(os.environ), tmp_path, log, 4711))
        deadline = time.monotonic() + 20
        while "ready" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        return records[-1]

    yield start
    for record in records:
        processes.stop(record, 0)


def test_a_record_survives_a_file(spawn: Spawn, tmp_path: Path) -> None:
    record = spawn("")
    processes.write_record(tmp_path / "record", record)

    assert processes.read_record(tmp_path / "record") == record
    assert record.is_running
    assert record.port == 4711


def test_no_file_and_half_a_file_are_no_record(tmp_path: Path) -> None:
    assert processes.read_record(tmp_path / "none") is None
    (tmp_path / "half").write_text('{"pid": 1')
    assert processes.read_record(tmp_path / "half") is None


def test_a_later_process_of_the_same_number_is_another(spawn: Spawn) -> None:
    record = replace(spawn(""), start="0")
    assert not record.is_running
    assert not processes.stop(record, 1)
    assert processes.process_start(record.pid) is not None


def test_it_leaves_by_itself_when_asked(spawn: Spawn) -> None:
    record = spawn("")
    assert processes.stop(record, 10)
    assert not record.is_running


def test_one_that_does_not_listen_is_killed(spawn: Spawn) -> None:
    record = spawn("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    assert not processes.stop(record, 0.2)
    assert not record.is_running


def test_it_belongs_to_no_terminal_of_ours(spawn: Spawn) -> None:
    record = spawn("")
    assert os.getsid(record.pid) == record.pid
    os.kill(record.pid, signal.SIGTERM)
