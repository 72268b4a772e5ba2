"""The Python language host of the engine, for a CLI that was built without the official one.

The engine starts it as ``pulumi-language-python`` and speaks `pulumirpc.LanguageRuntime` to it; the contract is
https://github.com/pulumi/pulumi/blob/v3.259.0/proto/pulumi/language.proto. Code generation, packing and templates
are left out: nothing in this project calls them, and gRPC answers UNIMPLEMENTED by name.

It imports nothing of the project, so that the launcher can start it from any folder.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import grpc  # type: ignore[import-untyped]  # it ships no types
from google.protobuf import json_format  # type: ignore[import-untyped]  # it ships no types
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The largest message of the engine and its SDKs (`sdk/python/lib/pulumi/runtime/_grpc_settings.py`).
MAX_MESSAGE_BYTES: Final = 400 * 1024 * 1024
#: The program showed its error message already (`pulumi-language-python-exec`).
EXIT_SHOWN: Final = 32
#: Time for a stopped plugin to leave by itself.
GRACE_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Toolchain:
    """The Python that runs a program.

    Args:
        python: its interpreter.
        virtual_environment: the folder named by the runtime option ``virtualenv``, if there is one.
    """

    python: str
    virtual_environment: Path | None

    @classmethod
    def of(cls, info: language_pb2.ProgramInfo) -> Toolchain:
        """Read the runtime options; the virtual environment is relative to the project's root."""
        options: dict[str, Any] = json_format.MessageToDict(info.options)
        named = options.get("virtualenv") or (".venv" if options.get("toolchain") == "uv" else None)
        if not named:
            return cls(os.environ.get("PULUMI_PYTHON_CMD") or "python3", None)
        folder = Path(info.root_directory) / str(named)
        return cls(str(folder / "bin" / "python"), folder)

    def problem(self) -> str | None:
        """Say why the interpreter cannot be started, or None."""
        if self.virtual_environment is None or Path(self.python).exists():
            return None
        return (
            f"the virtual environment {self.virtual_environment} has no Python; next: `pulumi install`, "
            "or for the local environment `make up`"
        )

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that an activated virtual environment has."""
        if self.virtual_environment is None:
            return dict(base)
        path = f"{self.virtual_environment / 'bin'}:{base.get('PATH', os.defpath)}"
        active = {**base, "VIRTUAL_ENV": str(self.virtual_environment), "PATH": path}
        active.pop("PYTHONHOME", None)
        return active


class Children:
    """The processes of this host, each in a group of its own, so that none outlives it."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def started(self, command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
        """Run a process and leave none of its group behind."""
        process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL, **options)
        with self._lock:
            self._running.add(process)
        try:
            yield process
        finally:
            stop(process)
            with self._lock:
                self._running.discard(process)

    def stop_all(self) -> None:
        """Stop every process that runs now."""
        with self._lock:
            running = list(self._running)
        for process in running:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a process and its group, first politely."""
    if process.poll() is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs programs, plugins and installations for the engine.

    Args:
        engine_address: where the engine listens.
        executor: the SDK's `pulumi-language-python-exec`.
    """

    def __init__(self, engine_address: str, executor: Path) -> None:
        self._engine_address = engine_address
        self._executor = executor
        self.children = Children()

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - names of the contract, here and below
        """Take the engine's address."""
        del context
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer with the SDK's version, which is the CLI's."""
        del request, context
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Name none in advance: every SDK sends its name and version with its first resource."""
        del request, context
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Name none in advance, as in `GetRequiredPackages`."""
        del request, context
        return language_pb2.GetRequiredPluginsResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Ask nothing: Pulumi.yaml names the virtual environment."""
        del request, context
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Say which Python runs the program."""
        del context
        toolchain = Toolchain.of(request.info)
        command = [toolchain.python, "-c", "import platform; print(platform.python_version())"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())
        return language_pb2.AboutResponse(executable=toolchain.python, version=answer.stdout.strip())

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        """List the installed packages, without those that only others need unless asked."""
        toolchain = Toolchain.of(request.info)
        command = [toolchain.python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
        command += [] if request.transitiveDependencies else ["--not-required"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, toolchain.problem() or f"pip list failed: {error}")
        packages = [one for one in json.loads(answer.stdout) if one["name"] not in {"pip", "setuptools", "wheel"}]
        found = [language_pb2.DependencyInfo(name=one["name"], version=one["version"]) for one in packages]
        return language_pb2.GetProgramDependenciesResponse(dependencies=found)

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run the program to its end; what it prints reaches the engine through this process's own streams."""
        del context
        toolchain = Toolchain.of(request.info)
        problem = toolchain.problem()
        if problem:
            return language_pb2.RunResponse(error=problem)
        environment = toolchain.environment(os.environ) | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        command = [toolchain.python, "-u", str(self._executor), *self._arguments(request)]
        try:
            with self.children.started(command, env=environment, cwd=request.info.program_directory) as program:
                code = program.wait()
        except OSError as error:
            return language_pb2.RunResponse(error=f"the program could not be started: {error}")
        if code == EXIT_SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with exit code {code}" if code else "")

    def _arguments(self, request: Any) -> list[str]:
        named = {
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "root_directory": request.info.root_directory,
            "pwd": request.info.program_directory,
            "monitor": request.monitor_address,
            "engine": self._engine_address,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
        }
        flags = [part for name, value in named.items() for part in (f"--{name}", value)]
        return [*flags, request.info.entry_point or ".", *request.args]

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """Run a plugin written in Python and stream what it prints; it stops at once when the call is cancelled."""
        toolchain = Toolchain.of(request.info)
        program = request.info.program_directory
        module = ["-m", "pulumi.policy", *request.args, program] if request.kind == "analyzer" else None
        command = [toolchain.python, "-u", *(module or [program, *request.args])]
        environment = dict(pair.partition("=")[::2] for pair in request.env) or dict(os.environ)
        yield from self._stream(
            command,
            context,
            language_pb2.RunPluginResponse,
            env=toolchain.environment(environment),
            cwd=request.pwd or program,
        )

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """Make the virtual environment and install `requirements.txt`, with pip's own settings."""
        toolchain = Toolchain.of(request.info)
        folder = Path(request.info.program_directory or request.directory)
        commands = [[toolchain.python, "-m", "pip", "install", "--requirement", "requirements.txt"]]
        if toolchain.problem():
            commands.insert(0, [sys.executable, "-m", "venv", str(toolchain.virtual_environment)])
        for command in commands:
            response = language_pb2.InstallDependenciesResponse
            code = yield from self._stream(command, context, response, cwd=folder)
            if code != 0:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{' '.join(command)} ended with {code}")

    def _stream(self, command: list[str], context: Any, response: Any, **options: Any) -> Any:
        queue: SimpleQueue[tuple[str, bytes] | None] = SimpleQueue()
        try:
            started = self.children.started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
            with started as process:
                context.add_callback(lambda: stop(process))
                for name in ("stdout", "stderr"):
                    threading.Thread(target=_copy, args=(name, getattr(process, name), queue), daemon=True).start()
                for _ in ("stdout", "stderr"):
                    for name, content in iter(queue.get, None):
                        yield response(**{name: content})
                code = process.wait()
        except OSError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{command[0]} could not be started: {error}")
        if "exitcode" in response.DESCRIPTOR.fields_by_name:
            yield response(exitcode=code)
        return code

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Stop every program and plugin."""
        del context
        self.children.stop_all()
        return type(request)()


def _copy(name: str, stream: Any, queue: SimpleQueue[tuple[str, bytes] | None]) -> None:
    while content := os.read(stream.fileno(), 65536):
        queue.put((name, content))
    stream.close()
    queue.put(None)


def serve(arguments: list[str]) -> None:
    """Listen on a free loopback port, print it for the engine, and serve until the engine is gone.

    Args:
        arguments: `pulumi-language-python-exec`, then the engine's own: the first that is no flag is its address.
    """
    engine = os.getppid()
    executor, *others = arguments
    address = next((argument for argument in others if not argument.startswith("-")), "")
    host = LanguageHost(address, Path(executor))
    limits = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201 - the first line is how the engine learns the port
    # A killed engine says no goodbye: this process is then the child of another.
    while os.getppid() == engine:
        time.sleep(0.5)
    host.children.stop_all()
    os._exit(0)


if __name__ == "__main__":
    # The engine stops its plugins with SIGINT, which must not end in a traceback on the user's screen.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(sys.argv[1:])
