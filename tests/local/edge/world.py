"""A made-up world around the core: its clock, its origin, its function; and which rules a test proves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from local.edge.core import Edge
from local.edge.messages import FunctionResult, OriginFailure, OriginResponse, ViewerRequest
from local.edge.model import (
    Behavior,
    CachePolicy,
    Distribution,
    EdgeFunction,
    Origin,
    OriginRequestPolicy,
    Selection,
)
from local.edge.rules import RULES
from local.edge.settings import EdgeSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.edge.messages import OriginRequest, ViewerResponse

DOMAIN = "d111.cloudfront.net"
EPOCH = 1_700_000_000.0
ALL_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
READ = frozenset({"GET", "HEAD"})
FUNCTION = EdgeFunction("arn:function", b"code", "cloudfront-js-2.0")


def proves(*names):
    """Mark a test as the proof of rules; `test_rules.py` holds that each rule has one."""
    unknown = set(names) - RULES.keys()
    assert not unknown, unknown
    return lambda test: test


def listed(*names):
    return Selection("whitelist", names) if names else Selection("none")


def policy(max_ttl=100, *, min_ttl=0, default_ttl=None, headers=(), cookies=(), query=(), encodings=False):
    return CachePolicy(
        "policy",
        min_ttl,
        min_ttl if default_ttl is None else default_ttl,
        max_ttl,
        listed(*headers),
        listed(*cookies),
        query if isinstance(query, Selection) else listed(*query),
        gzip=encodings,
        brotli=encodings,
    )


DISABLED = policy(0)


def forward(*headers, cookies=(), query=()):
    return OriginRequestPolicy("request policy", listed(*headers), listed(*cookies), listed(*query))


def behavior(pattern="*", cache_policy=None, **changes):
    base = Behavior(pattern, "api", "allow-all", ALL_METHODS, READ, True, cache_policy or policy())
    return replace(base, **changes)


def origin(**changes):
    return replace(Origin("api", "api.example.com", "", "http-only", 80, 443, connection_attempts=1), **changes)


def distribution(*behaviors, **changes):
    """Return a distribution; without a default behavior among those given, one that caches nothing is added."""
    rows = behaviors or (behavior(),)
    if rows[-1].path_pattern != "*":
        rows = (*rows, behavior(cache_policy=DISABLED))
    base = Distribution("E1", DOMAIN, ("www.example.com", "*.tenant.example"), True, {"api": origin()}, rows, {})
    return replace(base, **changes)


def answer(body=b"body", status=200, **headers):
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return OriginResponse(status, (*pairs, ("Content-Length", str(len(body)))), body)


@dataclass
class World:
    """The edge with everything around it under the test's hand.

    ``respond`` makes the origin's answer or raises; ``gate``, where set, holds the origin back.
    """

    edge: Edge = field(init=False)
    distribution: Distribution = field(default_factory=distribution)
    settings: EdgeSettings = field(default_factory=EdgeSettings)
    now: float = EPOCH
    asked: list[OriginRequest] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)
    respond: Callable[[OriginRequest], OriginResponse] = lambda _request: answer(cache_control="max-age=10")
    function: Callable[[dict], object] = lambda event: event["request"]
    log_data: str | None = None
    gate: asyncio.Event | None = None

    def __post_init__(self):
        self.edge = Edge(self.distribution, lambda: self.now, self._fetch, self._run_function, self.settings)

    async def _fetch(self, request):
        """Decide at once, as an origin does that reads its data, and answer when the gate opens."""
        self.asked.append(request)
        number = len(self.asked)
        try:
            response = self.respond(request)
        except OriginFailure as failure:
            response = failure
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(response, OriginFailure):
            raise response
        return replace(response, body=b"%s #%d" % (response.body, number)) if response.body == b"counted" else response

    async def _run_function(self, function_arn, event):
        assert function_arn == FUNCTION.arn
        self.events.append(event)
        return FunctionResult(self.function(event), self.log_data)

    def ask(self, path="/a", **about) -> ViewerResponse:
        """Send one request, and let everything that it started end."""
        return asyncio.run(self._ask_and_settle(request(path, **about)))

    async def _ask_and_settle(self, viewer_request):
        response = await self.send(viewer_request)
        await self.edge.settle()
        return response

    async def send(self, viewer_request) -> ViewerResponse:
        response = await self.edge.handle(viewer_request)
        unknown = set(response.decision.reasons) - RULES.keys()
        assert not unknown, unknown
        return response

    def run(self, test):
        """Run an async test to its end, and what it started too."""

        async def whole():
            result = await test()
            await self.edge.settle()
            return result

        return asyncio.run(whole())


def request(path="/a", method="GET", headers=(), host=DOMAIN, body=b"", scheme="https", **about):
    path, _, query = path.partition("?")
    fields = (("Host", host), *(headers.items() if isinstance(headers, dict) else headers))
    return ViewerRequest(method, path, query, fields, body, "192.0.2.2", 50_000, scheme, **about)


def fails(kind):
    """Return an origin that gives no answer."""

    def respond(_request):
        raise OriginFailure(kind, "made up")

    return respond


def counted(**headers):
    """Return an origin whose answers can be told apart: ``counted #1``, ``counted #2`` and so on."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda _request: OriginResponse(200, pairs, b"counted")


def header(message, name):
    """Return the only value of a header, None without it."""
    values = [value for field_name, value in message.headers if field_name.lower() == name]
    assert len(values) <= 1, values
    return values[0] if values else None


def result(response):
    return response.decision.result_type
