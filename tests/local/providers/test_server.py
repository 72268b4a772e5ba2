"""The plugin process starts fast and ends with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from local.paths import CHECKOUT

COMMAND = [sys.executable, "-m", "local.providers.aws", "127.0.0.1:1"]
# The aim is half a second; the bound leaves room for a loaded machine.
START_SECONDS = 1.5
END_SECONDS = 10.0


def test_the_port_is_the_first_line_soon_after_the_start() -> None:
    started = time.monotonic()
    with subprocess.Popen(COMMAND, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline()
        elapsed = time.monotonic() - started
        process.terminate()
    assert 0 < int(port) < 65536
    assert elapsed < START_SECONDS
    assert process.returncode == 0


def test_nothing_slow_is_imported_at_the_start() -> None:
    program = "import sys, local.providers.aws.__main__; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    slow = {"pulumi", "pulumi_aws", "boto3", "botocore", "psycopg"}
    assert slow & set(answer.stdout.split()) == set()


def test_an_interrupt_ends_it_without_a_traceback() -> None:
    with subprocess.Popen(COMMAND, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=END_SECONDS)
    assert (process.returncode, errors) == (0, "")


def test_it_does_not_outlive_an_engine_that_was_killed() -> None:
    # The shell stands for the engine; `wait` keeps it from replacing itself by its child.
    shell = ["sh", "-c", '"$0" "$@" & echo $!; wait', *COMMAND]
    with subprocess.Popen(shell, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        plugin = int(engine.stdout.readline())
        int(engine.stdout.readline())
        engine.kill()
        engine.wait()
    try:
        deadline = time.monotonic() + END_SECONDS
        while _runs(plugin):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        if _runs(plugin):
            os.kill(plugin, signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return _state(pid) != "Z"


def _state(pid: int) -> str:
    """Return the process's state; a zombie waits for a parent that may never ask (a container's first process)."""
    answer = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()[:1] or "Z"
