"""One seeded run: the real function, core and middleware, all traffic through them, and the oracle beside them.

No socket and no clock of the machine's is in it, and calls of the function are answered a batch at a time in their
order, so that a seed always makes the same run, whatever else the machine does.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from benchmarks.isolation.deployment import NEXT_ORIGIN_VERIFY, secrets
from benchmarks.isolation.ledger import Ledger
from benchmarks.isolation.oracle import Oracle
from benchmarks.isolation.origin import ModelOrigin
from benchmarks.isolation.traffic import Scale, Traffic
from local.edge.core import Edge
from local.edge.messages import OriginRequest
from local.edge.settings import EdgeSettings
from strata.caching.key_value_store import SECRETS_KEY, epoch_key

if TYPE_CHECKING:
    from benchmarks.isolation.asked import Asked
    from benchmarks.isolation.deployment import Setup
    from benchmarks.isolation.rules import Violation
    from local.edge.control_plane import Deployment
    from local.edge.function_worker import FunctionWorker
    from local.edge.messages import FunctionResult, OriginResponse, ViewerRequest
    from local.edge.statistics import Statistics

BATCH: Final = 64
EPOCH_SECONDS: Final = 1_700_000_000.0
HOSTS_OF_A_STAR: Final = 40
#: Between batches time goes on, mostly a little; rarely past the life of a class.
_STEPS: Final = (0.0, 0.0, 0.1, 0.2, 0.5, 1.0)
_LEAPS: Final = (2.5, 5.5, 31.0, 301.0)
_FAILURES: Final = ("connect", "timeout", "incomplete", "500")
#: How often each happens, per batch.
_LEAP, _INVALIDATION, _INVALIDATION_UNDER_WAY, _PURGE = 0.02, 0.06, 0.15, 0.06
_FAILURE, _FAILURE_AFTER_A_LEAP, _OUTAGE, _ROTATION = 0.06, 0.05, 0.03, 0.02
_FORGET_EVERY: Final = 500
#: How many more requests a viewer has to see something too, after an assertion that looks elsewhere has.
_PATIENCE: Final = 1_000


@dataclass(frozen=True)
class Report:
    """What came of a run.

    Args:
        seed: of it.
        requests: how many there were.
        callers: how many identities asked, with tokens that the origin accepts.
        statistics: of the edge.
        violations: empty where the rules held.
    """

    seed: int
    requests: int
    callers: int
    statistics: Statistics
    violations: tuple[Violation, ...]


@dataclass
class FunctionCalls:
    """Asks the worker a batch at a time and hands its answers out in the order of the calls; it is a `RunFunction`."""

    worker: FunctionWorker
    _waiting: list[tuple[str, dict[str, object], asyncio.Future[FunctionResult]]] = field(default_factory=list)

    async def __call__(self, function_arn: str, event: dict[str, object]) -> FunctionResult:
        """Wait for the batch, and return this call's result."""
        future: asyncio.Future[FunctionResult] = asyncio.get_running_loop().create_future()
        self._waiting.append((function_arn, event, future))
        return await future

    async def release(self) -> None:
        """Run all calls of a batch."""
        waiting, self._waiting = self._waiting, []
        results = await asyncio.gather(*(self.worker(arn, event) for arn, event, _ in waiting), return_exceptions=True)
        for (_, _, future), result in zip(waiting, results, strict=True):
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)


class Run:
    """A world of its own around one deployment.

    Args:
        deployment: what is put to the proof; its functions are deployed to the worker.
        setup: what of it the oracle has to know.
        worker: runs its functions; it is started, and belongs to the caller.
        seed: of everything that happens.
        scale: how many callers, objects and hosts.
    """

    def __init__(self, deployment: Deployment, setup: Setup, worker: FunctionWorker, seed: int, scale: Scale) -> None:
        self.now = EPOCH_SECONDS
        self._seed = seed
        self._deployment = deployment
        self._worker = worker
        self._pepper, verify = _secrets_of(deployment)
        self._verify = verify
        self._secret = 0
        self._epochs: dict[str, int] = {}
        self._asked: dict[int, Asked] = {}
        self._callers: set[str] = set()
        self.traffic = Traffic(
            seed,
            scale,
            hosts=hosts(deployment, scale.hosts),
            tenant_claim=setup.tenant_claim,
            pepper=self._pepper,
            epochs=self._epochs,
        )
        ledger = Ledger()
        self.oracle = Oracle(seed, ledger, self._pepper, verify[0] if verify else None, setup.languages)
        self._origin = ModelOrigin(self.clock, self.traffic.callers.owners, verify, self._asked, ledger)
        self._calls = FunctionCalls(worker)
        settings = EdgeSettings(locate=_location, remembered_decisions=1)
        self.edge = Edge(deployment.distribution, self.clock, self._fetch, self._calls, settings)
        worker.deploy(deployment.functions)
        self._write_store()

    def clock(self) -> float:
        """Return the run's time."""
        return self.now

    async def requests(self, number: int, *, stops: bool = False, progress_every: int | None = None) -> Report:
        """Send so many requests, or the few more of a last batch.

        Args:
            number: how many.
            stops: whether to stop after the first violation that a viewer sees; after any other one, the run goes on
                for a while, in case that a viewer sees something too.
            progress_every: after how many requests it is said how far the run is; None says nothing.
        """
        sent = 0
        for batch in count():
            self._happen()
            before, sent = sent, sent + await self._batch(sent)
            if progress_every and sent // progress_every > before // progress_every:
                print(f"  {sent:,} requests, {len(self.oracle.violations)} violations", flush=True)
            if batch % _FORGET_EVERY == 0:
                self.oracle.ledger.forget(self.now)
            if sent >= number or (stops and self._has_seen_enough(sent)):
                break
        return Report(self._seed, sent, len(self._callers), self.edge.statistics(), tuple(self.oracle.violations))

    def _has_seen_enough(self, sent: int) -> bool:
        violations = self.oracle.violations
        if any(one.rule.is_about_viewers for one in violations):
            return True
        return bool(violations) and sent >= violations[0].number + _PATIENCE

    async def _batch(self, before: int) -> int:
        batch = self.traffic.batch(BATCH)
        through = [asked for asked in batch if not asked.is_direct]
        past = [asked for asked in batch if asked.is_direct]
        self._asked.clear()
        for number, asked in enumerate([*through, *past], before + 1):
            asked.number = number
        first = self.edge.statistics().requests + 1
        self._asked.update(zip(count(first), through, strict=False))
        started = self.oracle.ledger.invalidations
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(self.edge.handle(asked.request)) for asked in through]
        await asyncio.sleep(0)  # every request runs up to its call of the function
        await self._calls.release()
        tasks_past = [loop.create_task(self._ask_origin(asked)) for asked in past]
        if self.traffic.random.random() < _INVALIDATION_UNDER_WAY:
            await self._invalidate_under_way()
        answers = await asyncio.gather(*tasks)
        await asyncio.gather(*tasks_past)
        await self.edge.settle()
        for asked, answer in zip(through, answers, strict=True):
            self.oracle.at_viewer(asked, answer, started, self.now)
            if asked.token is not None and asked.token.owner is not None:
                self._callers.add(asked.token.owner)
        return len(batch)

    def _happen(self) -> None:
        """Let the world change between two batches."""
        source = self.traffic.random
        self.now += source.choice(_LEAPS if source.random() < _LEAP else _STEPS)
        if source.random() < _INVALIDATION:
            self._invalidate()
        if source.random() < _PURGE and self._pepper is not None:  # epochs are in the store
            tenant = next((one.tenant for one in self._asked.values()), None)
            if tenant is not None:
                self._epochs[tenant] = self._epochs.get(tenant, 0) + source.choice((1, 9))
        if source.random() < _ROTATION and self._pepper is not None:
            self._secret = 1 - self._secret
            self.oracle.origin_verify = self._verify[self._secret]
        fails = source.random() < _FAILURE
        if source.random() < _FAILURE_AFTER_A_LEAP:  # what is kept is outdated, and nothing new is to be had
            self.now += source.choice(_LEAPS)
            fails = True
        self._origin.failing = source.choice(_FAILURES) if fails else None
        self.oracle.is_failing = self._origin.failing is not None
        self.oracle.is_store_out = self._pepper is not None and source.random() < _OUTAGE
        self._write_store()

    def _path_to_invalidate(self) -> str:
        """Return a path of the last requests, whose answers may be kept or under way, or any other."""
        known = [asked.request.path for asked in self._asked.values() if asked.plain]
        is_known = known and self.traffic.random.random() < 0.8  # noqa: PLR2004 - mostly
        return self.traffic.random.choice(known) if is_known else self.traffic.path()

    def _write_store(self) -> None:
        """Give the functions the store's contents, under the ARN that the deployment's have."""
        is_out = self.oracle.is_store_out or self._pepper is None
        values = {} if is_out else secrets(self._verify[self._secret], self._pepper)
        epochs = {epoch_key(tenant): str(epoch) for tenant, epoch in self._epochs.items()}
        self._worker.set_stores({arn: {**values, **epochs} for arn in self._deployment.stores})

    def _invalidate(self) -> None:
        path = self._path_to_invalidate()
        parts = path.removeprefix("/api/v1/").split("/")
        tag = f"#{':'.join(parts[:2])}"
        items = self.traffic.random.choice(([path], [f"{path}*"], [tag], [path, f"{path}?*"], [f"/api/v1/{parts[0]}*"]))
        if items[0] == "#:":
            return  # the root has no tag
        self.oracle.ledger.invalidate(items, self.now)
        self.edge.invalidate(items)

    async def _invalidate_under_way(self) -> None:
        """Invalidate after origins were asked, some before and some after they have answered."""
        for _ in range(self.traffic.random.randint(1, 9)):
            await asyncio.sleep(0)
        self._invalidate()

    async def _fetch(self, request: OriginRequest) -> OriginResponse:
        sent = next(value for name, value in request.headers if name == "x-amz-cf-id")
        number = int(sent[24:], 16)
        asked = self._asked[number]
        self.oracle.at_origin(asked, request)
        response = await self._origin.fetch(request, number)
        self.oracle.from_origin(asked, request, response)
        return response

    async def _ask_origin(self, asked: Asked) -> None:
        request = asked.request
        headers = request.headers
        self._asked[-asked.number] = asked
        direct = OriginRequest("past the edge", request.method, request.path, request.query, headers, b"", 1.0)
        response = await self._origin.collected_past_the_edge(direct, -asked.number)
        if self._origin.origin_verify:
            self.oracle.past_the_edge(asked, response)


def _secrets_of(deployment: Deployment) -> tuple[str | None, tuple[str, ...]]:
    """Return the pepper and two origin-verify secrets, the deployed one and its successor; none without a store."""
    for items in deployment.stores.values():
        values = json.loads(items[SECRETS_KEY])
        return values["pepper"], (values["originVerify"], NEXT_ORIGIN_VERIFY)
    return None, ()


def hosts(deployment: Deployment, of_a_star: int) -> tuple[str, ...]:
    """Return the names under which a distribution is reached, so many for each star."""
    distribution = deployment.distribution
    starred = [alias[1:] for alias in distribution.aliases if alias.startswith("*")]
    named = [alias for alias in distribution.aliases if not alias.startswith("*")]
    made = [f"t{number}{suffix}" for suffix in starred for number in range(of_a_star)]
    return (distribution.domain_name, "localhost", "127.0.0.1", *named, *made)


def _location(request: ViewerRequest) -> str:
    """Return one of three edge locations, each with a cache of its own."""
    return f"LOC{request.client_ip[-1]}-P1"
