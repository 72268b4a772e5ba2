"""Tokens: by reference only, and in no message, repr, traceback or log, whatever the provider echoes."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TYPE_CHECKING

import pytest

from strata.caching.purge import (
    Cloudflare,
    CloudFront,
    Fastly,
    MissingSdkError,
    PurgeInputError,
    PurgeRefusedError,
    PurgeRunError,
    PurgeUnreachableError,
    purge_cdn_cache,
)
from strata.caching.purge.credentials import Token, read_token
from tests.strata.caching.purge.providers import (
    TOKEN,
    accepted_by_cloudflare,
    cloudflare_error,
    fastly_error,
    provider_on,
    purged_by_fastly,
)
from tests.strata.caching.purge.scripted_server import Answer, json_answer, serving

if TYPE_CHECKING:
    from strata.caching.purge import Provider
    from tests.strata.caching.purge.conftest import Clock

ECHO = f"the token {TOKEN} is no good"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("cloudflare", cloudflare_error(403, ECHO, **{"x-echo": TOKEN})),
        ("cloudflare", cloudflare_error(400, ECHO)),
        ("cloudflare", cloudflare_error(500, ECHO)),
        ("cloudflare", json_answer({"success": False, "errors": [ECHO]})),
        ("cloudflare", Answer(200, ECHO.encode(), {"x-echo": TOKEN})),
        ("cloudflare", Answer(429, ECHO.encode(), {"x-echo": TOKEN})),
        ("fastly", fastly_error(401, ECHO, **{"x-echo": TOKEN})),
        ("fastly", fastly_error(400, ECHO)),
        ("fastly", fastly_error(503, ECHO)),
        ("fastly", json_answer({ECHO: "1"})),
        ("fastly", Answer(200, ECHO.encode(), {"x-echo": TOKEN})),
        ("fastly", Answer(429, ECHO.encode(), {"x-echo": TOKEN})),
    ],
)
def test_token_that_the_provider_echoes_is_shown_nowhere(
    name: str, answer: Answer, monkeypatch: pytest.MonkeyPatch, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    log_all(caplog)
    told: list[str] = []
    with provider_on(name, [answer], monkeypatch) as (provider, server), pytest.raises(PurgeRunError) as caught:
        purge_cdn_cache(provider, tags=["t"], on_progress=lambda progress: told.append(repr(progress)))
    assert any(TOKEN in value for value in server.requests[0].headers.values()), "the provider never got the token"
    error = caught.value
    shown = [str(error), repr(error), repr(vars(error)), *told, repr(provider), caplog.text]
    shown += ["".join(traceback.format_exception(error)), *map(repr, chain(error))]
    assert not [text for text in shown if TOKEN in text]


@pytest.mark.parametrize(
    ("name", "answer"), [("cloudflare", accepted_by_cloudflare()), ("fastly", purged_by_fastly("t"))]
)
def test_token_of_a_purge_that_was_made_is_shown_nowhere(
    name: str, answer: Answer, monkeypatch: pytest.MonkeyPatch, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    log_all(caplog)
    echoing = Answer(answer.status, answer.body, {**answer.headers, "x-echo": TOKEN})
    with provider_on(name, [echoing], monkeypatch) as (provider, _):
        result = purge_cdn_cache(provider, tags=["t"])
    assert not [text for text in (repr(result), repr(provider), caplog.text) if TOKEN in text]


def log_all(caplog: pytest.LogCaptureFixture) -> None:
    """Let every logger write all it can: the SDK of Fastly quietens its own only above the one that shows answers."""
    for logger in (None, "fastly.rest", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger)


@pytest.mark.parametrize(("name", "kind"), [("cloudflare", PurgeRefusedError), ("fastly", PurgeUnreachableError)])
def test_token_does_not_follow_a_redirect(
    name: str, kind: type[PurgeRunError], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with serving([accepted_by_cloudflare()]) as elsewhere:
        redirect = Answer(302, b"", {"location": elsewhere.url})
        with provider_on(name, [redirect], monkeypatch) as (provider, _), pytest.raises(kind):
            purge_cdn_cache(provider, tags=["t"])
    assert not elsewhere.requests


def chain(error: BaseException) -> list[BaseException]:
    """Return the errors behind an error, shown or not."""
    behind = [cause for cause in (error.__cause__, error.__context__) if cause is not None]
    return [error, *(further for cause in behind for further in chain(cause))]


def test_redaction_ends_with_the_purge(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("a.library")
    with Token(TOKEN).kept_out_of("a.library"):
        logger.warning("sent %s", TOKEN)
    assert caplog.messages == ["sent <redacted>"]
    assert not logger.filters


@pytest.mark.parametrize("make", [Cloudflare, Fastly])
@pytest.mark.parametrize("reference", [TOKEN, "", "env:", "env:A B", f"env:{TOKEN}", "ssm:/a"])
def test_token_is_given_by_reference(make: type[Cloudflare | Fastly], reference: str) -> None:
    with pytest.raises(PurgeInputError) as caught:
        make("id", reference)
    assert str(caught.value) == (
        f"the token is given by reference (provider {make.name}); "
        "allowed: env:NAME, an environment variable that holds the token"
    )


@pytest.mark.parametrize("value", [None, "", " ", "Bearer x", "a\nb", "käse"])
def test_reference_to_no_token(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PURGE_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("PURGE_TOKEN", value)
    with pytest.raises(PurgeInputError) as caught:
        purge_cdn_cache(Fastly("service", "env:PURGE_TOKEN"), tags=["t"])
    assert str(caught.value) == (
        "environment variable PURGE_TOKEN holds no token of fastly; allowed: letters, digits and . _ ~ + / = -; "
        "next: export PURGE_TOKEN=... (a token that may purge)"
    )


def test_token_loses_the_newline_of_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PURGE_TOKEN", f"{TOKEN}\n")
    assert read_token("env:PURGE_TOKEN", "fastly") == Token(TOKEN)


def test_cloudflare_credentials_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    for name in ("CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL", "CLOUDFLARE_API_USER_SERVICE_KEY", "CLOUDFLARE_API_TOKEN"):
        monkeypatch.setenv(name, "another")
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1")
    with provider_on("cloudflare", [accepted_by_cloudflare()], monkeypatch) as (provider, server):
        purge_cdn_cache(provider, tags=["t"])
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert not [name for name in server.requests[0].headers if name.startswith("x-auth")]


@pytest.mark.parametrize("provider", [Cloudflare("zone", "env:PURGE_TOKEN"), Fastly("service", "env:PURGE_TOKEN")])
def test_missing_sdk(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, provider.name, None)
    with pytest.raises(MissingSdkError) as caught:
        purge_cdn_cache(provider, tags=["t"])
    assert str(caught.value) == (
        f"purging {provider.name} needs its SDK, which is not installed; next: pip install 'strata[{provider.name}]'"
    )


def test_cloudfront_takes_no_token() -> None:
    assert "token" not in CloudFront.__dataclass_fields__
