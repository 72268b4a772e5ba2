"""`strata cache explain`, `contract` and `canary`."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from strata.caching.contract import current_contract, from_json, read_lock, to_json, write_lock
from strata.caching.contract_problems import CacheContractError
from strata.caching.explain import ExplainError
from strata.cli import cache
from strata.errors import StrataError
from tests.strata.caching.leaky_edge import Settings, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.strata.cli.conftest import Run

PATH = "/api/v1/payments"


def test_explain_says_the_outcome_first(run: Run) -> None:
    lines = run("cache", "explain", f"https://api.example.com{PATH}?limit=5&x=1").output.splitlines()
    assert lines[0].startswith(f"GET {PATH}: answered from the cache")
    assert any("?x" in line and "never sees it" in line for line in lines)
    assert any("x-auth-hash" in line and "digest of the caller" in line for line in lines)


def test_explain_as_json_holds_the_same(run: Run) -> None:
    document = json.loads(run("cache", "explain", PATH, "--json", "-H", "cookie").output)
    assert document["behavior"]["cache_class"] == "user_data"
    assert document["dropped"] == [{"name": "cookie", "why": "neither in the key nor in the origin request policy"}]


def test_explain_takes_no_token(run: Run) -> None:
    result = run("cache", "explain", PATH, "--header", "authorization: Bearer secret-token")
    assert isinstance(result.exception, ExplainError)
    assert "secret-token" not in f"{result.output}{result.exception}"


def test_the_contract_is_shown_with_every_path(run: Run) -> None:
    shown = run("cache", "contract").output
    for behavior in current_contract().behaviors:
        assert f"{behavior.path_pattern}\n" in shown
        assert behavior.origin_cache_control in shown


def test_the_contract_as_json_is_the_lock_file(run: Run) -> None:
    assert from_json(run("cache", "contract", "--json").output) == current_contract()


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a lock file of the test's own that holds the present contract."""
    path = tmp_path / "lock.json"
    write_lock(current_contract(), path)
    monkeypatch.setattr(cache, "read_lock", partial(read_lock, path))
    monkeypatch.setattr(cache, "write_lock", lambda contract: write_lock(contract, path))
    return path


def _locked_without_the_caller(lock: Path) -> None:
    behaviors = (replace(current_contract().behaviors[0], keyed_headers=()), *current_contract().behaviors[1:])
    write_lock(replace(current_contract(), behaviors=behaviors), lock)


def test_check_passes_when_nothing_changed(run: Run, lock: Path) -> None:
    result = run("cache", "contract", "--check")
    assert (result.exit_code, result.output) == (0, "the cache contract is the locked one\n")


def test_check_tells_differences_as_sentences(run: Run, lock: Path) -> None:
    _locked_without_the_caller(lock)
    result = run("cache", "contract", "--check")
    assert result.output.splitlines() == [
        f"{PATH}: x-auth-hash joined the cache key",
        f"{PATH}: accept-language joined the cache key",
    ]
    assert isinstance(result.exception, StrataError)
    assert result.exception.next_command == "strata cache contract --write"


def test_check_as_json(run: Run, lock: Path) -> None:
    _locked_without_the_caller(lock)
    result = run("cache", "contract", "--check", "--json")
    assert result.exit_code == 1
    assert json.loads(result.output) == {
        "differences": [f"{PATH}: x-auth-hash joined the cache key", f"{PATH}: accept-language joined the cache key"],
        "problems": [],
    }


def test_check_refuses_a_contract_that_leaks(run: Run, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leaking = replace(current_contract().behaviors[0], keyed_headers=())
    contract = replace(current_contract(), behaviors=(leaking, *current_contract().behaviors[1:]))
    monkeypatch.setattr(cache, "current_contract", lambda: contract)
    result = run("cache", "contract", "--check")
    assert isinstance(result.exception, CacheContractError)
    assert f"{PATH}: x-auth-hash left the cache key" in result.output
    assert len(result.output.splitlines()) > 2


def test_write_renews_and_says_what_changed(run: Run, lock: Path) -> None:
    _locked_without_the_caller(lock)
    before = lock.read_text()
    dry = run("cache", "contract", "--write", "--dry-run")
    assert "would be renewed" in dry.output
    assert lock.read_text() == before
    done = run("cache", "contract", "--write")
    assert f"{PATH}: x-auth-hash joined the cache key\n" in done.output
    assert lock.read_text() == to_json(current_contract())


@pytest.mark.parametrize("broken", ["", "{}", None])
def test_a_lock_that_is_broken_fails_the_check_and_can_be_renewed(run: Run, lock: Path, broken: str | None) -> None:
    lock.unlink() if broken is None else lock.write_text(broken)
    assert isinstance(run("cache", "contract", "--check").exception, StrataError)
    assert json.loads(run("cache", "contract", "--write", "--json").output)["written"] is True
    assert run("cache", "contract", "--check").exit_code == 0


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.setenv("TOKEN_A", "token-of-a")
    monkeypatch.setenv("TOKEN_B", "token-of-b")
    return ["--path", PATH, "--identity", "env:TOKEN_A", "--identity", "env:TOKEN_B"]


def test_canary_passes_where_callers_are_kept_apart(
    run: Run, tokens: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Settings()) as url:
        monkeypatch.setenv("STRATA_EDGE_URL", url)
        result = run("cache", "canary", *tokens)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "isolated: each caller saw only their own answers"
    assert "token-of" not in result.output


def test_canary_fails_on_a_leak_and_names_the_runbook(run: Run, tokens: list[str]) -> None:
    with serving(Settings(key=lambda path, _: path)) as url:
        result = run("cache", "canary", url, *tokens)
    assert result.exit_code == 1
    assert "TOKEN_B got byte for byte what TOKEN_A got, from the cache" in result.output
    assert "docs/runbooks/leaked-answer.md" in result.output.splitlines()[-1]


def test_canary_does_not_call_nothing_good(run: Run, tokens: list[str]) -> None:
    with serving(Settings(needs_token=lambda _: True)) as url:
        result = run("cache", "canary", url, *tokens)
    assert result.exit_code == 1
    assert "TOKEN_A was answered 401 each time" in result.output
    assert result.output.splitlines()[-1] == "inconclusive: these answers prove nothing"


def test_canary_as_json_holds_every_answer(run: Run, tokens: list[str]) -> None:
    with serving(Settings()) as url:
        result = run("cache", "canary", url, *tokens, "--repeat", "2", "--json")
    document = json.loads(result.output)
    assert document["verdict"] == "isolated"
    assert len(document["observations"]) == 2 * 7 + 2
    assert "token-of" not in result.output


def test_canary_while_caching_is_off(run: Run, tokens: list[str]) -> None:
    with serving(Settings(keeps=False)) as url:
        assert run("cache", "canary", url, *tokens, "--uncached").exit_code == 0
    with serving(Settings()) as url:
        assert run("cache", "canary", url, *tokens, "--uncached").exit_code == 1


def test_canary_finds_a_marker(run: Run, tokens: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKER_A", "account-a")
    monkeypatch.setenv("MARKER_B", "account-b")
    markers = ["--marker", "env:MARKER_A", "--marker", "env:MARKER_B"]
    with serving(Settings(body=lambda _, number: {"account": "account-a", "request": number})) as url:
        result = run("cache", "canary", url, *tokens, *markers)
    assert "the answer to TOKEN_B holds the marker of TOKEN_A" in result.output


def test_canary_without_a_url_says_where_one_comes_from(run: Run, tokens: list[str]) -> None:
    error = run("cache", "canary", *tokens).exception
    assert isinstance(error, StrataError)
    assert (error.allowed, error.next_command) == ("https://HOST", "source .strata/env")


@pytest.mark.parametrize("extra", [["--marker", "env:A"] * 3, ["--path"]])
def test_canary_refuses_what_does_not_fit(run: Run, tokens: list[str], extra: list[str]) -> None:
    assert run("cache", "canary", "http://localhost:1", *tokens, *extra).exit_code == 2


def test_canary_needs_a_path(run: Run, tokens: list[str]) -> None:
    assert run("cache", "canary", "http://localhost:1", *tokens[2:]).exit_code == 2
