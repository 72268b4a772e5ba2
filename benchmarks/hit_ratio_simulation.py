"""How often the simulated edge answers from a cache: the contract's distribution, its function, and the middleware.

Time is made up, traffic is seeded, and the same traffic makes the same figures.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.isolation.asked import cache_class_of
from benchmarks.isolation.deployment import deployment_of
from benchmarks.isolation.origin import ask_app
from benchmarks.isolation.run import EPOCH_SECONDS, FunctionCalls
from local.edge.core import Edge
from local.edge.function_worker import FunctionWorker
from local.edge.messages import ViewerRequest
from local.edge.settings import EdgeSettings
from strata.caching import LOCKED_BY_NETWORK, CdnCacheMiddleware, cdn_cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from local.edge.messages import OriginRequest, OriginResponse
    from local.edge.statistics import Statistics

SEED: Final = 2026
_HOST: Final = "t1.api.example.com"
_LOCATIONS: Final = 4
_MINUTES: Final = 20
_TICK_SECONDS: Final = 0.1

Timed = tuple[float, ViewerRequest]


@dataclass(frozen=True)
class Polling:
    """Callers who ask for their own payments again and again.

    Args:
        callers: how many.
        every_seconds: between two requests of a caller, and up to 4 % more, as a timer and a network make it.
    """

    callers: int = 150
    every_seconds: float = 5.0

    def requests(self) -> Iterator[Timed]:
        """Return their requests of 20 minutes, in the order of time."""
        source = random.Random(SEED)  # noqa: S311 - repeatable, not secret
        found = []
        for caller in range(self.callers):
            at = source.uniform(0, self.every_seconds)
            while at < _MINUTES * 60:
                found.append((at, _request("/api/v1/payments", caller % _LOCATIONS, f"Bearer caller-{caller}")))
                at += self.every_seconds * source.uniform(1, 1.04)
        yield from sorted(found, key=lambda one: one[0])


@dataclass(frozen=True)
class Zipf:
    """Requests for shared data, few objects of it hot.

    Args:
        objects: how many there are.
        requests_per_second: of all viewers.
        exponent: of Zipf's law.
    """

    objects: int = 200
    requests_per_second: float = 30.0
    exponent: float = 1.0

    def requests(self) -> Iterator[Timed]:
        """Return the requests of 20 minutes, in the order of time."""
        source = random.Random(SEED)  # noqa: S311 - repeatable, not secret
        weights = [1 / (rank + 1) ** self.exponent for rank in range(self.objects)]
        count = int(self.requests_per_second * _MINUTES * 60)
        at = 0.0
        for number in source.choices(range(self.objects), weights, k=count):
            at += source.expovariate(self.requests_per_second)
            yield at, _request(f"/api/v1/config/{number}", source.randrange(_LOCATIONS), None)


def play(traffic: Iterable[Timed], *, origin_shield: bool = True) -> Statistics:
    """Return what the edge counted when this traffic was over."""
    return asyncio.run(_played(traffic, origin_shield=origin_shield))


def hit_percent(statistics: Statistics) -> float:
    """Return the share of requests that were answered from a cache at the edge, in percent."""
    return 100 * statistics.result_types.get("Hit", 0) / statistics.requests


async def _played(traffic: Iterable[Timed], *, origin_shield: bool) -> Statistics:
    deployment = deployment_of()
    worker, now = FunctionWorker(), EPOCH_SECONDS
    calls = FunctionCalls(worker)
    app = _app()

    async def fetch(request: OriginRequest) -> OriginResponse:
        await asyncio.sleep(0)
        return await ask_app(app, request)

    settings = EdgeSettings(locate=lambda request: request.client_ip, origin_shield=origin_shield)
    await worker.start()
    try:
        worker.deploy(deployment.functions)
        worker.set_stores(deployment.stores)
        edge = Edge(deployment.distribution, lambda: now, fetch, calls, settings)
        for tick, batch in itertools.groupby(traffic, key=lambda one: int(one[0] / _TICK_SECONDS)):
            now = EPOCH_SECONDS + tick * _TICK_SECONDS
            tasks = [asyncio.ensure_future(edge.handle(request)) for _, request in batch]
            await asyncio.sleep(0)
            await calls.release()
            for answer in await asyncio.gather(*tasks):
                assert answer.status == 200, answer  # noqa: PLR2004 - a figure of refusals would say nothing
            await edge.settle()
        return edge.statistics()
    finally:
        await worker.stop()


def _app() -> Any:
    endpoints = {name: preset()(_endpoint()) for name, preset in cdn_cache.presets().items()}

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["endpoint"] = endpoints[cache_class_of(scope["path"]).name]
        await scope["endpoint"](scope, receive, send)

    return CdnCacheMiddleware(app, origin_verify=LOCKED_BY_NETWORK)


def _endpoint() -> Any:
    async def endpoint(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b"{}"})

    return endpoint


def _request(path: str, location: int, authorization: str | None) -> ViewerRequest:
    named = () if authorization is None else (("Authorization", authorization),)
    headers = (("Host", _HOST), ("Accept-Encoding", "gzip, br"), ("Accept-Language", "en"), *named)
    return ViewerRequest("GET", path, "", headers, b"", f"192.0.2.{location}")
