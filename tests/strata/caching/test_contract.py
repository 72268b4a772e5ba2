"""The lock of the cache contract, and how a change to the contract reads."""

import re
from dataclasses import fields, replace

import pytest

from strata.caching.classes import CACHE_CLASSES, CACHED_PATHS, UNKEYED_INPUTS, USER_DATA
from strata.caching.contract import (
    WRITE_COMMAND,
    BehaviorContract,
    CacheContract,
    ContractLockError,
    contract_of,
    current_contract,
    differences,
    from_json,
    read_lock,
    to_json,
    write_lock,
)


def changed(contract: CacheContract, pattern: str, **change) -> CacheContract:
    """Return a contract with something else on one path pattern."""
    behaviors = [
        replace(behavior, **change) if behavior.path_pattern == pattern else behavior for behavior in contract.behaviors
    ]
    return replace(contract, behaviors=tuple(behaviors))


def test_the_contract_is_the_one_that_was_agreed_to():
    found = differences(read_lock(), current_contract())
    assert not found, f"renew the lock on purpose with `{WRITE_COMMAND}`: {'; '.join(found)}"
    assert read_lock() == current_contract()


def test_every_path_is_listed_with_what_is_below_it_and_the_rest_is_last():
    patterns = [behavior.path_pattern for behavior in current_contract().behaviors]
    assert patterns == [*(each for path in CACHED_PATHS for each in (path, f"{path}/*")), "*"]


def test_what_is_never_kept_sees_the_whole_request_and_has_no_key():
    default = current_contract().behaviors[-1]
    assert (default.cache_class, default.max_ttl_seconds, default.keyed_headers) == ("none", 0, ())
    assert default.unkeyed_headers == default.unkeyed_cookies == default.unkeyed_query_strings == ("*",)


def test_a_cached_path_says_what_its_class_says():
    behavior = current_contract().by_class["user_data"]
    assert behavior.keyed_headers == ("x-auth-hash", "accept-language")
    assert behavior.keyed_query_strings == USER_DATA.query_strings
    assert behavior.unkeyed_headers == tuple(UNKEYED_INPUTS)
    assert {"POST", "PUT", "PATCH", "DELETE"} <= set(behavior.allowed_methods)


def test_each_class_in_use_is_there_once():
    assert set(current_contract().by_class) == set(CACHE_CLASSES)
    assert list(contract_of({"/a": USER_DATA}).by_class) == ["none", "user_data"]


def test_the_file_has_a_line_per_fact_and_is_read_back():
    text = to_json(current_contract())
    assert from_json(text) == current_contract()
    assert '      "keyed_headers": ["x-auth-hash", "accept-language"],\n' in text
    assert len(text.splitlines()) == 7 + len(current_contract().behaviors) * (2 + len(fields(BehaviorContract)))


def test_a_lock_is_written_and_read(tmp_path):
    write_lock(current_contract(), tmp_path / "lock.json")
    assert read_lock(tmp_path / "lock.json") == current_contract()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"behaviors": [{}]}', '{"behaviors": 1, "error_ttl_seconds": {}}'])
def test_a_file_without_a_contract_is_refused(text, tmp_path):
    path = tmp_path / "lock.json"
    path.write_text(text)
    with pytest.raises(ContractLockError) as refusal:
        read_lock(path)
    assert str(refusal.value) == (
        f"the lock of the cache contract holds no contract (file {path}); "
        "allowed: the file that the command writes; next: strata cache contract --write"
    )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ContractLockError, match=re.escape("cannot be read: No such file or directory")):
        read_lock(tmp_path / "lock.json")


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({"keyed_headers": ("accept-language",)}, ["x-auth-hash left the cache key"]),
        ({"keyed_headers": ("x-auth-hash", "accept-language", "host")}, ["host joined the cache key"]),
        ({"unkeyed_headers": ("*",)}, None),
        ({"unkeyed_cookies": ("*",)}, ["cookie everything joined what the origin sees outside the key"]),
        ({"max_ttl_seconds": 60}, ["max ttl seconds changed from 30 to 60"]),
        ({"viewer_cache_control": None}, ["viewer cache control changed from private, no-store to nothing"]),
        ({"cached_methods": ("GET",)}, ["HEAD left the cached methods"]),
    ],
)
def test_a_change_reads_as_a_sentence(change, sentences):
    found = differences(current_contract(), changed(current_contract(), "/api/v1/payments", **change))
    if sentences is None:
        assert found[-1] == "/api/v1/payments: everything joined what the origin sees outside the key"
    else:
        assert found == tuple(f"/api/v1/payments: {sentence}" for sentence in sentences)


def test_a_change_of_several_paths_is_one_sentence():
    paths = {path: found for path, found in CACHED_PATHS.items() if found is USER_DATA}
    slower = replace(USER_DATA, max_ttl_seconds=31)
    [sentence] = differences(contract_of(paths), contract_of(dict.fromkeys(paths, slower)))
    assert sentence == (
        "/api/v1/payments, /api/v1/payments/*, /api/v1/invoices, /api/v1/invoices/*: "
        "max ttl seconds changed from 30 to 31"
    )


def test_paths_come_go_and_change_places():
    contract = contract_of({"/a": USER_DATA, "/b": USER_DATA})
    assert differences(contract, contract_of({"/b": USER_DATA, "/c": USER_DATA})) == (
        "/a, /a/*: is not listed any more, and had the class user_data",
        "/c, /c/*: is new, with the class user_data",
    )
    assert differences(contract, contract_of({"/b": USER_DATA, "/a": USER_DATA})) == (
        "paths are tried in another order: /b, /b/*, /a, /a/*, *",
    )


def test_what_holds_for_all_paths_is_a_difference_too():
    contract = current_contract()
    assert differences(contract, replace(contract, identity_headers=("authorization", "x-api-key"))) == (
        "identity header x-api-key joined the caller's digest",
    )
    errors = {**contract.error_ttl_seconds, 404: 10, 429: 5}
    assert differences(contract, replace(contract, error_ttl_seconds=errors)) == (
        "error ttl seconds of 404 changed from 0 to 10",
        "error ttl seconds of 429 changed from nothing to 5",
    )


@pytest.mark.parametrize("field", [field.name for field in fields(BehaviorContract) if field.name != "path_pattern"])
def test_no_field_changes_unseen(field):
    contract = current_contract()
    behavior = contract.by_class["user_data"]
    value = getattr(behavior, field)
    other = {tuple: ("else",), bool: not value, int: 7777, str: "else"}[type(value)]
    assert differences(contract, changed(contract, behavior.path_pattern, **{field: other}))
