"""What `explain` says is what the contract, and the function, do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strata.caching.ambiguous_paths import ambiguity
from strata.caching.classes import CACHED_PATHS, UNKEYED_INPUTS
from strata.caching.contract import CacheContract, current_contract
from strata.caching.explain import ExplainError, Explanation, explain

FUNCTION = Path(__file__).parents[3] / "edge_functions" / "viewer_request.js"


def names(reasons: tuple[object, ...]) -> list[str]:
    return [reason.name for reason in reasons]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/api/v1/payments", "/api/v1/payments"),
        ("/api/v1/payments/", "/api/v1/payments/*"),
        ("/api/v1/payments/7/refunds", "/api/v1/payments/*"),
        ("/api/v1/payments-export", "*"),
        ("/API/v1/payments", "*"),
        ("/api/v1/invoices/1.css", "/api/v1/invoices/*"),
        ("/", "*"),
    ],
)
def test_the_first_pattern_that_matches_wins(path: str, pattern: str) -> None:
    assert explain(path).behavior.path_pattern == pattern


@pytest.mark.parametrize(
    ("path", "tried", "why"),
    [
        ("/api/v1/payments-export", "/api/v1/payments", "only begins alike"),
        ("/api/v1/payments-export", "/api/v1/payments/*", "not below"),
        ("/API/v1/payments", "/api/v1/payments", "case"),
        ("/api/v1/payments/7", "/api/v1/payments", "goes on below"),
        ("/api/v1/invoices", "/api/v1/payments", "another path"),
    ],
)
def test_it_says_why_those_before_do_not_match(path: str, tried: str, why: str) -> None:
    reasons = {reason.name: reason.why for reason in explain(path).not_matched}
    assert why in reasons[tried]


def test_host_scheme_and_fragment_choose_nothing() -> None:
    for url in ("https://a.example.com/api/v1/config#top", "http://localhost:8080/api/v1/config", "/api/v1/config"):
        assert explain(url).behavior.path_pattern == "/api/v1/config"


def test_the_whole_key_of_every_cached_path_is_told() -> None:
    for behavior in current_contract().behaviors[:-1]:
        explanation = explain(behavior.path_pattern.replace("*", "7"))
        keyed = [*behavior.keyed_headers, *(f"?{name}" for name in behavior.keyed_query_strings)]
        assert names(explanation.key) == ["host", "path", *keyed, "accept-encoding"]
        assert names(explanation.outside_key) == list(behavior.unkeyed_headers)


def test_every_input_outside_the_key_has_its_listed_reason() -> None:
    told = {reason.name: reason.why for reason in explain("/api/v1/payments").outside_key}
    assert told == UNKEYED_INPUTS


def test_an_input_without_a_reason_is_told_as_refused() -> None:
    contract = _with("/api/v1/config", unkeyed_headers=("x-currency",))
    told = explain("/api/v1/config", contract=contract).outside_key
    assert [(reason.name, "refuses" in reason.why) for reason in told] == [("x-currency", True)]


def test_what_is_never_kept_has_no_key_and_no_times() -> None:
    explanation = explain("/api/v1/health?x=1", headers=["authorization"])
    assert (explanation.key, explanation.times, explanation.dropped) == ((), (), ())
    assert names(explanation.outside_key) == ["everything"]


def test_parameters_outside_the_list_are_named_as_dropped() -> None:
    explanation = explain("https://h/api/v1/payments?limit=5&utm_source=a&limit=6&flag")
    assert names(explanation.dropped) == ["?utm_source", "?flag"]
    assert ("?limit", "sent: limit=6") in [(part.name, part.why) for part in explanation.key]


def test_headers_are_followed_to_where_they_end() -> None:
    dropped = explain("/api/v1/payments", headers=["Cookie", "X-Auth-Hash", "authorization", "traceparent"]).dropped
    told = {reason.name: reason.why for reason in dropped}
    assert told.keys() == {"cookie", "x-auth-hash", "authorization"}
    assert "deleted" in told["x-auth-hash"]
    assert "relay header" in told["authorization"]


def test_no_identity_reaches_the_origin_of_an_answer_for_everybody() -> None:
    told = {reason.name: reason.why for reason in explain("/api/v1/config", headers=["authorization"]).dropped}
    assert "never reaches the origin" in told["authorization"]


def test_a_missing_token_is_refused_where_answers_belong_to_a_caller() -> None:
    def is_needed(explanation: Explanation) -> bool:
        return any("no Authorization" in reason.why for reason in explanation.edge_answers)

    needed = {path: is_needed(explain(path)) for path in [*CACHED_PATHS, "/api/v1/health"]}
    assert needed == {
        **{path: its_class.keyed_by_caller for path, its_class in CACHED_PATHS.items()},
        "/api/v1/health": False,
    }


@pytest.mark.parametrize(
    ("method", "path", "outcome"),
    [
        ("get", "/api/v1/payments", "for each caller, for 30 s"),
        ("GET", "/api/v1/currencies/EUR", "for everybody, for 300 s"),
        ("POST", "/api/v1/payments", "answers to POST are never kept"),
        ("POST", "/api/v1/config", "403: POST does not pass"),
        ("TRACE", "/", "403: TRACE does not pass"),
        ("GET", "/anything", "class none keeps nothing"),
        ("GET", "/api/v1/payments/%2e%2e/config", "400: the path holds a segment of one or two dots"),
    ],
)
def test_the_outcome_is_one_sentence(method: str, path: str, outcome: str) -> None:
    assert outcome in explain(path, method).outcome


def test_a_path_is_matched_as_cloudfront_normalises_it() -> None:
    assert explain("/api/v1/%70ayments").behavior.path_pattern == "/api/v1/payments"
    assert explain("/api/v1/payments/../unlisted").behavior.path_pattern == "*"


def test_what_is_refused_or_written_has_no_key() -> None:
    assert not explain("/api/v1/payments//x").key
    assert not explain("/api/v1/payments", "POST").key
    assert not explain("/api/v1/payments//x").outside_key
    assert explain("/api/v1/payments", "POST").outside_key


def test_the_times_are_those_of_the_contract() -> None:
    contract = _with("/api/v1/config", max_ttl_seconds=60)
    assert explain("/api/v1/config", contract=contract).times[0].name == "60 s"
    times = [reason.name for reason in explain("/api/v1/config").times]
    assert times == ["300 s", "0 s", "0 s", "60 s", "600 s"]


@pytest.mark.parametrize("url", ["", "ftp://host/", "api/v1/payments", "payments?x=1"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ExplainError, match="not a URL"):
        explain(url)


@pytest.mark.parametrize("header", ["authorization: Bearer eyJ.secret", "authorization=secret", "", "a b"])
def test_a_header_with_its_value_is_refused_and_not_repeated(header: str) -> None:
    with pytest.raises(ExplainError, match="name alone") as refused:
        explain("/", headers=[header])
    assert "secret" not in str(refused.value)


@given(st.text(alphabet=[*"/.%;\\25cCfF3bBeE07aZ\0\x1f\x7f\x80\x9f\n\xa0é٣"], max_size=14).map(lambda text: f"/{text}"))
@example("/a/..")
@example("/a/.%2E/b")
@example("/a%252fb")
@example("/a%c0%afb")
@example("/a/...")
@example("/a%")
@example("/a/..\n")
def test_a_path_is_ambiguous_exactly_where_the_function_says_so(path: str) -> None:
    assert (ambiguity(path) is not None) == (_function_expression().search(path) is not None)


def _function_expression() -> re.Pattern[str]:
    """Return the function's own expression; Python reads it as JavaScript does, but for its name of the end."""
    found = re.search(r"AMBIGUOUS =\s*/(.+)/i;", FUNCTION.read_text(encoding="utf-8"))
    assert found, "the function no longer has its rules in one expression named AMBIGUOUS"
    return re.compile(found[1].replace("$", r"\Z"), re.IGNORECASE | re.ASCII)


def _with(pattern: str, **changes: object) -> CacheContract:
    contract = current_contract()
    behaviors = tuple(
        replace(behavior, **changes) if behavior.path_pattern == pattern else behavior  # type: ignore[arg-type]
        for behavior in contract.behaviors
    )
    return replace(contract, behaviors=behaviors)
