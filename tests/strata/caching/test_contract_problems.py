"""What a cache contract must not have; each case is a change that somebody could make in good faith."""

from dataclasses import replace

import pytest

from strata.caching.classes import CACHED_PATHS, READ_METHODS, USER_DATA
from strata.caching.contract import CacheContract, contract_of, current_contract
from strata.caching.contract_problems import CacheContractError, problems, require_sound

CALLER = "/api/v1/payments"
SHARED = "/api/v1/config"
MANY = tuple(f"x-{number}" for number in range(11))


def changed(pattern: str, **change) -> CacheContract:
    contract = current_contract()
    behaviors = [
        replace(behavior, **change) if behavior.path_pattern == pattern else behavior for behavior in contract.behaviors
    ]
    return replace(contract, behaviors=tuple(behaviors))


def test_the_contract_of_the_stack_has_no_problem():
    assert problems(current_contract()) == ()
    require_sound(current_contract())


@pytest.mark.parametrize(
    ("pattern", "change", "expected"),
    [
        (CALLER, {"min_ttl_seconds": 1}, "min_ttl is 1, so an origin's no-store would be ignored"),
        (CALLER, {"default_ttl_seconds": 86400}, "default_ttl is 86400, so answers are kept that the origin said"),
        (SHARED, {"max_ttl_seconds": 300}, "max_ttl is 300, so no stale answer is left to serve; allowed: 900"),
        (CALLER, {"max_ttl_seconds": 29}, "max_ttl is 29, so no stale answer is left to serve; allowed: 30 or more"),
        (SHARED, {"origin_cache_control": "s-maxage=300"}, "the origin says nothing of stale-if-error"),
        (CALLER, {"unkeyed_headers": ("*",)}, "every header reaches the origin and is not in the key"),
        (CALLER, {"unkeyed_headers": ("x-debug",)}, "x-debug reaches the origin and is not in the key; allowed: x-ori"),
        (CALLER, {"unkeyed_query_strings": ("*",)}, "every query parameter reaches the origin and is not in the key"),
        (CALLER, {"unkeyed_query_strings": ("q",)}, "query parameter q reaches the origin and is not in the key"),
        (CALLER, {"unkeyed_cookies": ("*",)}, "cookies reach the origin, so Set-Cookie is kept and replayed"),
        (CALLER, {"keyed_cookies": ("session",)}, "cookies reach the origin, so Set-Cookie is kept and replayed"),
        (CALLER, {"keyed_headers": ("host",)}, "x-auth-hash is not in the key, so callers would see each other's"),
        (
            CALLER,
            {"keyed_headers": ("x-auth-hash", "authorization")},
            "authorization is in the key as it is; allowed: its digest, x-auth-hash",
        ),
        (CALLER, {"viewer_cache_control": None}, "a cache behind CloudFront may keep a caller's answer"),
        (CALLER, {"stale_if_error_seconds": 1, "max_ttl_seconds": 31}, "a caller's answer may be served stale"),
        (SHARED, {"keyed_headers": ("x-auth-hash",)}, "x-auth-hash tells who calls to an origin"),
        (SHARED, {"unkeyed_headers": ("x-origin-authorization",)}, "x-origin-authorization tells who calls to"),
        (SHARED, {"allowed_methods": (*READ_METHODS, "POST")}, "POST would reach an origin that does not learn who"),
        (CALLER, {"cached_methods": ("GET", "HEAD", "OPTIONS")}, "answers to GET, HEAD, OPTIONS may be kept"),
        (CALLER, {"keyed_query_strings": MANY}, "11 query parameters in the key; CloudFront takes 10 in a policy"),
        (CALLER, {"keyed_headers": ("x-auth-hash", *MANY)}, "12 headers in the key; CloudFront takes 10 in a policy"),
        ("*", {"max_ttl_seconds": 1}, "what is not listed would be kept"),
        (CALLER, {"path_pattern": "/api/v1/payments*"}, "the pattern also matches its neighbors"),
        (CALLER, {"path_pattern": "/api/*/payments/*"}, "the pattern also matches its neighbors"),
    ],
)
def test_a_problem_is_named_with_its_path(pattern, change, expected):
    found = problems(changed(pattern, **change))
    shown = change.get("path_pattern", pattern)
    assert [problem for problem in found if problem.startswith(f"{shown}: {expected}")], found


def test_a_change_that_breaks_one_rule_is_one_problem():
    assert problems(changed(CALLER, min_ttl_seconds=1)) == (
        "/api/v1/payments: min_ttl is 1, so an origin's no-store would be ignored; allowed: 0",
    )


def test_paths_of_a_class_are_named_together():
    leaky = replace(USER_DATA, max_ttl_seconds=20)
    [problem] = problems(contract_of({"/a": leaky}))
    assert problem == (
        "/a, /a/*: max_ttl is 20, so no stale answer is left to serve; "
        "allowed: 30 or more (s-maxage and the longer stale window)"
    )


def test_errors_are_not_kept():
    contract = current_contract()
    kept = {status: ttl for status, ttl in contract.error_ttl_seconds.items() if status != 404} | {503: 10}
    assert problems(replace(contract, error_ttl_seconds=kept)) == (
        "errors: a 404 is kept, for 10 seconds where nothing is said; allowed: 0",
        "errors: a 503 is kept, for 10 seconds where nothing is said; allowed: 0",
    )


def test_the_default_behavior_is_there_once_and_last():
    contract = current_contract()
    reordered = replace(contract, behaviors=(contract.behaviors[-1], *contract.behaviors[:-1]))
    assert problems(reordered) == ("paths: * is the default behavior; allowed: once, as the last one",)
    twice = replace(contract, behaviors=(contract.behaviors[0], *contract.behaviors))
    assert problems(twice) == ("/api/v1/payments: is listed twice, and only the first one counts",)


def test_no_more_behaviors_than_a_distribution_takes():
    many = contract_of({f"/{number}": USER_DATA for number in range(38)})
    assert problems(many) == ("paths: 77 behaviors; CloudFront takes 75",)


def test_callers_are_told_apart_by_something():
    contract = replace(current_contract(), identity_headers=())
    assert problems(contract) == ("identity: no header tells callers apart",)


def test_the_refusal_lists_every_problem():
    with pytest.raises(CacheContractError) as refusal:
        require_sound(changed(CALLER, min_ttl_seconds=1, default_ttl_seconds=2))
    assert str(refusal.value) == (
        "the cache contract has 2 problems:\n"
        "  /api/v1/payments: min_ttl is 1, so an origin's no-store would be ignored; allowed: 0\n"
        "  /api/v1/payments: default_ttl is 2, so answers are kept that the origin said nothing about; allowed: 0\n"
        "next: edit strata/caching/classes.py, then pulumi preview"
    )


def test_every_cached_path_is_one_of_the_table():
    assert set(CACHED_PATHS) == {
        behavior.path_pattern
        for behavior in current_contract().behaviors
        if behavior.is_cached and not behavior.path_pattern.endswith("/*")
    }
