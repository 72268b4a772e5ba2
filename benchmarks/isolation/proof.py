"""The whole proof: a distribution as `pulumi up` leaves it, a million requests, and every fault found."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from benchmarks.comparison import Comparison, Side
from benchmarks.environment import environment
from benchmarks.isolation.deployment import DEFAULT_SETUP
from benchmarks.isolation.kills import kills, write_kills
from benchmarks.isolation.mutants import MUTANTS, prove
from benchmarks.isolation.run import Run
from benchmarks.isolation.traffic import Scale
from local import stack
from local.edge import control_plane
from local.edge.function_worker import FunctionWorker
from local.variables import process_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from benchmarks.isolation.kills import Kill
    from benchmarks.isolation.run import Report
    from benchmarks.options import Options
    from local.edge.control_plane import Deployment

REQUESTS: Final = 1_000_000
SEED: Final = 2026
SCALE: Final = Scale(identities=12_000, objects=200, hosts=40)
_PROGRESS_EVERY: Final = 50_000
_TENANT: Final = "acme"

_log = logging.getLogger("strata.caching.middleware")


def measure(options: Options) -> tuple[Comparison, ...]:
    """Return the violations of a million requests, and the faults that survive."""
    found = asyncio.run(prove_all())
    if options.is_recorded:
        write_kills(found)
    started = time.monotonic()
    report = asyncio.run(proof(deployed(), SEED, REQUESTS))
    seconds = time.monotonic() - started
    for violation in report.violations[:20]:
        print(f"  {violation}", flush=True)
    survivors = sum(kill.rule is None for kill in found)
    counted = report.statistics
    kept = counted.result_types.get("Hit", 0) + counted.result_types.get("RefreshHit", 0)
    return (
        _figure("requests for which a rule did not hold", "violations", len(report.violations)),
        _figure("requests", "requests", report.requests),
        _figure("callers with an accepted token", "callers", report.callers),
        _figure("answered from a cache", "requests", kept),
        _figure("answered by the Origin Shield", "requests", counted.origin_shield_hits),
        _figure("answered together with another one", "requests", counted.collapsed),
        _figure("faults that were tried", "faults", len(found)),
        _figure("faults that survived", "faults", survivors),
        _figure("time of the run", "s", round(seconds)),
    )


def deployed() -> Deployment:
    """Bring a stack up, and return what it leaves in the account; the environment is removed again."""
    with environment([_TENANT], {"strata:cdn": {"tenantClaim": DEFAULT_SETUP.tenant_claim}}) as one:
        variables = process_environment(one.home)
        os.environ.update({name: value for name, value in variables.items() if name.startswith("AWS_")})
        return control_plane.read(stack.outputs(one.home)["cdn_distribution_id"])


async def proof(deployment: Deployment, seed: int, requests: int, scale: Scale = SCALE) -> Report:
    """Return the report of a run over a deployment, with the claim that `DEFAULT_SETUP` has."""
    async with worker() as one:
        run = Run(deployment, DEFAULT_SETUP, one, seed, scale)
        return await run.requests(requests, progress_every=_PROGRESS_EVERY)


async def prove_all(names: Collection[str] | None = None) -> list[Kill]:
    """Try every fault, or those that are named, and return what found each."""
    async with worker() as one:
        return kills([await prove(mutant, one) for mutant in MUTANTS if names is None or mutant.name in names])


@asynccontextmanager
async def worker() -> AsyncIterator[FunctionWorker]:
    """Start a worker; the middleware, whose surprises are wanted here, says nothing meanwhile."""
    one, level = FunctionWorker(), _log.level
    _log.setLevel(logging.CRITICAL)
    await one.start()
    try:
        yield one
    finally:
        await one.stop()
        _log.setLevel(level)


def _figure(name: str, unit: str, value: float) -> Comparison:
    return Comparison(name, "figure", unit, Side(name, (value,)))
