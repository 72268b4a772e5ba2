"""A stand-in plugin as the engine uses it: the real process, spoken to over gRPC."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2

from local.paths import CHECKOUT
from local.providers.properties import decode, encode
from local.providers.protocol import provider_pb2, provider_pb2_grpc, status_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.providers.resource import Properties

SEED = b"a seed of the engine"


@dataclass
class CallError(Exception):
    """A call that the plugin aborted, with the half-made resource if it told of one."""

    code: str
    message: str
    half_made: Any = None

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Diff:
    changed: bool
    kinds: dict[str, str]
    replaces: list[str]
    delete_before_replace: bool


@dataclass(frozen=True)
class Resource:
    """A resource that a plugin made: what the engine would have in its state."""

    token: str
    name: str
    id: str
    inputs: Properties
    outputs: Properties


@dataclass(frozen=True)
class Checked:
    inputs: Properties
    failures: list[tuple[str, str]]


@dataclass
class Plugin:
    """A running plugin and the calls of the engine, with plain dictionaries on both sides."""

    process: subprocess.Popen[str]
    port: int
    stub: Any = field(init=False)
    _channel: Any = field(init=False)

    def __post_init__(self) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def configure(self, config: Properties) -> None:
        news = encode(config)
        failures = self.call("CheckConfig", provider_pb2.CheckRequest(urn=urn("pulumi:providers:x", "p"), news=news))
        assert _failures(failures) == []
        self.call("Configure", provider_pb2.ConfigureRequest(args=news))

    def check_config(self, config: Properties) -> list[tuple[str, str]]:
        request = provider_pb2.CheckRequest(urn=urn("pulumi:providers:x", "p"), news=encode(config))
        return _failures(self.call("CheckConfig", request))

    def check(self, token: str, inputs: Properties, old: Properties | None = None, name: str = "thing") -> Checked:
        request = provider_pb2.CheckRequest(
            urn=urn(token, name), olds=encode(old or {}), news=encode(inputs), randomSeed=SEED
        )
        answer = self.call("Check", request)
        return Checked(decode(answer.inputs), _failures(answer))

    def preview_create(self, token: str, inputs: Properties) -> Properties:
        request = provider_pb2.CreateRequest(urn=urn(token, "thing"), properties=encode(inputs), preview=True)
        return decode(self.call("Create", request).properties)

    def create(self, token: str, inputs: Properties, name: str = "thing") -> Resource:
        """Check and create, as the engine does; a check failure is an assertion failure."""
        checked = self.check(token, inputs, name=name)
        assert checked.failures == []
        answer = self.call(
            "Create", provider_pb2.CreateRequest(urn=urn(token, name), properties=encode(checked.inputs))
        )
        return Resource(token, name, answer.id, checked.inputs, decode(answer.properties))

    def read(self, resource: Resource) -> Resource | None:
        answer = self.call(
            "Read",
            provider_pb2.ReadRequest(
                urn=urn(resource.token, resource.name),
                id=resource.id,
                inputs=encode(resource.inputs),
                properties=encode(resource.outputs),
            ),
        )
        if not answer.id:
            return None
        inputs, outputs = decode(answer.inputs), decode(answer.properties)
        return Resource(resource.token, resource.name, answer.id, inputs, outputs)

    def diff(self, resource: Resource, inputs: Properties, ignore: tuple[str, ...] = ()) -> Diff:
        answer = self.call(
            "Diff",
            provider_pb2.DiffRequest(
                urn=urn(resource.token, resource.name),
                id=resource.id,
                olds=encode(resource.outputs),
                old_inputs=encode(resource.inputs),
                news=encode(inputs),
                ignoreChanges=ignore,
            ),
        )
        kinds = {path: provider_pb2.PropertyDiff.Kind.Name(change.kind) for path, change in answer.detailedDiff.items()}
        changed = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        return Diff(changed, kinds, list(answer.replaces), answer.deleteBeforeReplace)

    def preview_update(self, resource: Resource, inputs: Properties) -> Properties:
        return decode(self.call("Update", _update_request(resource, inputs, preview=True)).properties)

    def update(self, resource: Resource, inputs: Properties) -> Resource:
        answer = self.call("Update", _update_request(resource, inputs, preview=False))
        return Resource(resource.token, resource.name, resource.id, inputs, decode(answer.properties))

    def delete(self, resource: Resource) -> None:
        self.call(
            "Delete",
            provider_pb2.DeleteRequest(
                urn=urn(resource.token, resource.name),
                id=resource.id,
                properties=encode(resource.outputs),
                old_inputs=encode(resource.inputs),
            ),
        )

    def invoke(self, token: str, arguments: Properties) -> Properties:
        answer = self.call("Invoke", provider_pb2.InvokeRequest(tok=token, args=encode(arguments)))
        assert _failures(answer) == []
        return decode(getattr(answer, "return"))

    def call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self.stub, method)(request, timeout=120, wait_for_ready=True)
        except grpc.RpcError as error:
            raise CallError(error.code().name, error.details() or "", _half_made(error)) from None

    def cancel(self) -> None:
        self.call("Cancel", empty_pb2.Empty())

    def close(self) -> None:
        self._channel.close()
        self.process.terminate()
        self.process.communicate(timeout=30)


def _failures(answer: Any) -> list[tuple[str, str]]:
    """Return place and rule of each failure; the field for the place stays empty, or the engine prints its value."""
    assert [failure.property for failure in answer.failures if failure.property] == []
    places_and_rules = [failure.reason.partition(": ") for failure in answer.failures]
    return [(place, rule) for place, _, rule in places_and_rules]


def _update_request(resource: Resource, inputs: Properties, preview: bool) -> Any:
    return provider_pb2.UpdateRequest(
        urn=urn(resource.token, resource.name),
        id=resource.id,
        olds=encode(resource.outputs),
        old_inputs=encode(resource.inputs),
        news=encode(inputs),
        preview=preview,
    )


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:local::strata::strata:index:Parent${token}::{name}"


def _half_made(error: Any) -> Any:
    """Return the ErrorResourceInitFailed of an aborted call, as the engine finds it."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            detail = provider_pb2.ErrorResourceInitFailed()
            assert status.details[0].Unpack(detail)
            return detail
    return None


@contextmanager
def running(module: str, environment: Mapping[str, str]) -> Iterator[Plugin]:
    """Start ``python -m <module>`` as the engine starts a plugin, and stop it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, "127.0.0.1:1"],
        env={**os.environ, **environment},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    plugin = Plugin(process, int(process.stdout.readline()))
    try:
        yield plugin
    finally:
        plugin.close()
