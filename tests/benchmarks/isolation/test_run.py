"""A run of 50,000 requests on the contract's distribution: no rule is violated, and everything that matters occurs."""

from __future__ import annotations

import asyncio

from benchmarks.isolation.deployment import DEFAULT_SETUP, Setup, deployment_of
from benchmarks.isolation.proof import proof, worker
from benchmarks.isolation.run import Run
from benchmarks.isolation.traffic import Scale

#: Twice the callers of the full run, so that a twentieth of its requests come from more than 10,000.
LARGE = Scale(identities=24_000, objects=200, hosts=40)
SMALL = Scale(identities=60, objects=30, hosts=3)


def report_of(requests, seed, setup=DEFAULT_SETUP):
    async def run():
        async with worker() as one:
            return await Run(deployment_of(setup), setup, one, seed, SMALL).requests(requests)

    return asyncio.run(run())


def test_no_caller_gets_another_callers_answer():
    report = asyncio.run(proof(deployment_of(), seed=50, requests=50_000, scale=LARGE))
    assert report.violations == ()
    assert report.requests >= 50_000
    assert report.callers >= 10_000
    counted = report.statistics
    # A run without hits, shared answers and errors would prove nothing.
    assert counted.result_types["Hit"] > 5_000
    assert counted.result_types["RefreshHit"] > 300
    assert counted.result_types["Error"] > 2_000
    assert counted.result_types["FunctionGeneratedResponse"] > 2_000
    assert counted.origin_shield_hits > 300
    assert counted.collapsed > 300
    assert counted.invalidated > 1_000
    assert len(counted.path_patterns) == len(deployment_of().distribution.behaviors)


def test_every_setup_of_a_stack_keeps_callers_apart():
    for setup in (Setup(has_store=False), Setup(tenant_claim=None), Setup(languages=("en", "de")), Setup(aliases=())):
        assert report_of(3_000, 1, setup).violations == (), setup


def test_a_seed_makes_one_run_and_another_seed_another():
    first, same, other = report_of(1_000, 1), report_of(1_000, 1), report_of(1_000, 2)
    assert first == same
    assert first.statistics != other.statistics
