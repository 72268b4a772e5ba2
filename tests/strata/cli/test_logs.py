"""`strata logs hit-ratio`, from a folder and from the bucket of the stack's edge."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from strata.caching.metrics import LogSourceError, UnreadableLogFileError
from strata.caching.metrics import UnknownDimensionError as UnknownError
from strata.caching.metrics.time_range import TimeRangeError
from strata.cli.stack_edge import NoEdgeError
from tests.strata.caching.metrics.conftest import bucket  # noqa: F401 - a fixture
from tests.strata.caching.metrics.log_files import LEGACY, V2, json_lines, plain, request, text, write
from tests.strata.cli.conftest import set_edge

if TYPE_CHECKING:
    from pathlib import Path

    from tests.strata.caching.metrics.conftest import Bucket
    from tests.strata.cli.conftest import Run

ROWS = [
    *[request(viewer_request_log_data="class=user_data&tenant=acme")] * 3,
    request(x_edge_result_type="Miss", viewer_request_log_data="class=user_data&tenant=globex"),
    request(x_edge_result_type="Error", sc_status="502", cs_uri_stem="/health", time="20:00:00"),
]


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(write(tmp_path / "log.gz", json_lines(V2, ROWS), gzipped=True))


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def test_the_hit_ratio_of_each_behavior_is_a_row_with_a_bar(run: Run, log: str) -> None:
    lines = run("logs", "hit-ratio", log).stdout.splitlines()
    assert lines[0] == "hit ratio 75.0 % of 4 requests that a cache could answer"
    assert any(line.startswith("behavior ") for line in lines)
    row = next(cells(line) for line in lines if line.startswith("/api/v1/payments "))
    assert row[:4] == ["/api/v1/payments", "4", "75.0 %", "█" * 15 + "░" * 5]
    assert any(cells(line)[:3] == ["*", "1", "-"] for line in lines)


def test_tables_by_several_dimensions_and_by_several_together(run: Run, log: str) -> None:
    output = run("logs", "hit-ratio", log, "--by", "status", "--by", "class,tenant").stdout
    rows = [cells(line)[:3] for line in output.splitlines()]
    assert ["502", "1", "-"] in rows
    assert ["user_data · acme", "3", "100.0 %"] in rows


def test_the_document_holds_the_tables_that_were_asked_for(run: Run, log: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    document = json.loads(run("logs", "hit-ratio", log, "--by", "tenant", "--json", "--html", str(page)).stdout)
    assert [table["dimensions"] for table in document["tables"]] == [["tenant"]]
    groups = {group["values"]["tenant"]: group for group in document["tables"][0]["groups"]}
    assert (groups["acme"]["hit_ratio"], groups["globex"]["hit_ratio"]) == (1.0, 0.0)
    assert groups[None]["result_types"] == {"Error": 1}
    assert (document["from"], document["reading"]["files"], document["reading"]["damaged"]) == (None, 1, [])
    assert "By tenant" in page.read_text()


def test_a_window_is_kept(run: Run, log: str) -> None:
    document = json.loads(
        run("logs", "hit-ratio", log, "--json", "--from", "2026-11-23T19:00", "--to", "2026-11-24").stdout
    )
    assert document["from"] == "2026-11-23T19:00:00+00:00"
    assert (document["total"]["requests"], document["reading"]["outside"]) == (1, 4)


def test_only_the_largest_groups_are_shown_unless_all_are(run: Run, log: str) -> None:
    shown = run("logs", "hit-ratio", log, "--by", "tenant", "--top", "1").stdout
    assert "and 2 more; --top 0 shows all" in shown
    assert "globex" not in shown
    assert "globex" in run("logs", "hit-ratio", log, "--by", "tenant", "--top", "0").stdout


def test_an_empty_answer_says_what_was_looked_at_and_that_logs_come_late(run: Run, tmp_path: Path, log: str) -> None:
    folder = tmp_path / "none"
    folder.mkdir()
    result = run("logs", "hit-ratio", str(folder))
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"nothing to count: no log files in {folder} (all times). CloudFront delivers logs some" in result.stderr
    late = run("logs", "hit-ratio", log, "--from", "2026-12-01").stderr
    assert f"5 requests in {log} are all outside the window (from 2026-12-01 00:00 UTC)" in late
    empty = write(tmp_path / "empty.log", "")
    assert f"no request in the 1 log files in {empty}" in run("logs", "hit-ratio", str(empty)).stderr


def test_an_empty_answer_is_a_document_too(run: Run, tmp_path: Path) -> None:
    document = json.loads(run("logs", "hit-ratio", str(tmp_path), "--json").stdout)
    assert (document["total"]["requests"], document["total"]["hit_ratio"]) == (0, None)


def test_skipped_lines_are_a_warning(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "log", text(LEGACY, ROWS) + "bad\n")
    result = run("logs", "hit-ratio", str(path))
    assert result.exit_code == 0
    assert f"warning: {path}: 1 line skipped (line 8)" in result.stderr


def test_unreadable_files_stop_the_count_unless_it_is_to_go_on(run: Run, tmp_path: Path, log: str) -> None:
    bad = write(tmp_path / "notes.txt", "hello")
    assert isinstance(run("logs", "hit-ratio", str(tmp_path)).exception, UnreadableLogFileError)
    result = run("logs", "hit-ratio", str(tmp_path), "--keep-going")
    assert result.stdout.startswith("hit ratio 75.0 %")
    assert f"warning: {bad}: left out: its beginning has no #Fields header" in result.stderr
    assert log


def test_plain_files_without_a_header_need_their_fields(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "log", plain(V2, ROWS, header=False))
    result = run("logs", "hit-ratio", str(path), "--fields", ",".join(V2))
    assert result.stdout.startswith("hit ratio 75.0 % of 4 requests")


def test_what_moves_a_cursor_is_not_printed(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "log", json_lines(V2, [request(viewer_request_log_data="class=x&tenant=\x1b[2J[red]")]))
    output = run("logs", "hit-ratio", str(path), "--by", "tenant").stdout
    assert "\\x1b[2J[red]" in output
    assert "\x1b" not in output


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("x.gz",), LogSourceError),
        ((".", "--by", "colour"), UnknownError),
        ((".", "--from", "soon"), TimeRangeError),
        ((".", "--from", "2026-11-23", "--to", "2026-11-22"), TimeRangeError),
        ((), NoEdgeError),
    ],
)
def test_refusals(run: Run, arguments: tuple[str, ...], error: type[Exception]) -> None:
    assert isinstance(run("logs", "hit-ratio", *arguments).exception, error)


def test_without_a_source_it_is_the_bucket_of_the_edge(
    run: Run,
    bucket: Bucket,  # noqa: F811 - the fixture
    edge: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_edge(monkeypatch, edge | {"access_log_bucket": bucket.name})
    bucket.put("AWSLogs/123456789012/CloudFront/E1EXAMPLE/2026/11/23/18/a.gz", json_lines(V2, ROWS))
    result = run("logs", "hit-ratio", "--from", "2026-11-23T18:00", "--to", "2026-11-23T19:00")
    assert result.stdout.startswith("hit ratio 75.0 % of 4 requests")
    empty = run("logs", "hit-ratio", "--from", "2026-11-22", "--to", "2026-11-23")
    assert f"no log files in s3://{bucket.name}/ (from 2026-11-22 00:00 UTC to 2026-11-23 00:00 UTC)" in empty.stderr
