"""What the local edge writes is read as what CloudFront writes."""

from __future__ import annotations

import pytest

from local.edge.access_log import Entry, text
from local.edge.log_delivery import LEGACY_FIELDS, LogDelivery
from local.edge.messages import Decision, ViewerRequest, ViewerResponse
from strata.caching.metrics import ReadOptions, get_cache_metrics
from tests.strata.caching.metrics.log_files import V2, write

TIME = 1_795_460_399.25  # 2026-11-23 18:59:59 UTC


def entry(result: str, detailed: str, tenant: str, path: str) -> Entry:
    decision = Decision(
        path_pattern=path,
        key=(),
        result_type=result,
        detailed_result_type=detailed,
        log_data=f"class=user_data&tenant={tenant}",
        to_first_byte_seconds=0.012,
    )
    headers = (("x-amz-cf-pop", "LOC50-P1"), ("content-length", "5"))
    request = ViewerRequest("GET", path, "", (("host", "api.example"),))
    return Entry(TIME, request, ViewerResponse(200, headers, b"hello", decision), "d1.cloudfront.net")


ENTRIES = [
    entry("Hit", "Hit", "%C3%BCber%20all", "/api/v1/payments"),
    entry("Miss", "OriginShieldHit", "acme", "/api/v1/payments"),
    entry("Miss", "Miss", "acme", "/api/v1/payments"),
]


@pytest.mark.parametrize(
    ("fields", "output_format", "tenants"),
    [
        (tuple(V2), "json", {("acme",): 2, ("über all",): 1}),
        (tuple(V2), "w3c", {("acme",): 2, ("über all",): 1}),
        (LEGACY_FIELDS, "w3c", {(None,): 3}),
    ],
)
def test_its_lines_are_counted(tmp_path, fields, output_format, tenants):
    delivery = LogDelivery("logs", "", fields, output_format)
    path = write(tmp_path / "log.gz", text(delivery, ENTRIES), gzipped=True)
    metrics = get_cache_metrics(str(path), ("tenant",), options=ReadOptions(threads=1))
    assert {group.values: group.measures.requests for group in metrics.groups} == tenants
    total = metrics.total
    assert (total.edge_hits, total.shield_hits, total.misses, metrics.reading.damaged) == (1, 1, 1, ())
    assert total.hit_first_byte is not None
    assert total.hit_first_byte.p50 == 0.012
    places = get_cache_metrics(str(path), ("behavior", "class", "pop", "hour"), options=ReadOptions(threads=1)).groups
    assert [group.values for group in places] == [("/api/v1/payments", "user_data", "LOC", "2026-11-23T18:00Z")]
