"""The language host as the engine uses it: the real process, spoken to over gRPC."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib import metadata
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from local.paths import CHECKOUT
from local.processes import process_start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = str(CHECKOUT / "local" / "engine" / "language_host.py")
VENV = sys.prefix


@pytest.fixture
def executor(tmp_path: Path) -> Path:
    """A stand-in for the SDK's executor: it writes down how it was called and obeys the last argument."""
    path = tmp_path / "exec.py"
    path.write_text(
        "import json, os, sys\n"
        f"open({str(tmp_path / 'call.json')!r}, 'w').write(json.dumps("
        "{'arguments': sys.argv[1:], 'config': os.environ['PULUMI_CONFIG'],"
        " 'secret': os.environ['PULUMI_CONFIG_SECRET_KEYS'], 'venv': os.environ['VIRTUAL_ENV'], 'cwd': os.getcwd()}))\n"
        "sys.exit(int(sys.argv[-1]))\n"
    )
    return path


@pytest.fixture
def process(executor: Path) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-P", HOST, str(executor), "-root=/x", "127.0.0.1:7777", "-tracing"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as host:
        try:
            yield host
        finally:
            host.kill()


@pytest.fixture
def host(process: subprocess.Popen[str]) -> Iterator[Any]:
    port = int(process.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)


def info(folder: Path, **options: str) -> language_pb2.ProgramInfo:
    given = struct_pb2.Struct()
    given.update(options or {"virtualenv": VENV})
    return language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point=".", options=given
    )


def run(host: Any, folder: Path, code: int, **more: Any) -> Any:
    request = language_pb2.RunRequest(
        project="strata",
        stack="local",
        organization="organization",
        dryRun=True,
        parallel=8,
        monitor_address="127.0.0.1:8888",
        config={"strata:a": "1"},
        configSecretKeys=["strata:b"],
        args=[str(code)],
        info=info(folder),
        **more,
    )
    return host.Run(request)


def test_run_hands_the_engines_request_to_the_executor(host: Any, tmp_path: Path) -> None:
    answer = run(host, tmp_path, 0)

    assert (answer.error, answer.bail) == ("", False)
    call = json.loads((tmp_path / "call.json").read_text())
    assert json.loads(call["config"]) == {"strata:a": "1"}
    assert json.loads(call["secret"]) == ["strata:b"]
    assert (call["venv"], call["cwd"]) == (VENV, str(tmp_path))
    flags = dict(zip(call["arguments"][:-2:2], call["arguments"][1:-2:2], strict=True))
    assert flags == {
        "--project": "strata",
        "--stack": "local",
        "--organization": "organization",
        "--root_directory": str(tmp_path),
        "--pwd": str(tmp_path),
        "--monitor": "127.0.0.1:8888",
        "--engine": "127.0.0.1:7777",
        "--dry_run": "true",
        "--parallel": "8",
    }
    assert call["arguments"][-2:] == [".", "0"]


def test_a_program_that_showed_its_error_is_not_reported_twice(host: Any, tmp_path: Path) -> None:
    assert run(host, tmp_path, 32).bail


def test_another_exit_code_is_an_error(host: Any, tmp_path: Path) -> None:
    assert run(host, tmp_path, 7).error == "the program ended with exit code 7"


def test_the_handshakes_engine_address_wins(host: Any, tmp_path: Path) -> None:
    host.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:9999"))
    run(host, tmp_path, 0)

    assert '"--engine", "127.0.0.1:9999"' in (tmp_path / "call.json").read_text()


def test_a_missing_virtual_environment_names_the_next_command(host: Any, tmp_path: Path) -> None:
    answer = host.Run(language_pb2.RunRequest(info=info(tmp_path, virtualenv="nowhere")))

    assert answer.error == (
        f"the virtual environment {tmp_path}/nowhere has no Python; next: `pulumi install`, "
        "or for the local environment `make up`"
    )


def test_what_the_engine_asks_before_a_run(host: Any, tmp_path: Path) -> None:
    assert host.GetPluginInfo(empty_pb2.Empty()).version == metadata.version("pulumi")
    assert not host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info(tmp_path))).packages
    assert not host.RuntimeOptionsPrompts(language_pb2.RuntimeOptionsRequest()).prompts
    about = host.About(language_pb2.AboutRequest(info=info(tmp_path)))
    assert about.executable == f"{VENV}/bin/python"
    assert about.version == ".".join(map(str, sys.version_info[:3]))


def test_dependencies_are_those_of_the_programs_environment(host: Any, tmp_path: Path) -> None:
    def names(*, transitive: bool) -> set[str]:
        request = language_pb2.GetProgramDependenciesRequest(info=info(tmp_path), transitiveDependencies=transitive)
        return {one.name.lower() for one in host.GetProgramDependencies(request).dependencies}

    direct, every = names(transitive=False), names(transitive=True)
    assert "grpcio" in every - direct
    assert "ruff" in direct
    assert "pip" not in every


def plugin(host: Any, folder: Path, code: str, *arguments: str) -> Any:
    (folder / "__main__.py").write_text(code)
    environment = [f"PATH={os.environ['PATH']}", "COLOUR=blue"]
    request = language_pb2.RunPluginRequest(
        pwd=str(folder), args=arguments, env=environment, info=info(folder), kind="resource"
    )
    return host.RunPlugin(request)


def test_a_plugin_gets_its_arguments_and_streams_both_outputs(host: Any, tmp_path: Path) -> None:
    code = "import os, sys\nprint(sys.argv[1:], os.environ['COLOUR'])\nprint('bad', file=sys.stderr)\nsys.exit(3)\n"
    answers = list(plugin(host, tmp_path, code, "one", "two"))

    assert b"".join(answer.stdout for answer in answers) == b"['one', 'two'] blue\n"
    assert b"".join(answer.stderr for answer in answers) == b"bad\n"
    assert answers[-1].WhichOneof("output") == "exitcode"
    assert answers[-1].exitcode == 3


def test_a_plugins_output_comes_while_it_runs(host: Any, tmp_path: Path) -> None:
    stream = plugin(host, tmp_path, "import time\nprint(4711, flush=True)\ntime.sleep(60)\n")

    assert next(stream).stdout.startswith(b"4711")
    stream.cancel()


def test_a_cancelled_plugin_is_stopped_at_once_with_its_children(host: Any, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    stream = plugin(host, tmp_path, code)
    child = int(next(stream).stdout)
    began = time.monotonic()
    stream.cancel()

    assert gone(child)
    assert time.monotonic() - began < 3


def test_a_policy_pack_is_run_by_its_sdk(host: Any, tmp_path: Path) -> None:
    (tmp_path / "pulumi").mkdir()
    (tmp_path / "pulumi" / "__init__.py").write_text("")
    (tmp_path / "pulumi" / "policy.py").write_text("import sys\nprint(sys.argv[1:])\n")
    request = language_pb2.RunPluginRequest(
        pwd=str(tmp_path), args=["127.0.0.1:1"], env=[], info=info(tmp_path), kind="analyzer"
    )
    answers = list(host.RunPlugin(request))

    assert b"".join(answer.stdout for answer in answers) == f"['127.0.0.1:1', '{tmp_path}']\n".encode()


def test_install_makes_the_environment_and_streams_pip(host: Any, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pip\n")
    request = language_pb2.InstallDependenciesRequest(info=info(tmp_path, virtualenv="venv"))
    printed = b"".join(answer.stdout + answer.stderr for answer in host.InstallDependencies(request))

    assert b"Requirement already satisfied: pip" in printed
    assert (tmp_path / "venv" / "bin" / "python").exists()


def test_a_failed_install_is_an_error_of_the_call(host: Any, tmp_path: Path) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        list(host.InstallDependencies(language_pb2.InstallDependenciesRequest(info=info(tmp_path))))

    assert failure.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "requirements.txt ended with 1" in failure.value.details()


def test_cancel_stops_a_running_program(host: Any, executor: Path, tmp_path: Path) -> None:
    executor.write_text(f"import time\nopen({str(tmp_path / 'began')!r}, 'w').close()\ntime.sleep(60)\n")
    running = host.Run.future(language_pb2.RunRequest(info=info(tmp_path)))
    while not (tmp_path / "began").exists():
        time.sleep(0.02)
    host.Cancel(empty_pb2.Empty())

    assert running.result(timeout=5).error == "the program ended with exit code -15"


def test_the_engines_sigint_ends_it_without_a_traceback(executor: Path) -> None:
    words = [sys.executable, "-P", HOST, str(executor), "127.0.0.1:7777"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as host:
        host.stdout.readline()
        host.send_signal(signal.SIGINT)
        assert (host.wait(10), host.stderr.read()) == (-signal.SIGINT, "")


def test_it_leaves_when_the_engine_was_killed(executor: Path) -> None:
    words = [sys.executable, "-P", HOST, str(executor), "127.0.0.1:7777"]
    code = f"import subprocess, time; print(subprocess.Popen({words}).pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        host = int(process.stdout.readline())
        process.stdout.readline()  # its port: it serves
        process.kill()
        assert gone(host)


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while process_start(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process_start(pid) is None
