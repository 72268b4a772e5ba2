"""Access logs: the deployed fields in the deployed place, and nothing that is a credential."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from local.edge.access_log import AccessLog, Entry, text
from local.edge.log_delivery import LEGACY_FIELDS, LogDelivery
from local.edge.messages import Decision, ViewerRequest, ViewerResponse
from strata import aws

#: As the stack deploys them, but for order and a few that are always empty here.
RECORD_FIELDS = [
    "date",
    "time",
    "timestamp(ms)",
    "x-edge-location",
    "x-edge-request-id",
    "x-edge-result-type",
    "x-edge-response-result-type",
    "x-edge-detailed-result-type",
    "cache-behavior-path-pattern",
    "viewer-request-log-data",
    "cs-method",
    "cs(Host)",
    "x-host-header",
    "cs-uri-stem",
    "cs-protocol",
    "cs-protocol-version",
    "cs(User-Agent)",
    "cs-bytes",
    "sc-status",
    "sc-bytes",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
    "time-taken",
    "time-to-first-byte",
    "origin-fbl",
    "c-ip",
    "c-port",
    "c-country",
    "asn",
    "x-forwarded-for",
    "ssl-protocol",
]
TIME = datetime(2026, 11, 23, 18, 59, 59, 250_000, UTC).timestamp()
V2 = LogDelivery("logs", "AWSLogs/1/CloudFront/E1/{yyyy}/{MM}/{dd}/{HH}", tuple(RECORD_FIELDS), "json")
LEGACY = LogDelivery("logs", "cdn", LEGACY_FIELDS, "w3c")
SECRETS = ("secret-token", "secret-cookie", "secret-query", "secret-referer", "0123abcd" * 8)


def entry(time: float = TIME) -> Entry:
    request = ViewerRequest(
        "GET",
        "/a b\tc",
        "token=secret-query",
        (
            ("host", "api.example"),
            ("authorization", "Bearer secret-token"),
            ("cookie", "a=secret-cookie"),
            ("referer", "https://x/?secret-referer"),
            ("user-agent", 'curl "8"\n#'),
            ("x-forwarded-for", "10.0.0.1"),
        ),
        client_ip="192.0.2.1",
        client_port=4711,
    )
    headers = (
        ("content-type", "text/plain"),
        ("content-length", "5"),
        ("x-amz-cf-id", "request-1"),
        ("x-amz-cf-pop", "LOC50-P1"),
        ("content-range", "bytes 0-4/10"),
    )
    decision = Decision(
        "/a*",
        ("GET", "x-auth-hash:" + "0123abcd" * 8),
        "Hit",
        "OriginShieldHit",
        log_data="class=user_data&tenant=acme%20x",
        to_first_byte_seconds=0.0012,
        taken_seconds=0.25,
    )
    return Entry(time, request, ViewerResponse(206, headers, b"hello", decision), "d1.cloudfront.net")


def test_a_v2_record_has_the_deployed_fields_as_text() -> None:
    record = json.loads(text(V2, [entry()]))

    assert list(record) == RECORD_FIELDS
    expected = {
        "date": "2026-11-23",
        "time": "18:59:59",
        "timestamp(ms)": str(round(TIME * 1000)),
        "x-edge-location": "LOC50-P1",
        "x-edge-request-id": "request-1",
        "x-edge-result-type": "Hit",
        "x-edge-detailed-result-type": "OriginShieldHit",
        "cache-behavior-path-pattern": "/a*",
        "viewer-request-log-data": "class=user_data&tenant=acme%20x",
        "cs(Host)": "d1.cloudfront.net",
        "x-host-header": "api.example",
        "cs-uri-stem": "/a%20b%09c",
        "cs(User-Agent)": "curl%20%228%22%0A%23",
        "sc-status": "206",
        "sc-range-start": "0",
        "sc-range-end": "4",
        "time-taken": "0.250",
        "time-to-first-byte": "0.001",
        "c-ip": "192.0.2.1",
        "c-port": "4711",
        "ssl-protocol": "-",
    }
    assert {name: record[name] for name in expected} == expected
    assert all(isinstance(value, str) and value for value in record.values())


def test_a_legacy_file_has_two_header_lines_and_33_fields() -> None:
    version, fields, line = text(LEGACY, [entry()]).splitlines()

    assert version == "#Version: 1.0"
    assert fields == "#Fields: " + " ".join(LEGACY_FIELDS)
    assert len(LEGACY_FIELDS) == len(line.split("\t")) == 33
    record = dict(zip(LEGACY_FIELDS, line.split("\t"), strict=True))
    assert (record["cs(Cookie)"], record["cs-uri-query"], record["cs(Referer)"]) == ("-", "-", "-")
    assert record["x-edge-detailed-result-type"] == "OriginShieldHit"


@pytest.mark.parametrize("output_format", ["json", "w3c"])
def test_no_character_breaks_a_line(output_format: Any) -> None:
    every = "".join(map(chr, range(256))) + "%s é"
    one = entry()
    request = replace(one.request, path=every, headers=(("host", every), ("user-agent", every)))
    decision = replace(one.response.decision, path_pattern=every, log_data=every)
    hostile = replace(one, request=request, response=replace(one.response, decision=decision))
    written = text(LogDelivery("logs", "", tuple(RECORD_FIELDS), output_format), [hostile, one])

    lines = written.splitlines()[-2:]
    if output_format == "json":
        values = [list(json.loads(line).values()) for line in lines]
    else:
        values = [line.split("\t") for line in lines]
    assert [len(row) for row in values] == [len(RECORD_FIELDS)] * 2
    assert unquote(values[0][RECORD_FIELDS.index("cs-uri-stem")], "latin-1") == every


@pytest.mark.parametrize("output_format", ["json", "w3c"])
def test_no_credential_is_written_whatever_fields_are_deployed(output_format: Any) -> None:
    every = (*dict.fromkeys([*RECORD_FIELDS, *LEGACY_FIELDS]), "cs(Authorization)", "cs(X-Auth-Hash)")
    written = text(LogDelivery("logs", "", every, output_format), [entry()])

    assert [secret for secret in SECRETS if secret in written] == []


def make_bucket(account: str) -> str:
    """Make a bucket in the account; its name is unique among all accounts, as S3 wants it."""
    bucket = f"logs-{account}"
    aws.client("s3", None).create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return bucket


def bucket_content(bucket: str) -> dict[str, str]:
    client = aws.client("s3", None)
    keys = [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: gzip.decompress(client.get_object(Bucket=bucket, Key=key)["Body"].read()).decode() for key in keys}


def test_files_of_one_hour_each_land_where_the_delivery_says(account: str) -> None:
    bucket = make_bucket(account)

    async def run() -> list[int]:
        log = AccessLog()
        log.add(entry())
        log.replace_deliveries("E1", [replace(V2, bucket=bucket), replace(LEGACY, bucket=bucket)])
        log.add(entry())
        log.add(entry(TIME + 1))
        log.add(entry(TIME + 2))
        return [await log.flush(), await log.flush(), log.written]

    assert asyncio.run(run()) == [6, 0, 6]
    content = bucket_content(bucket)
    lines = {key.rpartition(".gz")[0].rpartition(".")[0]: len(file.splitlines()) for key, file in content.items()}
    assert lines == {
        "AWSLogs/1/CloudFront/E1/2026/11/23/18/E1.2026-11-23-18": 1,
        "AWSLogs/1/CloudFront/E1/2026/11/23/19/E1.2026-11-23-19": 2,
        "cdn/E1.2026-11-23-18": 3,
        "cdn/E1.2026-11-23-19": 4,
    }


def test_lines_wait_for_a_bucket_that_does_not_answer_and_the_oldest_go_first(
    account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.edge.access_log.MAXIMUM_WAITING", 2)

    async def run() -> tuple[int, int, int]:
        log = AccessLog()
        log.replace_deliveries("E1", [replace(V2, bucket=f"logs-{account}")])
        for second in range(3):
            log.add(entry(TIME - second))
        refused = await log.flush()
        make_bucket(account)
        return refused, await log.flush(), log.dropped

    assert asyncio.run(run()) == (0, 2, 1)
