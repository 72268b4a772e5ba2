"""What each provider's own SDK sends for a purge, against what it was recorded to send.

The files are made again on purpose only: ``RENEW_CONTRACTS=1 pytest tests/strata/caching/purge/test_contracts.py``.
"""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from strata.caching.purge import purge_cdn_cache
from tests.strata.caching.purge.providers import (
    TOKEN,
    accepted_by_cloudflare,
    invalidation,
    provider_on,
    purged_by_fastly,
)

if TYPE_CHECKING:
    from tests.strata.caching.purge.conftest import Clock
    from tests.strata.caching.purge.scripted_server import Answer, Request

CONTRACTS = Path(__file__).resolve().parent.parent / "contracts"
#: They name the machine, the moment or the version, and no contract.
VOLATILE = {
    "accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request", "api-version", "connection", "content-length",
    "host", "user-agent", "x-amz-content-sha256", "x-amz-date", "x-amz-user-agent", "x-stainless-retry-count",
}  # fmt: skip
CREDENTIALS = {"authorization", "fastly-key"}


@dataclass(frozen=True)
class Case:
    name: str
    answers: tuple[Answer, ...]
    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    soft: bool = False

    @property
    def provider(self) -> str:
        return self.name.partition("_")[0]


CASES = [
    Case(
        "cloudfront_paths_tags_and_wildcards",
        (
            invalidation("InProgress", "I1"),
            invalidation("InProgress", "I2"),
            invalidation("InProgress", "I1", 200),
            invalidation("Completed", "I1", 200),
        ),
        ("/api/v1/payments", "/api/v1/payments?limit=10", "/api/v1/config/*"),
        ("payment:1", "tenant:acme"),
    ),
    Case("cloudflare_tags", (accepted_by_cloudflare(),), tags=("payment:1", "tenant:acme")),
    Case("cloudflare_tags_soft", (accepted_by_cloudflare(),), tags=("payment:1",), soft=True),
    Case("cloudflare_paths", (accepted_by_cloudflare(),), ("/api/v1/payments?limit=10", "/api/v1/config/*", "/*")),
    Case("cloudflare_paths_soft", (accepted_by_cloudflare(),), ("/api/v1/payments",), soft=True),
    Case("fastly_tags", (purged_by_fastly("payment:1", "tenant:acme"),), tags=("payment:1", "tenant:acme")),
    Case("fastly_tags_soft", (purged_by_fastly("payment:1"),), tags=("payment:1",), soft=True),
    Case("fastly_paths", (purged_by_fastly(),), ("/api/v1/payments", "/api/v1/payments?limit=10&a=%20")),
    Case("fastly_paths_soft", (purged_by_fastly(),), ("/api/v1/payments",), soft=True),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sdk_sends_what_was_recorded(case: Case, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with provider_on(case.provider, list(case.answers), monkeypatch) as (provider, server):
        purge_cdn_cache(provider, case.paths, case.tags, case.soft, idempotency_key="contract")
    sent = [_contract(request) for request in server.requests]
    file = CONTRACTS / f"{case.name}.json"
    if os.environ.get("RENEW_CONTRACTS") == "1":
        file.write_text(json.dumps(sent, indent=2) + "\n")
    assert json.loads(file.read_text()) == sent


def test_every_contract_has_its_case() -> None:
    assert {file.stem for file in CONTRACTS.glob("*.json")} == {case.name for case in CASES}


def test_no_contract_holds_a_credential() -> None:
    assert not [file for file in CONTRACTS.glob("*.json") if TOKEN in file.read_text()]


def _contract(request: Request) -> dict[str, object]:
    parts = urlsplit(request.target)
    headers = {
        name: "<redacted>" if name in CREDENTIALS else value
        for name, value in sorted(request.headers.items())
        if name not in VOLATILE and not name.startswith("x-stainless")
    }
    return {
        "method": request.method,
        "path": parts.path,
        "query": parts.query,
        "headers": headers,
        "body": _body(request.body),
    }


def _body(body: str) -> object:
    if body.startswith("<"):
        return _element(ET.fromstring(body))  # noqa: S314 - the SDK wrote it, in this process
    return json.loads(body) if body else None


def _element(element: ET.Element) -> object:
    return {element.tag: [_element(child) for child in element] or element.text}
