"""The examples of the docs are what the report makes of recorded streams of the real engine, to the letter."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from local.paths import CHECKOUT
from local.preview_examples.branches import BRANCHES, Branch
from local.preview_examples.pages import page
from strata.caching.classes import CACHED_PATHS, USER_DATA
from strata.caching.contract import CacheContract, contract_of, current_contract
from strata.preview_report.comment import comment
from strata.preview_report.contract_change import contract_changes
from strata.preview_report.reading import read_events
from strata.preview_report.report import PreviewReport, make_report
from tests.strata.preview_report.recorded import FOLDER, NAMES, lines_of

REFUSED = {"edited-migration", "leaky-key", "deleted-tenant", "broken-policy"}
#: What no machine but the one that recorded it has.
OF_A_MACHINE = re.compile(
    r"(?<![\w.])/(tmp|home|root|Users|var|opt)/|127\.0\.0\.1:(?!5432\b)\d|localhost:(?!5432\b|8000\b)\d"
)


def without_caller() -> CacheContract:
    """Return the contract of the branch that takes the caller out of the key, as the edit of its text does."""
    before = current_contract()
    return replace(
        before,
        behaviors=tuple(
            replace(behavior, keyed_headers=tuple(name for name in behavior.keyed_headers if name != "x-auth-hash"))
            for behavior in before.behaviors
        ),
    )


def without_language() -> CacheContract:
    """Return the contract of the branch that loosens the key of class user_data."""
    changed = replace(USER_DATA, keyed_by_language=False)
    return contract_of({path: changed if one is USER_DATA else one for path, one in CACHED_PATHS.items()})


CONTRACTS = {"loosened-key": without_language(), "leaky-key": without_caller()}


def report_of(branch: Branch) -> PreviewReport:
    contract = contract_changes(current_contract(), CONTRACTS.get(branch.name, current_contract()))
    exit_code = 1 if branch.name in REFUSED else 0
    return make_report(read_events(lines_of(branch.name)), "local", contract, exit_code)


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda branch: branch.name)
def test_the_example_is_the_report(branch: Branch) -> None:
    written = (CHECKOUT / "docs" / "examples" / f"preview-{branch.name}.md").read_text(encoding="utf-8")
    assert written == page(branch, comment(report_of(branch))), "python -m local.preview_examples writes it anew"


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda branch: branch.name)
def test_the_report_is_right(branch: Branch) -> None:
    found = report_of(branch)
    assert found.problems == found.gaps == ()
    assert found.is_refused == (branch.name in REFUSED)
    assert found.policies.packs == ("strata",)


def facts(name: str) -> PreviewReport:
    return report_of(next(branch for branch in BRANCHES if branch.name == name))


def test_two_tenants_come_and_nothing_else_happens() -> None:
    found = facts("new-tenants")
    assert [(one.tenant, one.fate) for one in found.tenants] == [("acme", "onboarded"), ("umbrella-corp", "onboarded")]
    assert {"create": 2}.items() <= found.counts.items()
    assert found.judgement == "routine"


def test_an_edited_migration_is_named_with_its_file() -> None:
    (one,) = facts("edited-migration").refusals.migrations
    assert (one.key, one.what) == ("0003_payments", "was edited")
    assert (CHECKOUT / one.file).is_file()


def test_a_loosened_key_is_refused_by_nobody_and_shown_as_a_risk() -> None:
    found = facts("loosened-key")
    assert found.judgement == "attention"
    assert [one.risk for one in found.contract or ()] == ["fewer answers are told apart"]
    assert [change.name for change in found.changes if change.operation == "update"] == ["edge-policies-user-data"]
    assert found.contract_warnings


def test_a_leaky_key_is_refused_before_anything_is_planned() -> None:
    found = facts("leaky-key")
    assert [one.where for one in found.refusals.inputs] == ["the cache contract"]
    assert not found.changes_anything


def test_a_deleted_tenant_is_named_and_nothing_is_deleted() -> None:
    found = facts("deleted-tenant")
    assert [one.tenant for one in found.refusals.tenants] == ["globex"]
    assert "delete" not in found.counts


def test_a_broken_policy_is_told_with_the_replacement_that_it_prevents() -> None:
    found = facts("broken-policy")
    assert [(one.policy, one.resources) for one in found.policies.mandatory] == [
        ("encryption-at-rest", ("database-instance",))
    ]
    (lost,) = [change for change in found.changes if change.operation == "replace"]
    assert lost.holds_data
    assert [one.path for one in lost.differences if one.forces_replacement] == ["storageEncrypted"]


def test_a_release_is_told_tenant_by_tenant_with_its_migration() -> None:
    found = facts("release")
    assert {(one.tenant, one.fate) for one in found.tenants} == {
        ("acme", "onboarded"),
        ("initech", "offboarding"),
        ("hooli", "archived"),
    }
    (migration,) = found.migrations
    assert "ALTER TABLE app.payments ADD COLUMN statement_text text;" in migration.sql


def test_nothing_of_a_machine_is_kept() -> None:
    for name in NAMES:
        kept = [*lines_of(name), (CHECKOUT / "docs" / "examples" / f"preview-{name}.md").read_text(encoding="utf-8")]
        assert [found[0] for line in kept if (found := OF_A_MACHINE.search(line))] == [], name


def test_every_stream_has_its_branch() -> None:
    assert {file.stem for file in FOLDER.glob("*.jsonl")} == set(NAMES)
    assert {file.stem for file in (CHECKOUT / "docs" / "examples").glob("preview-*.md")} == {
        f"preview-{name}" for name in NAMES
    }
