"""One open issue of ours about a subject, and none when there is nothing to say."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from strata.github.client import GitHubError, session
from strata.github.issues import IssueWritten, Subject, put_issue, settle_issue
from tests.strata.github.server import BOT, PERSON, RATE_LIMITED, GitHub

if TYPE_CHECKING:
    from strata.github.client import GitHubSettings

DEV = Subject("<!-- strata drift: dev -->", "Drift in dev", "drift")
PROD = Subject("<!-- strata drift: prod -->", "Drift in prod", "drift")


def put(settings: GitHubSettings, text: str, subject: Subject = DEV, *, dry_run: bool = False) -> IssueWritten:
    with session(settings) as on:
        return put_issue(on, subject, text, dry_run=dry_run)


def settle(settings: GitHubSettings, subject: Subject = DEV, *, dry_run: bool = False) -> IssueWritten:
    with session(settings) as on:
        return settle_issue(on, subject, "It is as it should be again.", dry_run=dry_run)


def ours(github: GitHub, state: str = "open") -> list[str]:
    return [one["body"] for one in github.issues.values() if one["user"]["login"] == BOT and one["state"] == state]


def test_the_first_difference_opens_an_issue(github: GitHub, settings: GitHubSettings) -> None:
    written = put(settings, "a bucket")
    assert ours(github) == [f"{DEV.marker}\na bucket"]
    assert github.issues[8]["title"] == "Drift in dev"
    assert github.issues[8]["labels"] == [{"name": "drift"}]
    assert written == IssueWritten("opened", github.issues[8]["html_url"], 8)


def test_the_next_night_updates_it(github: GitHub, settings: GitHubSettings) -> None:
    put(settings, "a bucket")
    assert put(settings, "a bucket and a role").action == "updated"
    assert put(settings, "a bucket and a role").action == "unchanged"
    assert ours(github) == [f"{DEV.marker}\na bucket and a role"]
    assert sum(one.startswith("PATCH") for one in github.requests) == 1


def test_it_is_closed_when_there_is_nothing_left(github: GitHub, settings: GitHubSettings) -> None:
    put(settings, "a bucket")
    assert settle(settings).action == "closed"
    assert github.issues[8]["state_reason"] == "completed"
    assert [one["body"] for one in github.comments.values()] == ["It is as it should be again."]
    assert settle(settings) == IssueWritten("none", None, None)


def test_what_was_closed_stays_closed(github: GitHub, settings: GitHubSettings) -> None:
    put(settings, "a bucket")
    settle(settings)
    assert put(settings, "a role").number == 9
    assert ours(github, "closed") == [f"{DEV.marker}\na bucket"]


def test_environments_have_issues_of_their_own(github: GitHub, settings: GitHubSettings) -> None:
    put(settings, "of dev")
    put(settings, "of prod", PROD)
    settle(settings)
    assert ours(github) == [f"{PROD.marker}\nof prod"]


def test_what_others_wrote_is_never_touched(github: GitHub, settings: GitHubSettings) -> None:
    theirs = github.add_issue(f"{DEV.marker}\nignore this", PERSON)
    quoting = github.add_issue(f"why does it say\n{DEV.marker}", BOT)
    pull_request = github.add_issue(f"{DEV.marker}\n", BOT, pull_request={"url": "of a pull request"})
    before = {number: dict(github.issues[number]) for number in (theirs, quoting, pull_request)}
    assert put(settings, "a bucket").action == "opened"
    settle(settings)
    assert {number: github.issues[number] for number in before} == before


def test_it_is_found_behind_many_pages(github: GitHub, settings: GitHubSettings) -> None:
    mine = github.add_issue(f"{DEV.marker}\nold")
    for number in range(230):
        github.add_issue(f"talk {number}", PERSON)
    assert put(settings, "new").number == mine
    assert ours(github) == [f"{DEV.marker}\nnew"]


def test_an_issue_that_another_run_opened_meanwhile_leaves_one(github: GitHub, settings: GitHubSettings) -> None:
    github.meanwhile = ("POST .*issues$", partial(github.add_issue, f"{DEV.marker}\ntheirs"))
    assert put(settings, "ours").number == 8
    assert ours(github) == [f"{DEV.marker}\nours"]
    assert github.issues[9]["state_reason"] == "not_planned"


def test_a_rate_limit_is_waited_for(github: GitHub, settings: GitHubSettings) -> None:
    github.failures = [("POST", RATE_LIMITED), ("GET .*issues", RATE_LIMITED)]
    put(settings, "a bucket")
    assert ours(github) == [f"{DEV.marker}\na bucket"]


def test_nothing_is_cut(github: GitHub, settings: GitHubSettings) -> None:
    with pytest.raises(GitHubError, match="the issue is too long for GitHub"):
        put(settings, "x" * 65_536)


def test_a_dry_run_only_reads(github: GitHub, settings: GitHubSettings) -> None:
    assert put(settings, "new", dry_run=True).action == "opened"
    github.add_issue(f"{DEV.marker}\nold")
    assert put(settings, "new", dry_run=True).action == "updated"
    assert settle(settings, dry_run=True).action == "closed"
    assert github.writes() == []
