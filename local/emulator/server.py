"""Start, find and stop the AWS emulator of an environment."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local import processes
from local.paths import cache_folder
from local.ports import kept_port
from local.virtual_environment import ensure_virtual_environment
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.paths import Home

FOLDER: Final = Path(__file__).resolve().parent
#: Its name in `ports.json`.
PORT_NAME: Final = "emulator"
#: A 12-digit access key names the account of a call.
ACCOUNT: Final = "123456789012"
#: It is ready in under a second; a machine at its limits gets more.
READY_SECONDS: Final = 60.0
#: Time to save its state when it is asked to stop.
STOP_SECONDS: Final = 20.0


class EmulatorError(StrataError):
    """The AWS emulator did not start."""


def python() -> Path:
    """Return the emulator's Python, installing it first when needed; all checkouts of a user share it.

    It has an environment of its own because it pins a version of botocore that is not the project's.

    Raises:
        VirtualEnvironmentError: it could not be installed.
    """
    folder = cache_folder() / "emulator"
    ensure_virtual_environment(folder, FOLDER / "requirements.txt")
    return folder / "bin" / "python"


def running(home: Home) -> processes.ProcessRecord | None:
    """Return the emulator's process if it runs."""
    record = processes.read_record(_record_file(home))
    return record if record is not None and record.is_running else None


def start(home: Home, say: Callable[[str], None]) -> processes.ProcessRecord:
    """Start the emulator unless it runs, and return once it answers.

    One that ended without a clean stop may have forgotten changes: the home is then marked stale, until the next
    successful run of the engine with a refresh.

    Args:
        home: the environment.
        say: is told what the user should know.

    Raises:
        EmulatorError: it ended or did not answer in time.
        VirtualEnvironmentError: it could not be installed.
    """
    record = running(home)
    if record is None:
        record = _start(home, say)
    _wait_until_ready(home, record)
    return record


def _start(home: Home, say: Callable[[str], None]) -> processes.ProcessRecord:
    home.emulator.mkdir(parents=True, exist_ok=True)
    if _record_file(home).exists():
        say("the AWS emulator ended without a clean stop; this run refreshes the stack and makes again what is missing")
        home.stale_marker.touch()
    port, given_up = kept_port(home.ports_file, PORT_NAME)
    if given_up is not None:
        say(f"port {given_up} now belongs to another program; the AWS emulator moves to {port}, its data is kept")
    command = [str(python()), "-P", str(FOLDER / "serve.py"), f"127.0.0.1:{port}"]
    record = processes.spawn(command, settings(home, port), home.root, _log(home), port)
    processes.write_record(_record_file(home), record)
    return record


def settings(home: Home, port: int) -> Mapping[str, str]:
    """Return the emulator's process environment: state under the home, loopback only, no other service reached."""
    return {
        "PATH": f"{home.bin}:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home.emulator),
        "TMPDIR": str(_temporary(home)),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        # The account of calls without a key: a viewer's request to a distribution has none.
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home.emulator / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home.emulator / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # It would clear away containers that it takes for its own.
        "DOCKER_HOST": f"unix://{home.emulator}/no-docker.sock",
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
    }


def stop(home: Home) -> bool:
    """Stop the emulator and say whether one ran; its state is saved, unless it had to be killed."""
    record = running(home)
    if record is None:
        return False
    if processes.stop(record, STOP_SECONDS):
        _record_file(home).unlink()
    return True


def _wait_until_ready(home: Home, record: processes.ProcessRecord) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if not record.is_running:
            raise _failure(home, record, "the AWS emulator ended while it was starting")
        if is_ready(record.port):
            return
        time.sleep(0.05)
    raise _failure(home, record, f"the AWS emulator did not answer within {READY_SECONDS:.0f} s")


def is_ready(port: int) -> bool:
    """Say whether the emulator answers on a port."""
    # No proxy of the user's stands between two processes of one machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/_ministack/health", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _failure(home: Home, record: processes.ProcessRecord, what: str) -> EmulatorError:
    lines = _log(home).read_text(errors="replace").splitlines()
    return EmulatorError(
        f"{what}: {lines[-1] if lines else 'it wrote nothing'}",
        where={"port": record.port, "log": _log(home)},
        next_command="make up (after the cause in the log is gone)",
    )


def _temporary(home: Home) -> Path:
    folder = home.emulator / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


def _record_file(home: Home) -> Path:
    return home.emulator / "process.json"


def _log(home: Home) -> Path:
    return home.logs / "emulator.log"
