"""Counts are those of a brute-force reader, whatever the format and whatever is in it."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strata.caching.metrics import (
    DIMENSIONS,
    SUMMARY_DIMENSIONS,
    CacheMetrics,
    ReadOptions,
    TimeRange,
    UnknownDimensionError,
    get_cache_hit_ratio_summary,
    get_cache_metrics,
)
from tests.strata.caching.metrics import brute_force
from tests.strata.caching.metrics.log_files import (
    LEGACY,
    V2,
    json_lines,
    parquet,
    plain,
    request,
    text,
    write,
)

FORMATS = ("legacy", "w3c", "w3c spaces", "json", "plain", "plain without header", "parquet")
ONE_THREAD = ReadOptions(threads=1)

odd_text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), max_size=12)
tenants = st.one_of(st.sampled_from(["acme", "globex", "%E2%8", "a%20b", "%C3%BC", "a%26b", "%zz", "-"]), odd_text)
log_data = st.one_of(
    st.sampled_from(["-", "", "class=", "tenant=acme", "class=user_data", "x=1&class=realtime&tenant=", "sub-class=x"]),
    st.builds("class={}&tenant={}".format, st.sampled_from(["user_data", "static_data", "none"]), tenants),
    odd_text,
)
stems = st.one_of(
    st.sampled_from(
        [
            "/api/v1/payments",
            "/api/v1/payments/",
            "/api/v1/payments/p 1",
            "/api/v1/payments-export",
            "/api/v1/config",
            "/api/v1/webhook-logs/ä",
            "/api/v1/invoices%2Fx",
            "/%ff",
            "-",
        ]
    ),
    odd_text,
)
values = {
    "date": st.sampled_from(["2026-11-22", "2026-11-23", "2026-11-24", "-", "yesterday"]),
    "time": st.sampled_from(["00:00:00", "12:30:00", "23:59:59"]),
    "x-edge-location": st.sampled_from(["FRA56-C1", "FRA2-P1", "LHR61-P3", "X", "-"]),
    "x-edge-result-type": st.sampled_from(
        ["Hit", "RefreshHit", "Miss", "Error", "LimitExceeded", "Redirect", "FunctionGeneratedResponse", "hit", '"Hit"']
    ),
    "x-edge-detailed-result-type": st.sampled_from(["Hit", "Miss", "OriginShieldHit", "ClientCommError", "-"]),
    "cache-behavior-path-pattern": st.sampled_from(["/api/v1/payments", "/api/v1/config/*", "*", "-", "/a b/*"]),
    "viewer-request-log-data": log_data,
    "cs-method": st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "get", "-"]),
    "cs-uri-stem": stems,
    "sc-status": st.sampled_from(["200", "304", "404", "000", "-", ""]),
    "sc-bytes": st.sampled_from(["0", "1", "4294967296", "-", "many"]),
    "time-to-first-byte": st.sampled_from(["0.000", "0.001", "0.013", "1.5", "12.3456", "-", "soon"]),
    "c-country": st.sampled_from(["DE", "-"]),
    "cs(User-Agent)": odd_text,
}
records = st.lists(st.fixed_dictionaries(values), max_size=30)
windows = st.sampled_from(
    [
        TimeRange(),
        TimeRange(datetime(2026, 11, 23, tzinfo=UTC)),
        TimeRange(end=datetime(2026, 11, 23, 12, 30, tzinfo=UTC)),
        TimeRange(datetime(2026, 11, 22, 12, 30, tzinfo=UTC), datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)),
    ]
)


def store(folder: Path, kind: str, rows: list[dict[str, str]], *, gzipped: bool, newline: str) -> Path:
    if kind == "legacy":
        return write(folder / "log", text(LEGACY, rows, newline=newline), gzipped=gzipped)
    if kind == "w3c":
        return write(folder / "log", text(V2, rows, newline=newline), gzipped=gzipped)
    if kind == "w3c spaces":
        return write(folder / "log", text(V2, rows, newline=newline, delimiter=" "), gzipped=gzipped)
    if kind == "json":
        return write(folder / "log", json_lines(V2, rows, newline=newline, ascii_only=gzipped), gzipped=gzipped)
    if kind == "parquet":
        return parquet(folder / "log", V2, rows)
    return write(folder / "log", plain(V2, rows, header=kind == "plain"), gzipped=gzipped)


def expected(path: Path, kind: str, rows: list[dict[str, str]]) -> list[dict[str, str | None]]:
    if kind == "parquet":
        return [{name: brute_force.known(name, value) for name, value in row.items()} for row in rows]
    return list(brute_force.records(path, V2, " " if kind == "w3c spaces" else "\t"))


def within(record: dict[str, str | None], window: TimeRange) -> bool:
    when = brute_force.moment(record)
    if window.is_open:
        return True
    return when is not None and (window.start or when) <= when and (window.end is None or when < window.end)


def as_counts(metrics: CacheMetrics) -> dict:
    return {group.values: asdict(group.measures) for group in metrics.groups}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    kind=st.sampled_from(FORMATS),
    rows=records,
    window=windows,
    dimensions=st.lists(st.sampled_from(list(DIMENSIONS)), max_size=3, unique=True),
    gzipped=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_counts_equal_a_brute_force_count(kind, rows, window, dimensions, gzipped, newline):
    with tempfile.TemporaryDirectory() as folder:
        path = store(Path(folder), kind, rows, gzipped=gzipped, newline=newline)
        options = ReadOptions(plain_fields=tuple(V2), threads=1)
        metrics = get_cache_metrics(str(path), dimensions, time_range=window, options=options)
        every = expected(path, kind, rows)
    wanted = [record for record in every if within(record, window)]
    nothing = {(): brute_force.measures([])} if not dimensions else {}  # without dimensions there is one group, always
    assert as_counts(metrics) == (brute_force.count(wanted, dimensions) or nothing)
    assert asdict(metrics.total) == brute_force.measures(wanted)
    undated = sum(brute_force.moment(record) is None for record in every) if not window.is_open else 0
    reading = metrics.reading
    assert (reading.damaged, reading.lines, reading.undated) == ((), len(wanted), undated)
    assert reading.lines + reading.undated + reading.outside == len(every)


def test_a_summary_is_the_metrics_of_each_dimension(tmp_path):
    rows = [
        request(x_edge_result_type=result, sc_status=status, cs_uri_stem=stem)
        for result in ("Hit", "Miss", "Error")
        for status in ("200", "404")
        for stem in ("/api/v1/payments", "/health")
    ]
    path = write(tmp_path / "log.gz", text(LEGACY, rows), gzipped=True)
    summary = get_cache_hit_ratio_summary(str(path), options=ONE_THREAD)
    assert [table.dimensions for table in summary.tables] == [(name,) for name in SUMMARY_DIMENSIONS]
    for table in summary.tables:
        alone = get_cache_metrics(str(path), table.dimensions, options=ONE_THREAD)
        assert (table.groups, table.group_count) == (alone.groups, alone.group_count)
        assert (summary.by(*table.dimensions), summary.total) == (alone.groups, alone.total)


def test_files_of_several_formats_and_field_lists_add_up(tmp_path):
    short = ("x-edge-result-type", "cs-uri-stem")
    write(tmp_path / "a.gz", text(LEGACY, [request()]), gzipped=True)
    write(tmp_path / "b.json", json_lines(V2, [request(x_edge_result_type="Miss")]))
    write(tmp_path / "c.log", text(short, [request(cs_uri_stem="/api/v1/config/a")]))
    parquet(tmp_path / "d.parquet", short, [request(cs_uri_stem="/health")])
    write(tmp_path / "empty.log", "")
    write(tmp_path / "empty.gz", "", gzipped=True)
    metrics = get_cache_metrics(str(tmp_path), ("behavior", "pop"), options=ONE_THREAD)
    assert {group.values: group.measures.hits for group in metrics.groups} == {
        ("/api/v1/payments", "FRA"): 1,
        ("/api/v1/config/*", None): 1,
        ("*", None): 1,
    }
    assert (metrics.reading.files, metrics.reading.lines, metrics.total.misses) == (6, 4, 1)


def test_the_top_groups_are_the_largest_and_the_total_is_whole(tmp_path):
    rows = [request(cs_uri_stem=stem) for stem in ["/api/v1/payments"] * 3 + ["/api/v1/config"] * 2 + ["/x"]]
    path = write(tmp_path / "log", text(LEGACY, rows))
    metrics = get_cache_metrics(str(path), ("behavior", "status"), top=2, options=ONE_THREAD)
    shown = [(group.values[0], group.measures.requests) for group in metrics.groups]
    assert shown == [("/api/v1/payments", 3), ("/api/v1/config", 2)]
    assert (metrics.group_count, metrics.total.requests) == (3, 6)


@pytest.mark.parametrize("nothing", ["-", ""])
@pytest.mark.parametrize("kind", ["legacy", "json", "parquet"])
def test_a_dash_and_nothing_at_all_are_unknown(tmp_path, kind, nothing):
    row = request(sc_status=nothing, x_edge_location=nothing, viewer_request_log_data=nothing)
    path = store(tmp_path, kind, [row], gzipped=False, newline="\n")
    metrics = get_cache_metrics(str(path), ("status", "pop", "tenant"), options=ONE_THREAD)
    assert [group.values for group in metrics.groups] == [(None, None, None)]


def test_the_ratios_leave_out_what_no_cache_could_answer(tmp_path):
    rows = [
        request(sc_bytes="300", cs_method="HEAD"),
        request(x_edge_result_type="RefreshHit", sc_bytes="100"),
        request(x_edge_result_type="Miss", sc_bytes="500"),
        request(x_edge_result_type="Miss", x_edge_detailed_result_type="OriginShieldHit", sc_bytes="100"),
        request(x_edge_result_type="Miss", cs_method="POST"),
        request(x_edge_result_type="Miss", cs_method="DELETE"),
        request(x_edge_result_type="Error", sc_status="502"),
    ]
    total = get_cache_metrics(str(write(tmp_path / "log", text(LEGACY, rows))), (), options=ONE_THREAD).total
    assert (total.requests, total.comparable, total.left_out) == (7, 4, 3)
    assert (total.hit_ratio, total.edge_hit_ratio, total.byte_hit_ratio) == (0.75, 0.5, 0.5)
    assert total.cloudwatch_hit_ratio == 2 / 5  # DELETE counts there, a shield's hit does not


@pytest.mark.parametrize(
    "written", ["tenant=%C3%BCber%20all", "tenant=%25C3%25BCber%2520all", "tenant%3D%25C3%25BCber%2520all"]
)
@pytest.mark.parametrize("kind", ["json", "parquet"])  # the text formats of these tests encode once themselves
def test_a_tenant_reads_the_same_however_often_it_was_encoded(tmp_path, kind, written):
    path = store(tmp_path, kind, [request(viewer_request_log_data=written)], gzipped=False, newline="\n")
    metrics = get_cache_metrics(str(path), ("tenant",), options=ONE_THREAD)
    assert [group.values for group in metrics.groups] == [("über all",)]


def test_an_unknown_dimension_is_refused_with_those_that_are_known(tmp_path):
    with pytest.raises(UnknownDimensionError, match="by 'colour'; allowed: behavior, class, tenant, pop, shield"):
        get_cache_metrics(str(tmp_path), ("colour",))


def test_requests_that_no_log_has_are_none_and_no_ratio(tmp_path):
    metrics = get_cache_metrics(str(tmp_path), options=ONE_THREAD)
    assert (metrics.total.requests, metrics.total.hit_ratio, metrics.groups, metrics.reading.files) == (0, None, (), 0)
