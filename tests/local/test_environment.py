"""The environment's commands on the real engine and the real emulator, with a program small enough to run often."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local import environment as commands
from local.paths import CHECKOUT, Home
from local.ports import read_ports
from local.processes import process_start
from tests.engine.environment import COMMAND, EngineEnvironment
from tests.local.trivial_project import make_project

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

SLOW_TYPE = "pulumi-python:dynamic:Slow"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("trivial") / "project")


@pytest.fixture
def environment(project: Path) -> Iterator[EngineEnvironment]:
    one = EngineEnvironment.create(project)
    try:
        yield one
    finally:
        one.remove()


@pytest.fixture(scope="module")
def shared(project: Path) -> Iterator[EngineEnvironment]:
    """An environment that is up, for tests that only look."""
    one = EngineEnvironment.create(project)
    try:
        one.up()
        yield one
    finally:
        one.remove()


def emulator_keys(environment: EngineEnvironment) -> list[str]:
    """Return the keys in the one bucket of the test."""
    with urllib.request.urlopen(f"{bucket_url(environment)}?list-type=2") as answer:  # noqa: S310 - an address of this test
        return [part.partition("</Key>")[0] for part in answer.read().decode().split("<Key>")[1:]]


def bucket_url(environment: EngineEnvironment) -> str:
    return f"http://127.0.0.1:{read_ports(environment.home.ports_file)['emulator']}/some-bucket"


def put(url: str, content: bytes = b"") -> None:
    request = urllib.request.Request(url, content, method="PUT")  # noqa: S310 - an address of this test
    urllib.request.urlopen(request).close()  # noqa: S310 - the same


def test_up_ends_with_a_summary_and_a_second_one_changes_nothing(environment: EngineEnvironment) -> None:
    first = environment.up()
    began = time.monotonic()
    second = environment.up()

    assert "Stack local is up: 5 resources" in first
    assert "answer  forty-two" in first
    assert f"1. Onboard a tenant: add the line `- acme` under strata:tenants in {environment.home.stack_file}" in first
    assert "Edge\n  not started: the stack has no distribution" in first
    assert "STRATA_EDGE" not in environment.home.environment_file.read_text()
    assert "3 unchanged" in second
    assert time.monotonic() - began < 15


def test_source_makes_plain_commands_work(shared: EngineEnvironment, project: Path) -> None:
    source = f". {shared.home.environment_file}"
    script = f"{source}; {source}; pulumi stack output answer; psql --version; env"
    hostile = {"HOME": "/nonexistent", "AWS_PROFILE": "production", "AWS_ENDPOINT_URL_S3": "https://example.com"}
    answer = subprocess.run(
        ["bash", "-euc", script],
        env={"PATH": os.environ["PATH"], "PULUMI_ACCESS_TOKEN": "pul-1", **hostile},
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert answer.startswith("forty-two\npsql (PostgreSQL)")
    variables = dict(line.split("=", 1) for line in answer.splitlines()[2:])
    assert variables["STRATA_HOME"] == str(shared.home.root)
    assert variables["AWS_REGION"] == "eu-west-1"
    assert variables["PATH"].count(str(shared.home.bin)) == 1
    assert variables["PULUMI_HOME"] == str(shared.home.pulumi)
    assert variables["NO_PROXY"] == "localhost,.localhost,127.0.0.1"
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "PULUMI_ACCESS_TOKEN"} & set(variables)


def test_down_keeps_ports_and_data(environment: EngineEnvironment) -> None:
    environment.up()
    put(bucket_url(environment))
    put(f"{bucket_url(environment)}/kept", b"content")
    ports = read_ports(environment.home.ports_file)

    assert "stopped; the data is kept; next: make up" in environment.command("down")
    assert environment.running() == {}
    assert "stopped" in environment.command("status")
    again = environment.up()

    assert "Refreshing" not in again
    assert read_ports(environment.home.ports_file) == ports
    assert emulator_keys(environment) == ["kept"]


def kill_emulator(environment: EngineEnvironment) -> None:
    os.kill(environment.running()["AWS emulator"], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while environment.running() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert environment.running() == {}


def test_a_killed_emulator_forgets_nothing(environment: EngineEnvironment) -> None:
    environment.up()
    put(bucket_url(environment))
    put(f"{bucket_url(environment)}/kept", b"content")
    time.sleep(1)
    kill_emulator(environment)

    assert "next: make up" in environment.command("status")
    healed = environment.up()
    assert "the AWS emulator ended without a clean stop; this run refreshes the stack" in healed
    assert "Refreshing (local)" in healed
    assert "created" not in healed
    assert emulator_keys(environment) == ["kept"]
    assert "Refreshing" not in environment.up()


def test_what_the_emulator_forgot_is_made_again(environment: EngineEnvironment) -> None:
    environment.up()
    kill_emulator(environment)
    shutil.rmtree(environment.home.emulator / "state")
    healed = environment.up()

    assert "+ 1 created" in healed
    assert "Stack local is up: 5 resources" in healed
    assert "3 unchanged" in environment.pulumi("up", "--refresh", "--yes", "--skip-preview")


def test_the_stack_stays_stale_until_it_was_healed(environment: EngineEnvironment) -> None:
    environment.up()
    kill_emulator(environment)
    right = environment.home.stack_file.read_text()
    environment.home.stack_file.write_text("config: [broken\n")
    failed = environment.up(check=False)
    environment.home.stack_file.write_text(right)

    assert failed.output.splitlines()[-1].startswith("error: the stack file has no readable aws:region: while parsing")
    assert f"(file {environment.home.stack_file}); allowed: YAML with a map `config`" in failed
    assert "Refreshing (local)" in environment.up()


def test_a_failing_program_shows_the_engines_message_and_the_next_command(environment: EngineEnvironment) -> None:
    environment.edit_config(lambda config: config.update({"trivial:fail": "boom"}))
    failed = environment.up(check=False)

    assert "boom" in failed
    assert failed.output.splitlines()[-1] == (
        "error: `pulumi up --yes` failed; the cause is shown above (stack local, stack file "
        f"{environment.home.stack_file}); next: make up (after a correction; what was made is kept)"
    )


def test_a_port_that_somebody_took_is_given_up(environment: EngineEnvironment) -> None:
    environment.up()
    put(bucket_url(environment))
    port = read_ports(environment.home.ports_file)["emulator"]
    environment.command("down")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        moved = environment.up()

    now = read_ports(environment.home.ports_file)["emulator"]
    assert now != port
    assert f"port {port} now belongs to another program; the AWS emulator moves to {now}, its data is kept" in moved
    assert emulator_keys(environment) == []
    assert f"AWS_ENDPOINT_URL=http://localhost:{now}" in environment.home.environment_file.read_text()


def test_nothing_listens_beyond_loopback(shared: EngineEnvironment) -> None:
    port = read_ports(shared.home.ports_file)["emulator"]
    lines = Path("/proc/net/tcp").read_text().splitlines() + Path("/proc/net/tcp6").read_text().splitlines()
    listening = [line.split()[1] for line in lines if line.split()[3] == "0A"]

    assert [one for one in listening if one.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def test_status_names_what_runs(shared: EngineEnvironment) -> None:
    pid = shared.running()["AWS emulator"]
    port = read_ports(shared.home.ports_file)["emulator"]
    lines = shared.command("status").output.splitlines()

    assert lines[0].split() == ["NAME", "STATE", "PID", "SINCE", "PORT"]
    assert lines[1].split()[:4] == ["AWS", "emulator", "running", str(pid)]
    assert lines[1].endswith(f" UTC  {port}")
    assert "stack local: 5 resources" in lines


def start_slow(environment: EngineEnvironment) -> tuple[subprocess.Popen[str], Path]:
    """Begin an `up` that hangs in the creation of a resource until the marker's file is removed."""
    marker = environment.home.root / "hang"
    marker.touch()
    environment.edit_config(lambda config: config.update({"trivial:marker": str(marker)}))
    words = [sys.executable, "-c", COMMAND, str(environment.home.root), str(environment.home.project), "up"]
    process = subprocess.Popen(
        words, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while marker.read_text() != "began" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert marker.read_text() == "began"
    return process, marker


def test_a_second_command_in_one_home_is_refused(environment: EngineEnvironment) -> None:
    process, marker = start_slow(environment)
    try:
        refused = environment.up(check=False)
    finally:
        marker.unlink()
    output, _ = process.communicate(timeout=60)

    assert refused.output == (
        f"error: another command works on this environment now (home {environment.home.root}); "
        "next: wait for it to end, then the same command again\n"
    )
    assert (process.returncode, "Stack local is up" in output) == (0, True)


def test_an_interrupted_up_says_that_nothing_is_lost(environment: EngineEnvironment) -> None:
    process, marker = start_slow(environment)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    marker.unlink()
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "interrupted; nothing is lost; next: make up" in output
    assert "Stack local is up: 5 resources" in environment.up()


def test_a_killed_up_leaves_nothing_that_the_next_one_cannot_settle(environment: EngineEnvironment) -> None:
    process, marker = start_slow(environment)
    kill_command_and_engine(process.pid)
    process.communicate(timeout=60)
    marker.unlink()
    assert list((environment.home.state / ".pulumi" / "locks").glob("*/*/local/*.json"))
    assert "1 interrupted operations" in environment.command("status")

    assert any("pulumi-resource-pulumi-python" in one for one in plugins(environment))
    settled = environment.up()
    assert "released the lock of a run of pulumi that was killed" in settled
    assert plugins(environment) == []
    assert "1 operations of an interrupted run are settled first" in settled
    assert "Stack local is up: 5 resources" in settled
    assert "pending_operations" not in environment.export()["deployment"]


def plugins(environment: EngineEnvironment) -> list[str]:
    """Return the running plugins of the environment, as the arguments of their processes."""
    listing = subprocess.check_output(["ps", "-axo", "args="], text=True)
    return [line for line in listing.splitlines() if f"{environment.home.bin}/pulumi-" in line]


def kill_command_and_engine(pid: int) -> None:
    """Kill a running `up` and the engine that it runs; nobody tells the plugins."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    engines = [int(child) for child in children if "/bin/pulumi\0" in Path(f"/proc/{child}/cmdline").read_text()]
    for one in (pid, *engines):
        os.kill(one, signal.SIGKILL)


def test_the_lock_of_a_living_run_is_respected(shared: EngineEnvironment) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "pulumi"]) as other:
        lock = shared.home.state / ".pulumi" / "locks" / "organization" / "trivial" / "local" / "some.json"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text(json.dumps({"pid": other.pid, "username": "me", "hostname": "here"}))
        refused = shared.up(check=False)
        other.kill()

    assert f"error: another run of pulumi works on stack local (pid {other.pid}); next: wait for it" in refused
    assert "released the lock" in shared.up()


def test_clean_removes_the_home_only_when_told(environment: EngineEnvironment) -> None:
    environment.up()
    pid = environment.running()["AWS emulator"]

    refused = environment.command("clean", check=False, YES="0")
    assert refused.output == f"error: nothing was removed (home {environment.home.root}); next: make clean YES=1\n"
    assert environment.running()["AWS emulator"] == pid
    assert "removed" in environment.command("clean", YES="1")
    assert not environment.home.root.exists()
    assert process_start(pid) is None


def test_clean_leaves_a_folder_of_somebody_elses_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").touch()

    assert commands.main(["clean"], Home(tmp_path)) == 1
    assert "this folder is no Strata environment and is left alone" in capsys.readouterr().err
    assert (tmp_path / "thesis.tex").exists()


def test_up_does_not_settle_in_a_folder_of_somebody_elses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").touch()

    assert commands.main(["up"], Home(tmp_path)) == 1
    assert capsys.readouterr().err == (
        f"error: this folder is not empty and no Strata environment (STRATA_HOME {tmp_path}); allowed: a new or "
        "empty folder, or an environment made by `make up`; next: STRATA_HOME=/another/folder make up\n"
    )


def test_too_little_room_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Usage:
        free = 12 * 2**20

    monkeypatch.setattr("local.environment.shutil.disk_usage", lambda _: Usage)

    assert commands.main(["up"], Home(tmp_path / "home")) == 1
    assert capsys.readouterr().err == (
        f"error: the disk is full: 12 MiB are left (home {tmp_path}/home); allowed: 300 MiB free; "
        "next: free some space, or STRATA_HOME=/another/disk make up; nothing was lost\n"
    )


def test_a_disk_that_fills_up_is_one_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:
        with Path("/dev/full").open("wb", buffering=0) as file:
            file.write(b"x")

    monkeypatch.setattr(commands, "_start", full)

    assert commands.main(["up"], Home(tmp_path / "home")) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: the disk is full: no space left on device (home ")
    assert error.count("\n") == 1


def test_another_error_of_the_system_names_the_file(tmp_path: Path) -> None:
    error = commands.explain(Home(tmp_path), PermissionError(errno.EACCES, "Permission denied", "/etc/strata"))
    assert str(error) == "Permission denied (file /etc/strata); next: make up"


def test_what_a_killed_run_had_made_and_not_recorded_is_taken_over(environment: EngineEnvironment) -> None:
    environment.up()
    checkpoint = environment.home.state / ".pulumi" / "stacks" / "trivial" / "local.json"
    content = json.loads(checkpoint.read_text())
    latest = content["checkpoint"]["latest"]
    parameter = next(one for one in latest["resources"] if one["type"] == "aws:ssm/parameter:Parameter")
    latest["resources"] = [one for one in latest["resources"] if one["type"] not in {parameter["type"], SLOW_TYPE}]
    begun = {name: value for name, value in parameter.items() if name not in {"id", "outputs"}}
    latest["pending_operations"] = [{"resource": begun, "type": "creating"}]
    checkpoint.write_text(json.dumps(content))

    settled = environment.up()
    assert "1 operations of an interrupted run are settled first" in settled
    assert "Stack local is up: 5 resources" in settled
    assert "aws:ssm:Parameter parameter created" not in settled
