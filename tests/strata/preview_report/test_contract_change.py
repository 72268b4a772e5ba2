"""The cache contract's difference, with what a reviewer should ask about."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from strata.caching.classes import CACHED_PATHS, NONE, REALTIME, STATIC_DATA, USER_DATA, CacheClass
from strata.caching.contract import LOCK_FILE, ContractLockError, contract_of, current_contract, differences
from strata.preview_report.contract_change import (
    BaseContractError,
    ContractChange,
    base_contract,
    contract_changes,
    contract_warning,
    warned_sentences,
)

if TYPE_CHECKING:
    from pathlib import Path

    from strata.caching.contract import CacheContract

PAYMENTS = ("/api/v1/payments", "/api/v1/payments/*")
INVOICES = ("/api/v1/invoices", "/api/v1/invoices/*")


def contract(old: CacheClass, new: CacheClass) -> CacheContract:
    return contract_of({path: new if one is old else one for path, one in CACHED_PATHS.items()})


def changed(**values: Any) -> tuple[ContractChange, ...]:
    """Return what a reviewer sees of class user_data with other values."""
    return contract_changes(current_contract(), contract(USER_DATA, replace(USER_DATA, **values)))


def test_nothing_changes_nothing() -> None:
    assert contract_changes(current_contract(), current_contract()) == ()


def test_a_key_that_tells_less_apart_is_a_risk_and_one_that_tells_more_is_none() -> None:
    before, after = "x-auth-hash, accept-language", "x-auth-hash"
    assert changed(keyed_by_language=False) == (
        ContractChange((*PAYMENTS, *INVOICES), "keyed headers", before, after, "fewer answers are told apart"),
    )
    (one,) = contract_changes(contract(USER_DATA, replace(USER_DATA, keyed_by_language=False)), current_contract())
    assert one.risk is None


def test_longer_is_a_risk_and_shorter_is_none() -> None:
    (longer,) = changed(max_ttl_seconds=60)
    assert (longer.fact, longer.before, longer.after) == ("max ttl seconds", "30", "60")
    assert longer.risk == "answers are kept longer"
    (shorter,) = changed(max_ttl_seconds=10)
    assert shorter.risk is None


def test_answers_that_callers_share_are_a_risk() -> None:
    by_fact = {one.fact: one for one in changed(keyed_by_caller=False)}
    assert by_fact["is per caller"].risk == "callers may share answers"
    assert by_fact["keyed headers"].risk == "fewer answers are told apart"


def test_paths_that_come_and_go() -> None:
    fewer = {path: one for path, one in CACHED_PATHS.items() if path != "/api/v1/payments"}
    (gone,) = contract_changes(current_contract(), contract_of(fewer))
    assert (gone.paths, gone.fact, gone.before, gone.risk) == (PAYMENTS, "class", "user_data", None)
    (new,) = contract_changes(contract_of(fewer), current_contract())
    assert (new.paths, new.after, new.risk) == (PAYMENTS, "user_data", "answers are kept from now on")
    (never,) = contract_changes(contract_of(CACHED_PATHS), contract_of({**CACHED_PATHS, "/api/v1/new": NONE}))
    assert never.risk is None


def test_the_order_of_paths_is_told_when_it_changes() -> None:
    reversed_paths = dict(reversed(CACHED_PATHS.items()))
    (one,) = contract_changes(current_contract(), contract_of(reversed_paths))
    assert (one.fact, one.paths) == ("order of paths", ())


def test_what_holds_for_the_distribution_is_told_once() -> None:
    other = replace(current_contract(), identity_headers=("x-user",), error_ttl_seconds={404: 9})
    assert [(one.fact, one.paths) for one in contract_changes(current_contract(), other)] == [
        ("identity headers", ()),
        ("kept seconds of errors", ()),
    ]


@pytest.mark.parametrize("old", [USER_DATA, STATIC_DATA, REALTIME])
@pytest.mark.parametrize("new", [NONE, USER_DATA, STATIC_DATA, REALTIME])
def test_every_difference_that_the_lock_knows_is_a_row(old: CacheClass, new: CacheClass) -> None:
    other = contract(old, new)
    assert bool(contract_changes(current_contract(), other)) == bool(differences(current_contract(), other))


def test_the_programs_warning_is_read_back() -> None:
    sentences = ("/api/v1/payments: a changed from 1 to 2", "b: c")
    warning = contract_warning(sentences)
    assert warned_sentences(warning) == sentences
    assert warning.endswith("next: strata cache contract --write")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit that holds the lock file, tagged `base`."""
    file = tmp_path / "edge_functions" / LOCK_FILE.name
    file.parent.mkdir()
    file.write_text(LOCK_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    _git(tmp_path, "init", "--quiet")
    _commit(tmp_path)
    _git(tmp_path, "tag", "base")
    return tmp_path


def _git(folder: Path, *words: str) -> None:
    author = ["-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *author, *words], check=True)


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "one")


def test_the_base_is_read_from_its_revision(repository: Path) -> None:
    (repository / "edge_functions" / LOCK_FILE.name).write_text("{}", encoding="utf-8")
    _commit(repository)
    assert base_contract("base", repository) == current_contract()
    with pytest.raises(ContractLockError, match="holds no contract at HEAD"):
        base_contract("HEAD", repository)


@pytest.mark.parametrize("revision", ["origin/main", "--output=/tmp/x", "", "HEAD:nothing"])
def test_a_revision_that_is_not_there(repository: Path, revision: str) -> None:
    with pytest.raises(BaseContractError, match="the cache contract of the base cannot be read") as raised:
        base_contract(revision, repository)
    assert raised.value.next_command == "git fetch origin, then the command again"
