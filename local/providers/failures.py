"""How a failed call is told to the engine: one line, the half-made resource with it, the traceback in a log file."""

from __future__ import annotations

import os
import time
import traceback
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import grpc  # type: ignore[import-untyped]  # grpcio ships no types

from local.providers.properties import encode
from local.providers.protocol import provider_pb2, status_pb2
from local.providers.provider import NotModelledError
from local.providers.resource import ProviderError, ResourceInitError
from local.providers.sdk import UnknownTokenError
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.providers.provider import Provider
    from local.providers.resource import Properties

_SHORTEST_SECRET: Final = 4

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Failure:
    """What the engine is told: the gRPC code, one line, and a half-made resource where there is one."""

    code: grpc.StatusCode
    message: str
    half_made: ResourceInitError | None = None
    secret_outputs: frozenset[str] = frozenset()


class _Servicer(Protocol):
    provider: Provider


def told(
    method: Callable[[Any, Any, grpc.ServicerContext], _Answer],
) -> Callable[[Any, Any, grpc.ServicerContext], _Answer]:
    """Wrap a call of the servicer so that whatever it raises reaches the engine as one line."""

    @wraps(method)
    def call(servicer: _Servicer, request: Any, context: grpc.ServicerContext) -> _Answer:
        try:
            return method(servicer, request, context)
        except Exception as error:  # noqa: BLE001 - the edge of the process: the engine must be told of everything
            failure = failure_of(servicer.provider, method.__name__, request, error)
        _abort(context, failure)
        raise AssertionError("abort always raises")

    return call


def failure_of(provider: Provider, call: str, request: Any, error: Exception) -> Failure:
    """Return what to tell the engine about an exception."""
    secrets = _secrets_of(provider, request)
    if isinstance(error, ResourceInitError):
        reasons = [_redacted(_one_line(reason), secrets) for reason in error.reasons]
        half_made = ResourceInitError(error.resource_id, error.outputs, reasons)
        secret_outputs = provider.resource_type(token_of(request.urn)).secret_outputs
        return Failure(grpc.StatusCode.UNKNOWN, str(half_made), half_made, secret_outputs)
    if isinstance(error, NotModelledError | UnknownTokenError):
        return Failure(grpc.StatusCode.INVALID_ARGUMENT, str(error))
    expected = str(error) if isinstance(error, ProviderError | StrataError) else provider.explain(error)
    if expected is not None:
        # Not UNKNOWN or INTERNAL, which tell the engine that nobody knows what became of the resource.
        return Failure(grpc.StatusCode.FAILED_PRECONDITION, _redacted(_one_line(expected), secrets))
    log = _write_log(provider.name, call, _resource_of(request), _redacted(_traceback(error), secrets))
    message = f"unexpected {type(error).__name__} in {call} of {_resource_of(request)}: {_one_line(str(error))}"
    return Failure(grpc.StatusCode.INTERNAL, f"{_redacted(message, secrets)} (traceback: {log})")


def _abort(context: grpc.ServicerContext, failure: Failure) -> None:
    if failure.half_made:
        context.set_trailing_metadata((("grpc-status-details-bin", _details(failure, failure.half_made)),))
    context.abort(failure.code, failure.message)


def _details(failure: Failure, half_made: ResourceInitError) -> bytes:
    """Return the status detail that makes the engine record a half-made resource (gRPC's richer error model)."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=half_made.resource_id,
        properties=encode(half_made.outputs, failure.secret_outputs),
        reasons=half_made.reasons,
    )
    status = status_pb2.Status(code=failure.code.value[0], message=failure.message)
    status.details.add().Pack(detail)
    return bytes(status.SerializeToString())


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _traceback(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def _resource_of(request: Any) -> str:
    if not getattr(request, "urn", ""):
        return getattr(request, "tok", "") or "the provider"
    return f"{token_of(request.urn)} '{request.urn.split('::', 3)[3]}'"


def token_of(urn: str) -> str:
    """Return the type token of a URN, for example ``aws:s3/bucket:Bucket``."""
    return urn.split("::", 3)[2].rpartition("$")[2]


def _secrets_of(provider: Provider, request: Any) -> list[str]:
    """Return the secret texts of a request, by the names that the SDK and the type call secret."""
    if not getattr(request, "urn", ""):
        return []
    token = token_of(request.urn)
    try:
        names = provider.sdk.resource(token).secrets | provider.resource_type(token).secret_outputs
    except (NotModelledError, UnknownTokenError):
        return []
    texts: list[str] = []
    for field_name in ("properties", "olds", "news", "old_inputs", "inputs"):
        fields: Properties = getattr(getattr(request, field_name, None), "fields", {})
        texts += [fields[name].string_value for name in names if name in fields]
    return sorted({text for text in texts if len(text) >= _SHORTEST_SECRET}, key=len, reverse=True)


def _redacted(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "[secret]")
    return text


def _write_log(provider: str, call: str, resource: str, text: str) -> str:
    home = os.environ.get("STRATA_HOME")
    if home is None:
        return "not kept, STRATA_HOME is not set"
    path = Path(home) / "logs" / f"provider-{provider}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {call} {resource}\n{text}\n")
    except OSError as error:
        return f"not kept: {error}"
    return str(path)
