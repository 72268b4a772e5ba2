"""The canary against a server that keys by the caller, and against servers that leak, each in a way of its own."""

from __future__ import annotations

import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from strata.caching.canary import CanaryError, Identity, Observation, judge, run_canary
from strata.caching.canary.ask import Edge
from tests.strata.caching.leaky_edge import Settings, per_caller, serving

if TYPE_CHECKING:
    from strata.caching.canary import Report

PATH = "/api/v1/payments"
A = Identity("TOKEN_A", "Bearer token-of-a", "account-of-a")
B = Identity("TOKEN_B", "Bearer token-of-b", "account-of-b")
MARKERS = {A.authorization: "account-of-a", B.authorization: "account-of-b"}


def report_on(settings: Settings, *, repeat: int = 3, cache_is_off: bool = False) -> Report:
    with serving(settings) as url:
        return judge(run_canary(url, [PATH], [A, B], repeat), cache_is_off=cache_is_off)


def kinds(report: Report) -> set[str]:
    return {finding.kind for finding in report.leaks}


def test_an_edge_that_keys_by_the_caller_is_isolated() -> None:
    report = report_on(Settings())
    assert (report.verdict, report.leaks, report.open_questions) == ("isolated", (), ())
    own = {(answer.identity, answer.body_digest) for answer in report.observations if answer.is_ok}
    assert len(own) == 2
    assert any(answer.is_hit for answer in report.observations)


def test_identities_take_turns() -> None:
    plain = [answer.identity for answer in report_on(Settings()).observations if answer.identity and not answer.forged]
    assert plain == ["TOKEN_A", "TOKEN_B"] * 4


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        pytest.param(Settings(key=lambda path, _: path), "equal_bodies", id="identity left the key"),
        pytest.param(
            Settings(key=lambda path, headers: (path, headers.get("authorization", "")[:12])),
            "equal_bodies",
            id="only the start of the token is in the key",
        ),
        pytest.param(
            Settings(owner=lambda _: A.authorization), "equal_bodies", id="the origin takes everybody for the first"
        ),
        pytest.param(
            Settings(
                owner=lambda _: A.authorization,
                body=lambda owner, number: {"account": MARKERS.get(owner), "request": number},
            ),
            "foreign_marker",
            id="the same, and no two bodies are equal",
        ),
        pytest.param(Settings(anonymous_status=200), "answered_without_identity", id="nobody is answered"),
        pytest.param(
            Settings(needs_token=lambda headers: not {"authorization", "x-origin-authorization"} & headers.keys()),
            "answered_without_identity",
            id="a forged relay header is believed",
        ),
        pytest.param(
            Settings(needs_token=lambda headers: not {"authorization", "x-auth-hash"} & headers.keys()),
            "answered_without_identity",
            id="a forged digest is believed",
        ),
        pytest.param(
            Settings(
                key=lambda path, headers: (per_caller(path, headers), headers.get("x-auth-hash")),
                body=lambda owner, number: {"owner": owner, "request": number},
            ),
            "forged_header_counts",
            id="a forged digest changes the answer",
        ),
        pytest.param(
            Settings(key=lambda path, headers: (per_caller(path, headers), headers.get("x-auth-hash"))),
            "forged_header_counts",
            id="a forged digest is in the key, and the answer is the same",
        ),
        pytest.param(Settings(cache_control="max-age=0, s-maxage=30"), "kept_by_shared_caches", id="no private"),
    ],
)
def test_a_leak_is_found(settings: Settings, kind: str) -> None:
    report = report_on(settings)
    assert report.verdict == "leak"
    assert kind in kinds(report)


def test_each_leak_is_told_by_nothing_but_itself() -> None:
    forged = Settings(key=lambda path, headers: (per_caller(path, headers), headers.get("x-auth-hash")))
    assert kinds(report_on(forged)) == {"forged_header_counts"}
    kept = report_on(Settings(cache_control="public")).leaks
    assert [finding.kind for finding in kept] == ["kept_by_shared_caches"]
    assert kept[0].what.startswith("the answer to TOKEN_A may")


def test_a_body_of_a_third_caller_shows_by_its_age() -> None:
    """B's first answer was kept during this run, though B had not asked: only somebody else can have filled it."""
    observations = _isolated()
    first = next(index for index, answer in enumerate(observations) if answer.identity == B.name)
    observations[first] = replace(observations[first], x_cache="Hit from cloudfront", age_seconds=2, at_seconds=4.0)
    assert kinds(judge(observations)) == {"hit_before_first_request"}


@pytest.mark.parametrize(("age_seconds", "at_seconds"), [(2, 2.9), (0, 0.0), (20, 4.0), (None, 0.5)])
def test_an_answer_kept_before_the_run_leaves_the_question_open(age_seconds: int | None, at_seconds: float) -> None:
    observations = _isolated()
    first = next(index for index, answer in enumerate(observations) if answer.identity == B.name)
    observations[first] = replace(
        observations[first], x_cache="Hit from cloudfront", age_seconds=age_seconds, at_seconds=at_seconds
    )
    report = judge(observations)
    assert report.verdict == "inconclusive"
    assert [finding.kind for finding in report.open_questions] == ["warm_cache"]


def _isolated() -> list[Observation]:
    return list(report_on(Settings()).observations)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        pytest.param(Settings(needs_token=lambda _: True), "not_answered", id="both tokens are refused"),
        pytest.param(Settings(body=lambda *_: {"items": [], "next": None, "total": 0}), "no_data", id="empty list"),
        pytest.param(Settings(body=lambda *_: []), "no_data", id="nothing but an empty list"),
        pytest.param(Settings(keeps=False), "never_from_cache", id="nothing was kept"),
    ],
)
def test_answers_that_prove_nothing_are_not_called_good(settings: Settings, kind: str) -> None:
    report = report_on(settings)
    assert report.verdict == "inconclusive"
    assert kind in {finding.kind for finding in report.open_questions}


def test_a_second_run_at_once_finds_its_own_answers() -> None:
    with serving(Settings()) as url:
        assert judge(run_canary(url, [PATH], [A, B])).verdict == "isolated"
        again = judge(run_canary(url, [PATH], [A, B]))
    assert again.verdict == "inconclusive"
    assert {finding.kind for finding in again.open_questions} == {"warm_cache"}


def test_a_marker_that_does_not_show_proves_nothing() -> None:
    shows_a = Settings(
        body=lambda owner, _: {"owner": owner[-1:], "account": MARKERS[A.authorization] if owner.endswith("a") else "x"}
    )
    report = report_on(shows_a)
    assert [finding.kind for finding in report.open_questions] == ["own_marker_missing"]


def test_while_caching_is_off_a_hit_is_a_leak_and_none_is_good() -> None:
    assert kinds(report_on(Settings(), cache_is_off=True)) == {"kept_though_off"}
    assert report_on(Settings(keeps=False), cache_is_off=True).verdict == "isolated"


def test_answers_that_change_each_time_say_nothing_about_a_forged_header() -> None:
    changing = Settings(keeps=False, body=lambda owner, number: {"owner": owner, "request": number})
    assert report_on(changing, cache_is_off=True).verdict == "isolated"


def test_a_leak_leaves_no_question_open() -> None:
    report = report_on(Settings(anonymous_status=200, keeps=False))
    assert report.leaks
    assert report.open_questions == ()


@pytest.mark.parametrize(
    ("x_cache", "is_hit"),
    [
        ("Hit from cloudfront", True),
        ("RefreshHit from cloudfront", True),
        ("Miss from cloudfront", False),
        ("Error from cloudfront", False),
        (None, False),
    ],
)
def test_a_hit_is_read_as_cloudfront_writes_it(x_cache: str | None, is_hit: bool) -> None:
    assert replace(_isolated()[0], x_cache=x_cache).is_hit == is_hit


def test_one_path_that_leaks_is_told_apart_from_one_that_does_not() -> None:
    settings = Settings(key=lambda path, headers: path if "invoices" in path else per_caller(path, headers))
    with serving(settings) as url:
        report = judge(run_canary(url, [PATH, "/api/v1/invoices?limit=5"], [A, B]))
    assert {finding.path for finding in report.leaks} == {"/api/v1/invoices?limit=5"}


def test_tokens_and_bodies_are_in_no_result() -> None:
    settings = Settings(owner=lambda headers: headers["authorization"], body=lambda owner, _: {"token": owner})
    report = report_on(settings)
    assert "token-of" not in repr(report)
    assert "token-of" not in repr(A)
    assert "account-of" not in repr(A)
    assert any(headers.get("authorization") == A.authorization for headers in settings.requests)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://api.example.com", "in the clear"),
        ("ftp://localhost", "host alone"),
        ("https://api.example.com/api/v1", "host alone"),
        ("https://localhost:port", "not a URL"),
        ("localhost:8000", "host alone"),
    ],
)
def test_no_token_goes_where_it_should_not(url: str, what: str) -> None:
    with pytest.raises(CanaryError, match=what):
        run_canary(url, [PATH], [A, B])


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/api/v1/config", "the same for everybody"),
        ("/api/v1/config/flags?version=2", "the same for everybody"),
        ("api/v1/payments", "not a path"),
    ],
)
def test_paths_that_prove_nothing_are_refused(path: str, what: str) -> None:
    with pytest.raises(CanaryError, match=what):
        run_canary("http://localhost:1", [path], [A, B])


@pytest.mark.parametrize(
    "identities", [[A], [A, replace(B, authorization=A.authorization)], [A, replace(A, authorization="Bearer other")]]
)
def test_identities_must_differ(identities: list[Identity]) -> None:
    with pytest.raises(CanaryError, match="identit"):
        run_canary("http://localhost:1", [PATH], identities)


def test_a_marker_within_another_is_refused() -> None:
    with pytest.raises(CanaryError, match="part of another"):
        run_canary("http://localhost:1", [PATH], [replace(A, marker="acme"), replace(B, marker="acme-2")])


def test_nobody_listening_is_an_error_that_names_the_host() -> None:
    with serving(Settings()) as url:
        pass
    with pytest.raises(CanaryError, match="no answer") as refused:
        run_canary(url, [PATH], [A, B])
    assert refused.value.where["path"] == PATH


def test_a_token_that_no_header_can_hold_is_not_shown() -> None:
    broken = replace(A, authorization="Bearer broken\r\nsecret-part")
    with serving(Settings()) as url, pytest.raises(CanaryError, match="cannot be sent") as refused:
        run_canary(url, [PATH], [broken, B])
    assert "secret-part" not in str(refused.value)


def test_references_lead_to_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_A", " abc ")
    monkeypatch.setenv("TOKEN_B", "Basic dXNlcg==")
    monkeypatch.setenv("MARKER_A", "acct_1")
    assert Identity.from_references("env:TOKEN_A", "env:MARKER_A") == Identity("TOKEN_A", "Bearer abc", "acct_1")
    assert Identity.from_references("env:TOKEN_B").authorization == "Basic dXNlcg=="


def test_a_token_given_instead_of_a_reference_is_not_repeated() -> None:
    with pytest.raises(CanaryError, match="not given by reference") as refused:
        Identity.from_references("eyJhbGciOi.secret")
    assert "secret" not in str(refused.value)


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN_A", raising=False)
    with pytest.raises(CanaryError, match="TOKEN_A"):
        Identity.from_references("env:TOKEN_A")


def test_https_is_verified() -> None:
    """A server that does not prove its name gets no request, and so no token."""
    context = Edge.from_url("https://api.example.com")._connection()._context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_observations_are_in_the_order_of_the_requests() -> None:
    seen = report_on(Settings()).observations
    assert [answer.at_seconds for answer in seen] == sorted(answer.at_seconds for answer in seen)
    assert seen[-1].at_seconds < time.monotonic()
