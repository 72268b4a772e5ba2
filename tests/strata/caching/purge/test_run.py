"""Purges that meet refusals, limits and broken connections; each provider's own SDK on a loopback server."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from strata.caching.purge import (
    PurgeCredentialsError,
    PurgeDeadlineError,
    PurgeProgress,
    PurgeRefusedError,
    PurgeUnreachableError,
    purge_cdn_cache,
)
from tests.strata.caching.purge.providers import (
    DISTRIBUTION,
    accepted_by_cloudflare,
    cloudflare_error,
    cloudfront_error,
    fastly_error,
    invalidation,
    provider_on,
    purged_by_fastly,
)
from tests.strata.caching.purge.scripted_server import RESET, Answer, ScriptedServer, json_answer

if TYPE_CHECKING:
    from tests.strata.caching.purge.conftest import Clock

PROVIDERS = ["cloudfront", "cloudflare", "fastly"]
ACCEPTED = {
    "cloudfront": invalidation(),
    "cloudflare": accepted_by_cloudflare(),
    "fastly": purged_by_fastly("t"),
}
IDS = {
    "cloudfront": ("IDFDVBD632BHDS5",),
    "cloudflare": ("023e105f4ecef8ad9ca31a8372d0c353",),
    "fastly": ("108-1391560174-0",),
}


def error(name: str, status: int, **headers: str) -> Answer:
    if name == "cloudfront":
        codes = {403: "AccessDenied", 404: "NoSuchDistribution", 429: "Throttling", 503: "ServiceUnavailable"}
        return cloudfront_error(status, codes[status], **headers)
    return {"cloudflare": cloudflare_error, "fastly": fastly_error}[name](status, **headers)


@pytest.mark.parametrize("name", PROVIDERS)
def test_result_says_what_was_done(name: str, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with provider_on(name, [ACCEPTED[name]], monkeypatch) as (provider, _):
        result = purge_cdn_cache(provider, tags=["t"], idempotency_key="k")
    assert (result.provider, result.target) == (name, provider.target)
    assert (result.paths, result.tags, result.soft) == (0, 1, False)
    assert result.ids == IDS[name]
    assert result.completed is (name == "cloudfront")
    assert result.idempotency_key == "k"


@pytest.mark.parametrize("name", PROVIDERS)
def test_rate_limit_is_waited_out(name: str, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    answers = [error(name, 429), error(name, 429), ACCEPTED[name]]
    with provider_on(name, answers, monkeypatch) as (provider, server):
        result = purge_cdn_cache(provider, tags=["t"])
    assert result.ids == IDS[name]
    assert clock.pauses[:2] == [1.0, 2.0]
    assert len({(request.target, request.body) for request in server.requests if request.method == "POST"}) == 1
    assert sum(request.method == "POST" for request in server.requests) == 3


@pytest.mark.parametrize("name", ["cloudflare", "fastly"])
def test_retry_after_is_honoured(name: str, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    answers = [error(name, 429, **{"Retry-After": "37"}), ACCEPTED[name]]
    with provider_on(name, answers, monkeypatch) as (provider, _):
        purge_cdn_cache(provider, tags=["t"])
    assert clock.pauses == [37.0]


def test_fastly_rate_limit_reset_is_honoured(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr("strata.caching.purge.fastly.time", SimpleNamespace(time=lambda: 1_800_000_000.0))
    answers = [fastly_error(429, **{"Fastly-RateLimit-Reset": "1800000060"}), ACCEPTED["fastly"]]
    with provider_on("fastly", answers, monkeypatch) as (provider, _):
        purge_cdn_cache(provider, tags=["t"])
    assert clock.pauses == [60.0]


@pytest.mark.parametrize("name", PROVIDERS)
def test_rate_limit_beyond_the_deadline(name: str, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with (
        provider_on(name, [error(name, 429)], monkeypatch) as (provider, _),
        pytest.raises(PurgeDeadlineError) as caught,
    ):
        purge_cdn_cache(provider, tags=["t"], idempotency_key="k", deadline_seconds=60)
    assert caught.value.what.startswith("not complete within 60 s: ")
    assert caught.value.next_command == "the same purge with idempotency key k"
    assert caught.value.facts.submitted_batches == 0
    assert sum(clock.pauses) <= 60


def test_too_many_invalidations_in_progress_is_waited_out(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    answers = [cloudfront_error(400, "TooManyInvalidationsInProgress"), invalidation()]
    with provider_on("cloudfront", answers, monkeypatch) as (provider, _):
        assert purge_cdn_cache(provider, tags=["t"]).completed


@pytest.mark.parametrize("name", PROVIDERS)
def test_connection_reset_after_the_request_sends_the_same_again(
    name: str, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with provider_on(name, [RESET, ACCEPTED[name]], monkeypatch) as (provider, server):
        assert purge_cdn_cache(provider, tags=["t"]).ids == IDS[name]
    first, second = [request for request in server.requests if request.method == "POST"]
    assert (first.target, first.body) == (second.target, second.body)


@pytest.mark.parametrize("name", PROVIDERS)
def test_provider_that_keeps_failing(name: str, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with (
        provider_on(name, [RESET, error(name, 503)], monkeypatch) as (provider, server),
        pytest.raises(PurgeUnreachableError) as caught,
    ):
        purge_cdn_cache(provider, tags=["t"], idempotency_key="k")
    assert caught.value.what.startswith(f"{name} did not answer 5 times in a row: ")
    assert caught.value.next_command == "the same purge with idempotency key k"
    assert len(server.requests) == 5


@pytest.mark.parametrize("name", PROVIDERS)
def test_provider_that_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with provider_on(name, [ACCEPTED[name]], monkeypatch) as (provider, _):
        pass
    with pytest.raises(PurgeUnreachableError):
        purge_cdn_cache(provider, tags=["t"])


@pytest.mark.parametrize("name", PROVIDERS)
def test_refused_credentials(name: str, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with (
        provider_on(name, [error(name, 403)], monkeypatch) as (provider, server),
        pytest.raises(PurgeCredentialsError) as caught,
    ):
        purge_cdn_cache(provider, tags=["t"])
    assert caught.value.what.startswith(f"{name} refused the credentials: ")
    assert caught.value.allowed == provider.credentials
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("code", "status"), [("ExpiredToken", 400), ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403)]
)
def test_refused_aws_credentials(code: str, status: int, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with (
        provider_on("cloudfront", [cloudfront_error(status, code)], monkeypatch) as (provider, _),
        pytest.raises(PurgeCredentialsError, match=code),
    ):
        purge_cdn_cache(provider, tags=["t"])


def test_missing_aws_credentials(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with provider_on("cloudfront", [invalidation()], monkeypatch) as (provider, server):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        with pytest.raises(PurgeCredentialsError) as caught:
            purge_cdn_cache(provider, tags=["t"], idempotency_key="k")
    assert str(caught.value) == (
        "cloudfront refused the credentials: Unable to locate credentials "
        f"(cloudfront distribution {DISTRIBUTION}, accepted 0 of 1 batches); allowed: AWS credentials that may call "
        "cloudfront:CreateInvalidation and cloudfront:GetInvalidation; next: the same purge with idempotency key k"
    )
    assert not server.requests


@pytest.mark.parametrize("name", PROVIDERS)
def test_refused_purge(name: str, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with (
        provider_on(name, [error(name, 404)], monkeypatch) as (provider, server),
        pytest.raises(PurgeRefusedError, match=f"{name} refused the purge: "),
    ):
        purge_cdn_cache(provider, tags=["t"])
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("name", "answer", "kind"),
    [
        ("cloudflare", json_answer({"success": False, "errors": [], "result": None}), PurgeRefusedError),
        ("cloudflare", Answer(200, b"<html>"), PurgeUnreachableError),
        ("cloudflare", Answer(200, b"[]", {"content-type": "application/json"}), PurgeRefusedError),
        ("fastly", purged_by_fastly("another key"), PurgeUnreachableError),
        ("fastly", Answer(200, b"<html>"), PurgeUnreachableError),
        ("fastly", Answer(200, b"\xff\xfe"), PurgeUnreachableError),
        ("fastly", Answer(500, b"\xff\xfe"), PurgeUnreachableError),
        ("cloudfront", Answer(200, b"<html>"), PurgeUnreachableError),
        ("cloudfront", Answer(200, b""), PurgeUnreachableError),
    ],
)
def test_answer_that_acknowledges_nothing_is_no_success(
    name: str, answer: Answer, kind: type[Exception], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with provider_on(name, [answer], monkeypatch) as (provider, _), pytest.raises(kind):
        purge_cdn_cache(provider, tags=["t"])


def test_invalidation_is_waited_for_and_its_progress_told(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    told: list[PurgeProgress] = []
    answers = [invalidation("InProgress")] * 3 + [invalidation("Completed")]
    with provider_on("cloudfront", answers, monkeypatch) as (provider, _):
        result = purge_cdn_cache(provider, tags=["t"], on_progress=told.append)
    assert result.completed
    assert result.seconds == sum(clock.pauses) == 3.0
    assert told == [
        PurgeProgress(1, 0, 0),
        PurgeProgress(1, 1, 0),
        PurgeProgress(1, 1, 0, "waiting 1 s: IDFDVBD632BHDS5 is in progress"),
        PurgeProgress(1, 1, 0, "waiting 2 s: IDFDVBD632BHDS5 is in progress"),
        PurgeProgress(1, 1, 1),
    ]


def test_invalidation_that_never_completes(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with (
        provider_on("cloudfront", [invalidation("InProgress")], monkeypatch) as (provider, _),
        pytest.raises(PurgeDeadlineError) as caught,
    ):
        purge_cdn_cache(provider, tags=["t"], deadline_seconds=300, idempotency_key="k")
    assert str(caught.value) == (
        "not complete within 300 s: IDFDVBD632BHDS5 is in progress "
        f"(cloudfront distribution {DISTRIBUTION}, accepted 1 of 1 batches); "
        f"next: aws cloudfront get-invalidation --distribution-id {DISTRIBUTION} --id IDFDVBD632BHDS5"
    )
    assert caught.value.facts.ids == ("IDFDVBD632BHDS5",)
    assert 250 < sum(clock.pauses) <= 300


def test_purge_that_does_not_wait_claims_no_completion(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with provider_on("cloudfront", [invalidation("InProgress")], monkeypatch) as (provider, server):
        result = purge_cdn_cache(provider, tags=["t"], wait=False)
    assert not result.completed
    assert [request.method for request in server.requests] == ["POST"]


def test_next_batch_starts_when_the_one_before_it_is_complete(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    answers = [
        invalidation("InProgress", "I1"), invalidation("InProgress", "I1", 200), invalidation("Completed", "I1", 200),
        invalidation("InProgress", "I2"), invalidation("Completed", "I2", 200),
    ]  # fmt: skip
    tags = [f"t{number}" for number in range(3001)]
    with provider_on("cloudfront", answers, monkeypatch) as (provider, server):
        result = purge_cdn_cache(provider, tags=tags)
    assert [request.method for request in server.requests] == ["POST", "GET", "GET", "POST", "GET"]
    assert result.ids == ("I1", "I2")
    assert clock.pauses[0] == 20.0  # 3,000 items at 150 a second
    sent = [tag for request in server.requests for tag in re.findall("<Path>#(.*?)</Path>", request.body)]
    assert sorted(sent) == sorted(tags)


def test_interrupted_purge_goes_on_under_its_key(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    interrupting = [invalidation(), cloudfront_error(404, "NoSuchDistribution")]
    with provider_on("cloudfront", interrupting, monkeypatch) as (provider, server):
        with pytest.raises(PurgeRefusedError) as caught:
            purge_cdn_cache(provider, ["/a", "/a/*"], ["t", "u"])
        facts = caught.value.facts
        assert (facts.submitted_batches, facts.batches, facts.ids) == (1, 2, ("IDFDVBD632BHDS5",))
        interrupted = references(server)
    with provider_on("cloudfront", [invalidation()], monkeypatch) as (provider, server):
        purge_cdn_cache(provider, ["/a/*", "/a"], ["u", "t", "t"], idempotency_key=facts.idempotency_key)
    assert references(server) == interrupted
    assert len(set(interrupted)) == 2


@pytest.mark.parametrize(("key", "tags"), [("k", ["t", "u"]), ("another", ["t"]), (None, ["t"])])
def test_another_purge_has_another_reference(
    key: str | None, tags: list[str], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with provider_on("cloudfront", [invalidation()], monkeypatch) as (provider, server):
        purge_cdn_cache(provider, tags=["t"], idempotency_key="k")
        purge_cdn_cache(provider, tags=tags, idempotency_key=key)
    assert len(set(references(server))) == 2


def references(server: ScriptedServer) -> list[str]:
    return [found for request in server.requests for found in re.findall("<CallerReference>(.*?)<", request.body)]
