"""Every preset on every cache class's behavior, through the simulator: how long an answer lives, fresh and stale.

The expected windows are computed here from the table of classes; the simulator finds them out by asking an answer that
was made once again at times on both sides of every bound, while the origin works and while it fails.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest

from benchmarks.isolation.deployment import deployment_of
from benchmarks.isolation.origin import ask_app
from benchmarks.isolation.run import FunctionCalls
from local.edge.core import Edge
from local.edge.function_worker import FunctionWorker
from local.edge.messages import OriginFailure, ViewerRequest
from strata.caching import LOCKED_BY_NETWORK, CdnCacheMiddleware, cdn_cache
from strata.caching.classes import CACHE_CLASSES, NONE, REALTIME, STATIC_DATA, USER_DATA

if TYPE_CHECKING:
    from strata.caching.cdn_cache import Preset
    from strata.caching.classes import CacheClass

#: A path of each class; what `none` answers is of a path that nobody has listed.
PATHS: Final = {
    NONE.name: "/api/v1/unlisted",
    REALTIME.name: "/api/v1/webhook-logs",
    USER_DATA.name: "/api/v1/payments",
    STATIC_DATA.name: "/api/v1/config",
}
#: Every route is asked again at these times, and on both sides of each bound of its own; in seconds.
TIMES: Final = (0.0, 0.5, 1_000.0)
START: Final = 1_700_000_000.0
BATCH: Final = 64


@dataclass(frozen=True)
class Variant:
    """What a handler answers: a status, headers of its own, and what these leave of a preset's seconds."""

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    is_kept: bool = True
    fresh_seconds: float = float("inf")
    may_be_stale: bool = True


VARIANTS: Final = {
    "plain": Variant(),
    "204": Variant(204),
    "206": Variant(206, is_kept=False),
    "301": Variant(301, is_kept=False),
    "400": Variant(400, is_kept=False),
    "403": Variant(403, is_kept=False),
    "404": Variant(404, is_kept=False),
    "500": Variant(500, is_kept=False),
    "503": Variant(503, is_kept=False),
    "Set-Cookie": Variant(headers=((b"set-cookie", b"a=b"),), is_kept=False),
    "no-store": Variant(headers=((b"cache-control", b"no-store"),), is_kept=False),
    "private": Variant(headers=((b"cache-control", b"private, max-age=60"),), is_kept=False),
    "max-age=2": Variant(headers=((b"cache-control", b"max-age=2"),), fresh_seconds=2),
    "max-age=9999": Variant(headers=((b"cache-control", b"max-age=9999"),)),
    "must-revalidate": Variant(headers=((b"cache-control", b"must-revalidate"),), may_be_stale=False),
    "Vary: Cookie": Variant(headers=((b"vary", b"cookie"),), is_kept=False),
    "Vary: *": Variant(headers=((b"vary", b"*"),), is_kept=False),
    "Vary: Accept-Encoding": Variant(headers=((b"vary", b"accept-encoding"),)),
}


def presets_of(name: str) -> dict[str, Preset]:
    """Return a preset as it is, and narrowed."""
    preset = cdn_cache.presets()[name]
    if name == NONE.name:
        return {"none()": preset()}
    narrowed = (1, 10) if name == STATIC_DATA.name else (1,)
    return {f"{name}()": preset()} | {f"{name}(seconds={seconds})": preset(seconds=seconds) for seconds in narrowed}


@dataclass(frozen=True)
class Windows:
    """Until when an answer is served, in seconds after it was made: fresh, while revalidating, while failing."""

    fresh: float
    revalidate: float
    error: float

    def serves(self, at: float, *, is_failing: bool) -> bool:
        return at < max(self.fresh, self.revalidate, self.error if is_failing else 0)


def windows(preset: Preset, of_path: CacheClass, variant: Variant) -> Windows:
    """Return what the table promises of an answer to a caller with a token."""
    marked = preset.cache_class
    # A shared answer on a path whose origin is told of a caller could be that caller's, and a caller's answer on a
    # path whose key has no caller would be everybody's.
    agrees = marked.keyed_by_caller == of_path.keyed_by_caller
    if not (variant.is_kept and marked.is_cached and of_path.is_cached and agrees):
        return Windows(0, 0, 0)
    most = of_path.max_ttl_seconds
    wanted = min(marked.fresh_seconds, variant.fresh_seconds)
    fresh = min(wanted, most)
    if not variant.may_be_stale:
        return Windows(fresh, fresh, 0)
    revalidate = min(fresh + marked.stale_while_revalidate_seconds, most)
    error = min(fresh + marked.stale_if_error_seconds, most) if marked.stale_if_error_seconds else 0
    return Windows(fresh, revalidate, error)


@dataclass(frozen=True)
class Combination:
    """One route: a preset, a variant, and the class of its path."""

    preset_name: str
    preset: Preset
    variant_name: str
    of_path: CacheClass

    @property
    def variant(self) -> Variant:
        return VARIANTS[self.variant_name]

    @property
    def windows(self) -> Windows:
        return windows(self.preset, self.of_path, self.variant)

    @property
    def times(self) -> tuple[float, ...]:
        bounds = (self.windows.fresh, self.windows.revalidate, self.windows.error)
        return (*TIMES, *(bound + side for bound in bounds if bound for side in (-0.5, 0.0)))

    def __str__(self) -> str:
        return f"{self.preset_name} with {self.variant_name} on a path of {self.of_path.name}"


COMBINATIONS: Final = tuple(
    Combination(preset_name, preset, variant_name, of_path)
    for name in CACHE_CLASSES
    for preset_name, preset in presets_of(name).items()
    for variant_name in VARIANTS
    for of_path in CACHE_CLASSES.values()
)


@dataclass
class World:
    """The contract's distribution in front of a route for each combination."""

    worker: FunctionWorker
    now: float = START
    is_failing: bool = False
    edge: Edge = field(init=False)

    def __post_init__(self) -> None:
        deployment = deployment_of()
        self.worker.deploy(deployment.functions)
        self.worker.set_stores(deployment.stores)
        self.calls = FunctionCalls(self.worker)
        self.edge = Edge(deployment.distribution, lambda: self.now, self.fetch, self.calls)
        self.app = CdnCacheMiddleware(self.route, origin_verify=LOCKED_BY_NETWORK)
        self.endpoints = [one.preset(self.endpoint(one.variant)) for one in COMBINATIONS]

    async def fetch(self, request):
        if self.is_failing:
            raise OriginFailure("connect", "made up")
        return await ask_app(self.app, request)

    async def route(self, scope, receive, send):
        scope["endpoint"] = self.endpoints[int(scope["path"].split("/")[4])]
        await scope["endpoint"](scope, receive, send)

    @staticmethod
    def endpoint(variant):
        async def endpoint(scope, receive, send):
            body = b"" if variant.status == 204 else b"body"
            await send({"type": "http.response.start", "status": variant.status, "headers": list(variant.headers)})
            await send({"type": "http.response.body", "body": body})

        return endpoint

    async def ask(self, numbers, suffix):
        """Ask routes at the same time, and return whether each was answered from a cache."""
        found = []
        for start in range(0, len(numbers), BATCH):
            paths = ((COMBINATIONS[number], number) for number in numbers[start : start + BATCH])
            requests = [request(f"{PATHS[one.of_path.name]}/{number}/{suffix}") for one, number in paths]
            tasks = [asyncio.ensure_future(self.edge.handle(one)) for one in requests]
            await asyncio.sleep(0)
            await self.calls.release()
            found += await asyncio.gather(*tasks)
            await self.edge.settle()
        return [answer.decision.age_seconds is not None for answer in found]


def request(path):
    headers = (("Host", "t1.api.example.com"), ("Authorization", "Bearer caller"))
    return ViewerRequest("GET", path, "", headers)


async def differences() -> list[str]:
    """Ask every route once, and again at its times; return where the simulator does what the table does not say."""
    worker = FunctionWorker()
    await worker.start()
    found: list[str] = []
    try:
        world = World(worker)
        times = sorted({at for one in COMBINATIONS for at in one.times})
        probes = [(at, is_failing) for at in times for is_failing in (False, True)]
        routes = [[number for number, one in enumerate(COMBINATIONS) if at in one.times] for at, _ in probes]
        for suffix, numbers in enumerate(routes):
            assert not any(await world.ask(numbers, suffix))
        for suffix, (at, is_failing) in enumerate(probes):
            world.now, world.is_failing = START + at, is_failing
            for number, served in zip(routes[suffix], await world.ask(routes[suffix], suffix), strict=True):
                one = COMBINATIONS[number]
                if served != one.windows.serves(at, is_failing=is_failing):
                    state = "failing" if is_failing else "working"
                    found.append(f"{one}: served={served} after {at} s with the origin {state}; {one.windows}")
    finally:
        await worker.stop()
    return found


@pytest.fixture
def quiet(caplog):
    """Surprises of routes are what is tested here."""
    caplog.set_level("CRITICAL", "strata.caching.middleware")


@pytest.mark.usefixtures("quiet")
def test_every_preset_on_every_policy_lives_as_long_as_the_table_says():
    found = asyncio.run(differences())
    assert found == []


def test_the_matrix_is_whole():
    kept = [one for one in COMBINATIONS if one.windows.fresh]
    assert {one.preset.cache_class.name for one in COMBINATIONS} == CACHE_CLASSES.keys()
    assert {one.of_path.name for one in COMBINATIONS} == CACHE_CLASSES.keys()
    assert len(COMBINATIONS) > 400
    # Both of the caller's classes on either's paths, and shared data on its own.
    assert {(one.preset.cache_class.name, one.of_path.name) for one in kept} == {
        *((a.name, b.name) for a in (REALTIME, USER_DATA) for b in (REALTIME, USER_DATA)),
        (STATIC_DATA.name, STATIC_DATA.name),
    }
    assert Windows(300, 360, 900) in {one.windows for one in kept}
    assert Windows(5, 5, 0) in {one.windows for one in kept}
