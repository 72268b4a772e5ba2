"""The kinds of fault: what each does at a point, in the library's own process or in a child that runs it."""

from __future__ import annotations

import io
import os
import signal
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.response import StreamingBody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg.abc import PQGen

    from tests.strata.faults.watch import Channel, WatchedConnection
    from tests.strata.faults.world import World


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Args:
        name: as the report shows it.
        channel: whose points it strikes at.
        strike: makes what happens at a point of a world.
        kills: the operation runs in a child process, which this ends by SIGKILL.
        needs: the points it can strike at: all, those that wait for a reader of another tenant, or reads of objects.
        after_the_last: whether it also strikes when all is done, so that what is done is asked for again.
    """

    name: str
    channel: Channel
    strike: Callable[[World], Callable[..., Any]]
    kills: bool = False
    needs: Literal["any", "waits", "get_object"] = "any"
    after_the_last: bool = False


def _terminated(world: World) -> Callable[..., Any]:
    def strike(connection: WatchedConnection, gen: PQGen[Any]) -> Any:
        world.terminate(connection.info.backend_pid)
        return connection.go_on(gen)

    return strike


def _answer_lost(_world: World) -> Callable[..., Any]:
    """The server gets the statements, and goes through with them; nobody hears of it."""

    def strike(connection: WatchedConnection, gen: PQGen[Any]) -> Any:
        sent = connection.send(gen)
        with socket.socket(fileno=os.dup(connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)
        return connection.go_on(sent)

    return strike


def _terminated_while_it_waits(world: World) -> Callable[..., Any]:
    def strike(connection: WatchedConnection, gen: PQGen[Any]) -> Any:
        with world.reader_of_another_tenant() as reader, world.when_waiting(connection) as waits:
            waits.then(lambda: (world.terminate(connection.info.backend_pid), reader.rollback()))
            return connection.go_on(gen)

    return strike


def _killed(_world: World) -> Callable[..., Any]:
    return lambda *_: _die()


def _killed_after_sending(_world: World) -> Callable[..., Any]:
    def strike(connection: WatchedConnection, gen: PQGen[Any]) -> Any:
        connection.send(gen)
        _die()

    return strike


def _killed_while_it_waits(world: World) -> Callable[..., Any]:
    """The server waits on, and does the work when the reader, which dies too, is gone."""

    def strike(connection: WatchedConnection, gen: PQGen[Any]) -> Any:
        with world.reader_of_another_tenant(), world.when_waiting(connection) as waits:
            waits.then(_die)
            return connection.go_on(gen)

    return strike


def _killed_after_call(_world: World) -> Callable[..., Any]:
    def strike(call: Callable[[], Any], _method: str) -> Any:
        call()
        _die()

    return strike


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _refused(_world: World) -> Callable[..., Any]:
    def strike(_call: Callable[[], Any], method: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, method)

    return strike


def _reset_after_send(_world: World) -> Callable[..., Any]:
    """The bucket did as it was asked; what botocore raises when its own retries are spent."""

    def strike(call: Callable[[], Any], _method: str) -> Any:
        call()
        raise ConnectionClosedError(endpoint_url="https://s3.eu-west-1.amazonaws.com/")

    return strike


def _truncated(_world: World) -> Callable[..., Any]:
    """The answer ends in the middle of the object."""

    def strike(call: Callable[[], Any], _method: str) -> Any:
        answer = call()
        body = answer["Body"].read()
        return {**answer, "Body": StreamingBody(io.BytesIO(body[: len(body) // 2]), len(body))}

    return strike


FAULTS: Final = (
    Fault("connection terminated", "server", _terminated, after_the_last=True),
    Fault("answer lost", "server", _answer_lost),
    Fault("terminated while it waits", "server", _terminated_while_it_waits, needs="waits"),
    Fault("process killed", "server", _killed, kills=True, after_the_last=True),
    Fault("process killed, statement sent", "server", _killed_after_sending, kills=True),
    Fault("process killed while it waits", "server", _killed_while_it_waits, kills=True, needs="waits"),
    Fault("process killed at a call", "bucket", _killed, kills=True),
    Fault("process killed after a call", "bucket", _killed_after_call, kills=True),
    Fault("call refused", "bucket", _refused),
    Fault("call done, answer lost", "bucket", _reset_after_send),
    Fault("read cut short", "bucket", _truncated, needs="get_object"),
)


class Waits:
    """What happens when a session begins to wait for a lock."""

    def __init__(self, is_waiting: Callable[[], bool]) -> None:
        self.happened = False
        self._is_waiting = is_waiting
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def then(self, action: Callable[[], Any]) -> None:
        """Do this once it waits; nothing if it never does."""
        self._thread = threading.Thread(target=self._watch, args=(action,))
        self._thread.start()

    def _watch(self, action: Callable[[], Any]) -> None:
        while not self._over.wait(0.005):
            if self._is_waiting():
                self.happened = True
                action()
                return

    @contextmanager
    def until_over(self) -> Iterator[Waits]:
        try:
            yield self
        finally:
            self._over.set()
            if self._thread is not None:
                self._thread.join()
