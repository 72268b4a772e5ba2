from __future__ import annotations

import asyncio
import json
import logging
import threading

import pytest

from strata.caching import origin_verify
from strata.caching.origin_verify import LOCKED_BY_NETWORK, OriginVerifyError, Verifier, live_secrets

OLD, CURRENT, NEXT = "0" * 64, "1" * 64, "2" * 64


@pytest.fixture
def always_due(monkeypatch):
    """Let every unknown secret send the origin to look."""
    monkeypatch.setattr(origin_verify, "RELOAD_SECONDS", 0.0)


class Source:
    """A place where secrets are kept, which counts who asks."""

    def __init__(self, *secrets):
        self.secrets = secrets
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return self.secrets


def test_both_live_secrets_are_accepted_and_nothing_else():
    verifier = Verifier([CURRENT, OLD])
    assert verifier.accepts(CURRENT.encode())
    assert verifier.accepts(OLD.encode())
    for sent in (b"", NEXT.encode(), CURRENT.encode()[:-1], CURRENT.encode() + b"1", f"{CURRENT}, {OLD}".encode()):
        assert not verifier.accepts(sent)


def test_a_locked_origin_accepts_everything():
    assert Verifier(LOCKED_BY_NETWORK).accepts(b"")


@pytest.mark.parametrize(
    "secrets", [[], [OLD, CURRENT, NEXT], ["short" * 5], "1" * 64, ["\u00e9" * 40], [CURRENT, ""], ("",)]
)
def test_secrets_that_cannot_be_the_origins_are_refused_without_being_told(secrets):
    with pytest.raises(OriginVerifyError) as caught:
        Verifier(secrets)
    assert "allowed: 1 or 2 secrets of at least 32 ASCII characters" in str(caught.value)
    assert not [secret for secret in secrets if secret and len(secret) > 1 and secret in str(caught.value)]


def test_a_source_that_fails_at_the_start_fails_the_start():
    def broken():
        raise ConnectionError("no route")

    with pytest.raises(ConnectionError):
        Verifier(broken)


def test_secrets_are_read_from_the_stacks_secret():
    text = json.dumps({"pepper": "p" * 64, "origin_verify": [CURRENT, OLD]})
    assert live_secrets(text) == (CURRENT, OLD)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '"1111"', '{"pepper": "hidden"}'])
def test_another_secret_is_refused_without_being_told(text):
    with pytest.raises(OriginVerifyError) as caught:
        live_secrets(text)
    assert caught.value.__cause__ is None
    assert "hidden" not in str(caught.value)


def test_a_rotation_is_found_when_the_edge_uses_it(always_due):
    source = Source(CURRENT, OLD)
    verifier = Verifier(source)
    source.secrets = (NEXT, CURRENT)
    assert not verifier.accepts(NEXT.encode())
    assert asyncio.run(verifier.reload())
    assert verifier.accepts(NEXT.encode())
    assert verifier.accepts(CURRENT.encode())
    assert not verifier.accepts(OLD.encode())


def test_unknown_secrets_do_not_flood_the_source(monkeypatch):
    monkeypatch.setattr(origin_verify, "RELOAD_SECONDS", 0.0)
    source = Source(CURRENT)
    verifier = Verifier(source)
    monkeypatch.setattr(origin_verify, "RELOAD_SECONDS", 60.0)

    async def many():
        return [await verifier.reload() for _ in range(100)]

    assert asyncio.run(many()).count(True) == 1
    assert source.asked == 2


def test_requests_that_come_during_a_reload_wait_for_it(monkeypatch, always_due):
    started, go_on = threading.Event(), threading.Event()
    source = Source(CURRENT)
    verifier = Verifier(source)
    monkeypatch.setattr(origin_verify, "RELOAD_SECONDS", 60.0)

    def slow():
        source.asked += 1
        started.set()
        go_on.wait(10)
        return (NEXT, CURRENT)

    verifier._load = slow

    async def two_requests():
        first = asyncio.create_task(verifier.reload())
        await asyncio.to_thread(started.wait, 10)
        second = asyncio.create_task(verifier.reload())
        await asyncio.sleep(0)
        go_on.set()
        assert await first
        assert await second
        return verifier.accepts(NEXT.encode())

    assert asyncio.run(two_requests())
    assert source.asked == 2


@pytest.mark.parametrize("secrets", [[], ["short"], None])
def test_a_failed_reload_keeps_what_is_known_and_says_so(caplog, always_due, secrets):
    source = Source(CURRENT)
    verifier = Verifier(source)
    source.secrets = secrets
    with caplog.at_level(logging.ERROR, origin_verify.__name__):
        asyncio.run(verifier.reload())
    assert verifier.accepts(CURRENT.encode())
    assert [record.message for record in caplog.records] == ["could not fetch the origin's secrets anew"]
    assert CURRENT not in caplog.text


def test_secrets_that_were_given_are_never_loaded_anew(always_due):
    assert not asyncio.run(Verifier([CURRENT]).reload())
    assert not asyncio.run(Verifier(LOCKED_BY_NETWORK).reload())
