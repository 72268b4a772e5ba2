"""Both sides of the benchmark count the same, so that their times can be compared."""

from __future__ import annotations

import pytest

from benchmarks import access_logs
from strata.caching.metrics import ReadOptions, get_cache_metrics


@pytest.mark.parametrize("name", ["legacy", "json"])
def test_plain_python_counts_what_we_count(monkeypatch, name):
    monkeypatch.setattr(access_logs, "FILES", 2)
    monkeypatch.setattr(access_logs, "LINES_PER_FILE", 500)
    with access_logs.access_logs() as folders:
        plain = access_logs._count(folders[name])
        metrics = get_cache_metrics(str(folders[name]), options=ReadOptions(threads=1))
    by_behavior: dict[str, int] = {}
    for (behavior, *_), number in plain.items():
        by_behavior[behavior] = by_behavior.get(behavior, 0) + number
    assert {group.values[0]: group.measures.requests for group in metrics.groups} == by_behavior
    assert metrics.total.comparable == access_logs._comparable(plain)
    assert metrics.total.requests == 1000
