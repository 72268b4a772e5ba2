"""Every point of a run where a fault can strike: each exchange with the server, and each call of the bucket.

Nothing lists the points. A run of the library is watched once without a fault, and what it did are the points.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import psycopg
import pytest

from strata import aws, sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg.abc import PQGen

Channel = Literal["server", "bucket"]
Result = TypeVar("Result")


@dataclass
class Watch:
    """One run under watch.

    Args:
        channel: which points are struck at; None only watches.
        number: of the point in its channel, from 0.
        strike: what happens there, in place of the work.
        points: by channel, what was reached, in order.
    """

    channel: Channel | None = None
    number: int | None = None
    strike: Callable[..., Any] | None = None
    points: dict[Channel, list[str]] = field(default_factory=lambda: {"server": [], "bucket": []})
    struck: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def has_struck(self) -> bool:
        """Whether the fault struck, or the run is over and it was to strike after the last point."""
        return self.struck or (self.channel is not None and self.number == len(self.points[self.channel]))

    def reached(self, channel: Channel, label: str) -> Callable[..., Any] | None:
        """Note a point and return what strikes there, if anything does."""
        with self._lock:  # parts are stored and read by threads of their own
            self.points[channel].append(label)
            if channel == self.channel and self.number in {None, len(self.points[channel]) - 1}:
                self.struck = True
                return self.strike
            return None


_watch: Watch | None = None
_templates: dict[str, str] = {}  # name of the template by what was rendered from it


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that knows each exchange with the server: `wait` is the only way to have one."""

    doing = ""

    def wait(self, gen: PQGen[Result], *arguments: Any, **options: Any) -> Result:
        if _watch is None:
            return super().wait(gen, *arguments, **options)
        step = gen.__name__.strip("_").removesuffix("_gen")
        strike = _watch.reached("server", self.doing if step == "execute" else f"{self.doing}: {step}")
        return super().wait(gen, *arguments, **options) if strike is None else strike(self, gen)

    def go_on(self, gen: PQGen[Result]) -> Result:
        """Do what was to be done."""
        return super().wait(gen)

    def send(self, gen: PQGen[Any]) -> PQGen[Any]:
        """Hand the server what is to be done without taking its answer, and return what takes it."""
        try:
            next(gen)
        except StopIteration as done:
            return _answered(done.value)
        return gen


def _answered(value: Result) -> PQGen[Result]:
    """Return an exchange that is over."""
    yield from ()
    return value


class _WatchedCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        self.connection.doing = _name(query)
        return super().execute(query, *arguments, **options)

    def copy(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        self.connection.doing = _name(statement)
        return super().copy(statement, *arguments, **options)


def _name(query: str) -> str:
    return _templates.get(query) or " ".join(query.split())[:40]


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Watch all that the library does meanwhile."""
    render, make_client, connect = sql.render, aws.client, psycopg.connect

    def rendered(template: str, **values: object) -> str:
        text = render(template, **values)
        _templates[text] = template.removesuffix(".sql.j2")
        return text

    def connected(*conninfo: str, **login: Any) -> psycopg.Connection[Any]:
        if login.get("application_name") != "strata":
            return connect(*conninfo, **login)
        return WatchedConnection.connect(*conninfo, **login, cursor_factory=_WatchedCursor)

    def client(service: str, region: str | None) -> Any:
        return _Watched(make_client(service, region)) if service == "s3" else make_client(service, region)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql, "render", rendered)
        patch.setattr(psycopg, "connect", connected)
        patch.setattr(aws, "client", client)
        patch.setattr(f"{__name__}._watch", watch)
        yield


class _Watched:
    """A client of S3 whose calls are points; it calls as the real one does, under it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get_paginator(self, name: str) -> Any:
        paginator = self._client.get_paginator(name)
        paginator._method = getattr(self, name)
        return paginator

    def __getattr__(self, method: str) -> Any:
        called = getattr(self._client, method)

        def call(**arguments: Any) -> Any:
            label = f"{method} {arguments.get('Key', arguments.get('Prefix'))}"
            strike = None if _watch is None else _watch.reached("bucket", label)
            return called(**arguments) if strike is None else strike(lambda: called(**arguments), method)

        return call
