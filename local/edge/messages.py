"""What goes into the edge and comes out of it: requests and answers as plain values, without sockets."""

from __future__ import annotations

from dataclasses import field
from typing import Protocol

from local.edge.values import value_type

#: Header fields in the order they were sent; a name may occur several times and keeps the case it came in.
Headers = tuple[tuple[str, str], ...]


@value_type
class ViewerRequest:
    """A request as a viewer sent it.

    Args:
        method: upper case.
        path: the raw path, still percent-encoded, with its leading slash.
        query: the raw query without the question mark.
        headers: with Host among them.
        body: empty for most.
        client_ip: the viewer's address.
        client_port: its port.
        scheme: what the viewer spoke.
        http_version: ``1.1``, ``2.0`` or ``3.0``.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes = b""
    client_ip: str = "127.0.0.1"
    client_port: int = 0
    scheme: str = "https"
    http_version: str = "1.1"


@value_type
class OriginRequest:
    """A request that the edge sends to an origin.

    Args:
        origin_id: the origin's id in the distribution.
        method: upper case.
        path: the raw path, the origin's own path in front.
        query: the raw query without the question mark.
        headers: what the policies let through, with Host among them.
        body: the viewer's body.
        timeout_seconds: how long the origin may stay silent.
    """

    origin_id: str
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    timeout_seconds: float


@value_type
class OriginResponse:
    """An origin's complete answer."""

    status: int
    headers: Headers
    body: bytes


class OriginFailure(Exception):  # noqa: N818 - a failure of the origin, an outcome that the core decides about
    """No complete answer came from the origin.

    Args:
        kind: ``connect`` (nobody listens), ``timeout`` (connected, then silent), or ``incomplete`` (it broke off, sent
            another length than it said, or something that is not HTTP).
        detail: for the log.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


@value_type
class Decision:
    """What the edge did with a request and why: the facts of its log line and of the control interface.

    Args:
        path_pattern: of the behavior that matched; ``*`` for the default one.
        key: the parts of the cache key, length-safe as a tuple; empty where nothing is looked up.
        result_type: ``x-edge-result-type`` as CloudFront spells it: Hit, RefreshHit, Miss, Error, ...
        detailed_result_type: ``x-edge-detailed-result-type``: as above, or OriginShieldHit, or the error's cause.
        reasons: the names of the rules of `local.edge.rules` that decided, in order.
        ttl_seconds: how long the object in the answer is fresh from the moment it was stored; None where none is.
        age_seconds: how long ago it was stored; None where the answer does not come from the cache.
        log_data: what the function passed to ``cf.logCustomData``.
        origin_requests: how many requests went to the origin itself for this one.
        origin_shield_hit: whether the Origin Shield answered instead of the origin.
        to_first_byte_seconds: from the request to the first byte of the answer.
        taken_seconds: from the request to the last byte.
    """

    path_pattern: str
    key: tuple[str, ...]
    result_type: str
    detailed_result_type: str
    reasons: tuple[str, ...] = ()
    ttl_seconds: float | None = None
    age_seconds: float | None = None
    log_data: str | None = None
    origin_requests: int = 0
    origin_shield_hit: bool = False
    to_first_byte_seconds: float = 0.0
    taken_seconds: float = 0.0


@value_type
class ViewerResponse:
    """An answer as the viewer gets it."""

    status: int
    headers: Headers
    body: bytes
    decision: Decision = field(compare=False)


class Clock(Protocol):
    """Seconds since the epoch, real or made up."""

    def __call__(self) -> float:
        """Return the present."""


class Fetch(Protocol):
    """How the core reaches an origin."""

    async def __call__(self, request: OriginRequest) -> OriginResponse:
        """Return the complete answer.

        Raises:
            OriginFailure: there is none.
        """


class RunFunction(Protocol):
    """How the core runs a viewer request function."""

    async def __call__(self, function_arn: str, event: dict[str, object]) -> FunctionResult:
        """Return what the handler returned for the event (event structure version 1.0).

        Raises:
            FunctionFailure: it threw, ran too long, or is none of ours.
        """


@value_type
class FunctionResult:
    """What a function returned.

    Args:
        value: a request or a response, as the handler returned it.
        log_data: the argument of its last ``cf.logCustomData``, None without one.
    """

    value: object
    log_data: str | None


class FunctionFailure(Exception):  # noqa: N818 - an outcome that the core turns into CloudFront's 503
    """A function that gave no result: it threw, looped, or does not exist.

    Args:
        kind: ``throws``, ``timeout``, ``invalid`` (no result that CloudFront accepts) or ``missing``.
        detail: for the log; never a header's value.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
