"""The local edge's worker runs the deployed function as Node and njs do here."""

from __future__ import annotations

import asyncio

from local.edge.function_worker import FunctionWorker
from local.edge.model import EdgeFunction
from strata.caching.edge_function import render
from tests.edge_functions.cases import cases

#: The worker has the machine's clock, and its stores never fail.
CASES = [case for case in cases() if not case.call.broken and "exp" not in case.name]


def store_arn(case):
    return f"arn:aws:cloudfront::123456789012:key-value-store/{case.name}"


def function(case):
    store = None if case.call.store is None else store_arn(case)
    return EdgeFunction(case.name, render(case.call.settings).encode(), "cloudfront-js-2.0", store)


async def answers():
    worker = FunctionWorker()
    worker.deploy(map(function, CASES))
    worker.set_stores({store_arn(case): case.call.store for case in CASES if case.call.store is not None})
    await worker.start()
    try:
        return await asyncio.gather(*(worker(case.name, dict(case.call.event)) for case in CASES))
    finally:
        await worker.stop()


def test_the_cases_are_answered_alike():
    assert len(CASES) > 60
    found = {
        case.name: {"value": got.value, "log": [got.log_data]}
        for case, got in zip(CASES, asyncio.run(answers()), strict=True)
    }
    assert found == {case.name: case.expected for case in CASES}
