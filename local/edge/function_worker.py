"""Viewer request functions, run as deployed in a sandboxed Node process (`worker.mjs`).

Calls carry ids, so that an answer reaches the caller it belongs to whatever happens in between. A function that loops
or takes too much memory loses its process; what else was under way is asked again of the next one, which is safe,
since a function has no effect but its result.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from local.edge.messages import FunctionFailure, FunctionResult
from local.edge.node import node
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from local.edge.model import EdgeFunction

PROGRAM: Final = Path(__file__).resolve().with_name("worker.mjs")
#: CloudFront Developer Guide, "Quotas on CloudFront Functions": 10 KB, and it cannot be raised.
MAXIMUM_CODE_BYTES: Final = 10_240
RUNTIME: Final = "cloudfront-js-2.0"
#: AWS publishes no limit but means less than a millisecond; this one tells a loop from a busy machine.
LIMIT_SECONDS: Final = 1.0
#: CloudFront gives a function 2 MB; Node itself takes more, so this only stops one that grows without end.
MEMORY_MEBIBYTES: Final = 64
#: A process that has calls and says nothing for so long is beyond its own watch.
SILENCE_SECONDS: Final = 10.0
#: How often one call is asked of another process, before it counts as the cause.
MAXIMUM_TRIES: Final = 3
_GUILTY: Final = {
    "timeout": ("timeout", "it ran too long"),
    "memory": ("throws", "it took too much memory"),
    "crash": ("throws", "it ended the process that ran it"),
}

#: Without the search for cycles, of which an event has none.
_encode: Final = json.JSONEncoder(check_circular=False).encode
_decode: Final = json.JSONDecoder().decode

_log = logging.getLogger(__name__)


class EdgeFunctionError(StrataError):
    """A function that CloudFront would not have taken."""


@dataclass
class _Call:
    line: bytes
    future: asyncio.Future[FunctionResult]
    tries: int = 1


class FunctionWorker:
    """Runs functions by ARN; it is a `RunFunction`.

    Args:
        limit_seconds: how long one call may take.
    """

    def __init__(self, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._limit_seconds = limit_seconds
        self._numbers: dict[str, int] = {}
        self._deployed: dict[int, bytes] = {}
        self._stores: dict[str, Mapping[str, str]] = {}
        self._calls: dict[int, _Call] = {}
        self._last_id = 0
        self._process: _Process | None = None
        self._outgoing: list[bytes] = []
        self._starting: asyncio.Task[None] | None = None
        self._stopping = False
        self.restarts = 0

    async def start(self) -> None:
        """Start the process; what was deployed before is deployed to it."""
        loop = asyncio.get_running_loop()
        command = [
            str(node()),
            "--disallow-code-generation-from-strings",
            str(PROGRAM),
            str(round(self._limit_seconds * 1000)),
            str(MEMORY_MEBIBYTES),
        ]
        # No environment: a function has none, and nothing of the user's is to be found.
        _, self._process = await loop.subprocess_exec(
            lambda: _Process(self._answered, self._ended), *command, env={}, cwd="/"
        )
        self._process.write(b"".join([*self._deployed.values(), self._stores_line()]))
        self._process.write(b"".join(call.line for call in self._calls.values()))

    @property
    def pid(self) -> int:
        """The process that runs now."""
        if self._process is None:
            raise RuntimeError("the function worker is not started")
        return self._process.pid

    async def stop(self) -> None:
        """Stop the process; calls that are under way fail."""
        self._stopping = True
        if self._starting is not None:
            await self._starting
        if self._process is not None:
            self._process.kill()
            await self._process.over
        self._fail_all("the function worker stops")

    def deploy(self, functions: Iterable[EdgeFunction]) -> None:
        """Run these from now on, over earlier ones of the same ARN.

        Raises:
            EdgeFunctionError: code over 10 KB, or another runtime.
        """
        for function in functions:
            _check(function)
            number = self._numbers.setdefault(function.arn, len(self._numbers) + 1)
            content = {"code": function.code.decode(), "store": function.key_value_store_arn}
            line = f"D {number} {json.dumps(content)}\n".encode()
            if self._deployed.get(number) != line:
                self._deployed[number] = line
                self._send(line)

    def set_stores(self, stores: Mapping[str, Mapping[str, str]]) -> None:
        """Let functions see these contents of KeyValueStores, by ARN."""
        if stores != self._stores:
            self._stores = {arn: dict(items) for arn, items in stores.items()}
            self._send(self._stores_line())

    async def __call__(self, function_arn: str, event: dict[str, object]) -> FunctionResult:
        """Run a function.

        Raises:
            FunctionFailure: as `RunFunction` says.
        """
        number = self._numbers.get(function_arn)
        if number is None:
            raise FunctionFailure("missing", f"{function_arn} is not deployed")
        self._last_id = self._last_id % 0x7FFFFFFF + 1  # the worker's watch holds it in 32 bits, and 0 means idle
        call_id = self._last_id
        line = f"{call_id} {number} {_encode(event)}\n".encode()
        call = _Call(line, asyncio.get_running_loop().create_future())
        self._calls[call_id] = call
        self._send(line)
        try:
            return await call.future
        finally:
            self._calls.pop(call_id, None)

    def _stores_line(self) -> bytes:
        return f"K {json.dumps(self._stores)}\n".encode()

    def _send(self, line: bytes) -> None:
        """Write with whatever else this turn of the loop has to write."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(line)

    def _flush(self) -> None:
        lines, self._outgoing = self._outgoing, []
        # Without a process, the next one gets all of it when it starts.
        if self._process is not None:
            self._process.write(b"".join(lines))
            self._process.watch(lambda: bool(self._calls))

    def _answered(self, line: bytes) -> None:
        call_id, _, answer = line.partition(b" ")
        call = self._calls.get(int(call_id))
        if call is None or call.future.done():
            return
        if answer.startswith(b"!"):
            _, kind, detail = answer.decode().split(" ", 2)
            call.future.set_exception(FunctionFailure(kind, detail))
        else:
            value, log_data = _decode(answer.decode())
            call.future.set_result(FunctionResult(value, log_data))

    def _ended(self, guilty: int | None, kind: str) -> None:
        self._process = None
        if self._stopping:
            return
        self.restarts += 1
        _log.warning("the function worker ended (%s); another one starts", kind)
        for call_id, call in self._calls.items():
            if call.future.done():
                continue
            if call_id == guilty or call.tries >= MAXIMUM_TRIES:
                call.future.set_exception(FunctionFailure(*_GUILTY.get(kind, _GUILTY["crash"])))
            call.tries += 1
        self._calls = {call_id: call for call_id, call in self._calls.items() if not call.future.done()}
        self._starting = asyncio.get_running_loop().create_task(self._restart())

    async def _restart(self) -> None:
        try:
            await self.start()
        except OSError as error:
            self._fail_all(f"the function worker does not start: {error.strerror}")

    def _fail_all(self, detail: str) -> None:
        for call in self._calls.values():
            if not call.future.done():
                call.future.set_exception(FunctionFailure("throws", detail))


class _Process(asyncio.SubprocessProtocol):
    """The pipes of one process: lines of its stdout, and from its stderr the call that it died of."""

    def __init__(self, answered: Callable[[bytes], None], ended: Callable[[int | None, str], None]) -> None:
        self._answered = answered
        self._ended = ended
        self._guilty: int | None = None
        self._kind = "crash"
        self._heard = 0.0  # in the loop's seconds
        self._timer: asyncio.TimerHandle | None = None
        self._rest = {1: b"", 2: b""}
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._transport.get_pid()

    def write(self, data: bytes) -> None:
        self._stdin.write(data)

    def kill(self) -> None:
        if self._transport.get_returncode() is None:
            self._transport.kill()

    def watch(self, has_calls: Callable[[], bool]) -> None:
        """Kill the process if it stays silent while it has calls."""
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._heard = loop.time()
            self._timer = loop.call_later(SILENCE_SECONDS, self._check, has_calls)

    def _check(self, has_calls: Callable[[], bool]) -> None:
        self._timer = None
        if not has_calls():
            return
        if asyncio.get_running_loop().time() - self._heard >= SILENCE_SECONDS:
            self.kill()
        else:
            self.watch(has_calls)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._heard = asyncio.get_running_loop().time()
        *lines, self._rest[fd] = (self._rest[fd] + data).split(b"\n")
        for line in lines:
            if fd == 1:
                self._answered(line)
            else:
                self._complain(line.decode(errors="replace"))

    def _complain(self, line: str) -> None:
        if line.startswith("guilty "):
            _, call_id, self._kind = line.split(" ")
            self._guilty = int(call_id)
        else:
            _log.warning("function worker: %s", line)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()
        self.over.set_result(None)
        self._ended(self._guilty, self._kind)


def _check(function: EdgeFunction) -> None:
    where = {"function": function.arn}
    if len(function.code) > MAXIMUM_CODE_BYTES:
        raise EdgeFunctionError(
            f"its code has {len(function.code):,} bytes", where=where, allowed=f"{MAXIMUM_CODE_BYTES:,} bytes at most"
        )
    if function.runtime != RUNTIME:
        raise EdgeFunctionError(f"its runtime is {function.runtime}", where=where, allowed=RUNTIME)
