from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from benchmarks import middleware
from benchmarks.options import Options
from strata.caching import CdnCacheMiddleware


@pytest.mark.parametrize(("path", "endpoint"), [(path, endpoint) for _, path, endpoint in middleware._ANSWERS])
def test_what_is_measured_is_an_answer_that_is_kept(path, endpoint):
    started = []

    async def send(message):
        started.extend([message] if message["type"] == "http.response.start" else [])

    app = CdnCacheMiddleware(Starlette(routes=[Route(path, endpoint)]), origin_verify=middleware._SECRETS)
    asyncio.run(app(middleware._scope(path), middleware._receive, send))
    (start,) = started
    assert start["status"] == 200
    assert dict(start["headers"])[b"cache-control"] == b"max-age=0, s-maxage=30, stale-if-error=0"


def test_both_sides_take_time(monkeypatch):
    monkeypatch.setattr(middleware, "_REQUESTS", 5)
    found = middleware.measure(Options(repeats=2))
    assert [comparison.kind for comparison in found] == ["ratio"] * 3
    for comparison in found:
        assert min(comparison.measured.samples + comparison.baseline.samples) > 0
