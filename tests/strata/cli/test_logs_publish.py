"""`strata logs publish` from the bucket of the stack's edge."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from strata import aws
from strata.cli.logs_publish import UnknownStackError, _stack_of
from strata.cli.stack_edge import NoEdgeError
from tests.local.providers.conftest import REGION
from tests.strata.caching.metrics.conftest import bucket  # noqa: F401 - a fixture
from tests.strata.caching.metrics.log_files import V2, json_lines, request
from tests.strata.cli.conftest import set_edge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.strata.caching.metrics.conftest import Bucket
    from tests.strata.cli.conftest import Run

HOURS_AGO = 2


@pytest.fixture
def logged(bucket: Bucket, edge: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:  # noqa: F811
    """Let the stack's bucket hold 200 requests of two hours ago, and return that hour."""
    set_edge(monkeypatch, edge | {"access_log_bucket": bucket.name, "region": REGION})
    hour = (datetime.now(UTC) - timedelta(hours=HOURS_AGO)).replace(minute=0, second=0, microsecond=0)
    common = {"date": f"{hour:%Y-%m-%d}", "time": f"{hour:%H}:30:00", "viewer_request_log_data": "class=user_data"}
    rows = [request(**common)] * 150 + [request(x_edge_result_type="Miss", **common)] * 50
    bucket.put(f"AWSLogs/123456789012/CloudFront/E1EXAMPLE/{hour:%Y/%m/%d/%H}/a.gz", json_lines(V2, rows))
    aws._client.cache_clear()
    yield hour
    aws.client("cloudwatch", REGION).close()
    aws._client.cache_clear()


def test_the_hours_that_are_missing_are_put_and_shown(run: Run, logged: datetime) -> None:
    output = run("logs", "publish", "--stack", "prod", "--late", "0").stdout
    row = next(
        line.split() for line in output.splitlines() if line.startswith(f"{logged:%Y-%m-%d %H}") and "user" in line
    )
    assert row[2:] == ["user_data", "200", "75.0", "%"]
    again = run("logs", "publish", "--stack", "prod", "--late", "0").stdout
    assert again == "nothing to publish: CloudWatch has every hour of the window\n"


def test_a_dry_run_puts_nothing(run: Run, logged: datetime) -> None:
    arguments = ("logs", "publish", "--stack", "prod", "--late", "0", "--hours", "3")
    planned = json.loads(run(*arguments, "--dry-run", "--json").stdout)
    assert planned["published"] is False
    assert len(planned["hours"]) == 9
    done = json.loads(run(*arguments, "--json").stdout)
    assert done["published"] is True
    assert done["hours"] == planned["hours"]
    assert {
        "cache_class": "user_data",
        "hour": logged.isoformat(),
        "requests": 200,
        "hit_ratio_percent": 75.0,
    } in done["hours"]
    assert json.loads(run(*arguments, "--json").stdout)["hours"] == []


def test_a_file_that_cannot_be_read_is_named_and_the_rest_counts(
    run: Run,
    logged: datetime,
    bucket: Bucket,  # noqa: F811 - the fixture
) -> None:
    bucket.put(f"AWSLogs/123456789012/CloudFront/E1EXAMPLE/{logged:%Y/%m/%d/%H}/b.gz", b"\x1f\x8bnot gzip")
    result = run("logs", "publish", "--stack", "prod", "--late", "0")
    assert "75.0 %" in result.stdout
    assert "warning: " in result.stderr
    assert "b.gz" in result.stderr


def test_the_stack_follows_from_the_reference() -> None:
    assert _stack_of("ssm:/strata/prod-2/edge") == "prod-2"
    with pytest.raises(UnknownStackError) as raised:
        _stack_of("env:EDGE")
    assert str(raised.value) == (
        "the stack's name does not follow from the reference env:EDGE; allowed: ssm:/strata/STACK/edge, or --stack NAME"
    )


def test_without_an_edge_the_way_on_is_named(run: Run) -> None:
    assert isinstance(run("logs", "publish").exception, NoEdgeError)


@pytest.mark.parametrize("hours", ["0", "25"])
def test_more_than_a_day_back_is_a_mistake_of_usage(run: Run, hours: str) -> None:
    assert run("logs", "publish", "--hours", hours).exit_code == 2
