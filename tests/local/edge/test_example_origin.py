"""The example API: who it says the caller is, and that it is for trying the real middleware."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest

from local.edge.example_origin import ExampleApi, caller
from strata.caching import CdnCacheMiddleware
from strata.caching.classes import AUTH_HASH_HEADER, CACHED_PATHS, NONE, ORIGIN_VERIFY_HEADER, RELAY_HEADER

SECRET = "e" * 64
FROM_EDGE = {ORIGIN_VERIFY_HEADER: SECRET}
CALLER = {**FROM_EDGE, AUTH_HASH_HEADER: "0" * 64, RELAY_HEADER: "Bearer alice"}


def jwt(claims: dict[str, Any]) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, {})
    )


def ask(*requests: tuple[str, str, dict[str, str]]) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        app = CdnCacheMiddleware(ExampleApi(), origin_verify=[SECRET], exempt_paths=["/healthz"])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:  # type: ignore[arg-type]
            return [await client.request(method, path, headers=headers) for method, path, headers in requests]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (None, None),
        ("", None),
        (f"Bearer {jwt({'sub': 'alice'})}", "alice"),
        (f"Bearer {jwt({'sub': 7})}", "7"),
        ("Bearer alice", "token 2bd806c9"),
        ("Bearer a.b.c", "token 845e3044"),
        ("Bearer a.WyJhIl0.c", "token 536aa79d"),
    ],
)
def test_the_caller_is_a_subject_or_a_few_digits(authorization: str | None, expected: str | None) -> None:
    assert caller(authorization) == expected


def test_every_cached_path_answers_in_its_class_and_everything_else_is_kept_by_nobody() -> None:
    paths = {**CACHED_PATHS, "/api/v1/payments-export": NONE, "/": NONE}
    # As the edge sends it: a path whose answers are for everybody learns nothing of the caller.
    answers = ask(*(("GET", path, CALLER if one.keyed_by_caller else FROM_EDGE) for path, one in paths.items()))

    assert [one.headers["cache-control"] for one in answers] == [one.origin_cache_control for one in paths.values()]
    assert [one.json()["caller"] for one in answers] == [
        "token 2bd806c9" if one.keyed_by_caller else "everybody" for one in paths.values()
    ]


def test_a_write_is_echoed_and_reads_are_counted() -> None:
    headers = {**CALLER, "idempotency-key": "k-1"}
    read, again, write = ask(
        ("GET", "/api/v1/payments/42", headers),
        ("GET", "/api/v1/payments/42", headers),
        ("POST", "/api/v1/payments/42", headers),
    )

    assert (read.json()["answer"], again.json()["answer"]) == (1, 2)
    assert "idempotency_key" not in read.json()
    assert read.headers["cache-tag"] == "payments,payments:42"
    assert (write.status_code, write.json()["idempotency_key"]) == (201, "k-1")


def test_nobody_is_answered_without_a_token_or_past_the_edge() -> None:
    anonymous, past, health = ask(
        ("GET", "/api/v1/payments", FROM_EDGE),
        ("GET", "/api/v1/payments", {"authorization": "Bearer alice"}),
        ("GET", "/healthz", {}),
    )

    assert (anonymous.status_code, anonymous.headers["www-authenticate"]) == (401, "Bearer")
    assert past.status_code == 403
    assert health.json() == {"healthy": True}
