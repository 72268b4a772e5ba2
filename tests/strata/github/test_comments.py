"""One comment of ours for each marker, whatever else is on the pull request and whoever else is writing."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from strata.github.client import LONGEST_BODY, GitHubError, session
from strata.github.comments import Written, put_comment
from tests.strata.github.server import BOT, PERSON, RATE_LIMITED, TOKEN, Answer, GitHub

if TYPE_CHECKING:
    from strata.github.client import GitHubSettings

MARKER = "<!-- strata preview: dev -->"
OTHER = "<!-- strata preview: prod -->"


def put(
    settings: GitHubSettings, text: str, *, marker: str = MARKER, number: int = 7, dry_run: bool = False
) -> Written:
    with session(settings) as on:
        return put_comment(on, number, marker, text, dry_run=dry_run)


def bodies(github: GitHub, author: str = BOT) -> list[str]:
    return [one["body"] for one in github.comments.values() if one["user"]["login"] == author]


def test_the_first_report_is_a_new_comment(github: GitHub, settings: GitHubSettings) -> None:
    written = put(settings, "one tenant")
    assert bodies(github) == [f"{MARKER}\none tenant"]
    assert written.action == "created"
    assert written.url == next(iter(github.comments.values()))["html_url"]


def test_a_token_that_may_not_ask_who_it_is_is_no_news(
    github: GitHub, settings: GitHubSettings, caplog: pytest.LogCaptureFixture
) -> None:
    put(settings, "one tenant")
    assert github.requests[0] == "GET /user"
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_the_next_report_takes_its_place(github: GitHub, settings: GitHubSettings) -> None:
    put(settings, "one tenant")
    assert put(settings, f"{MARKER}\ntwo tenants").action == "updated"
    assert bodies(github) == [f"{MARKER}\ntwo tenants"]


def test_the_same_report_writes_nothing(github: GitHub, settings: GitHubSettings) -> None:
    put(settings, "one tenant\n")
    before = len(github.writes())
    assert put(settings, "one tenant\n").action == "unchanged"
    assert len(github.writes()) == before


def test_environments_have_comments_of_their_own(github: GitHub, settings: GitHubSettings) -> None:
    put(settings, "of dev")
    put(settings, "of prod", marker=OTHER)
    put(settings, "of dev again")
    assert bodies(github) == [f"{MARKER}\nof dev again", f"{OTHER}\nof prod"]


def test_what_others_wrote_is_never_touched(github: GitHub, settings: GitHubSettings) -> None:
    """Anybody may write a comment that begins with the marker; and our own may quote it further down."""
    github.add_comment(f"{MARKER}\nall fine, merge it", PERSON)
    github.add_comment(f"about `{MARKER}`\n{MARKER}", BOT)
    assert put(settings, "really").action == "created"
    assert bodies(github, PERSON) == [f"{MARKER}\nall fine, merge it"]
    assert bodies(github)[-1] == f"{MARKER}\nreally"
    assert len(bodies(github)) == 2


def test_a_person_updates_their_own_comment(github: GitHub, settings: GitHubSettings) -> None:
    github.login = PERSON
    github.add_comment(f"{MARKER}\nof the workflow", BOT)
    put(settings, "of a person")
    put(settings, "of a person, again")
    assert bodies(github, PERSON) == [f"{MARKER}\nof a person, again"]
    assert bodies(github) == [f"{MARKER}\nof the workflow"]


def test_it_is_found_behind_many_pages(github: GitHub, settings: GitHubSettings) -> None:
    for number in range(250):
        github.add_comment(f"talk {number}", PERSON)
    mine = github.add_comment(f"{MARKER}\nold")
    assert put(settings, "new").action == "updated"
    assert github.comments[mine]["body"] == f"{MARKER}\nnew"
    assert sum("/comments?" in one for one in github.requests) == 3


def test_a_comment_that_another_run_made_meanwhile_leaves_one(github: GitHub, settings: GitHubSettings) -> None:
    """Between our look and our writing another run wrote one: the older stays, with our text."""
    github.meanwhile = ("POST", partial(github.add_comment, f"{MARKER}\ntheirs"))
    written = put(settings, "ours")
    assert bodies(github) == [f"{MARKER}\nours"]
    assert written.removed == 1


def test_two_runs_at_once_leave_one(github: GitHub, settings: GitHubSettings) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda text: put(settings, text), ["one", "two"]))
    assert len(bodies(github)) == 1


def test_a_comment_that_somebody_deleted_meanwhile_is_no_failure(github: GitHub, settings: GitHubSettings) -> None:
    github.add_comment(f"{MARKER}\nfirst")
    second = github.add_comment(f"{MARKER}\nsecond")
    github.meanwhile = ("DELETE", partial(github.comments.pop, second))
    assert put(settings, "new").removed == 0
    assert bodies(github) == [f"{MARKER}\nnew"]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_rate_limit_is_waited_for(github: GitHub, settings: GitHubSettings, method: str) -> None:
    if method == "PATCH":
        github.add_comment(f"{MARKER}\nold")
    github.failures = [(f"{method} .*comments", RATE_LIMITED)]
    put(settings, "new")
    assert bodies(github) == [f"{MARKER}\nnew"]
    assert sum(one.startswith(method) and "comments" in one for one in github.requests) >= 2


def test_a_failure_of_the_server_is_tried_again(github: GitHub, settings: GitHubSettings) -> None:
    github.failures = [("POST", Answer(502, {"message": "Bad Gateway"}))]
    put(settings, "new")
    assert bodies(github) == [f"{MARKER}\nnew"]


def test_a_rate_limit_that_lasts_too_long_is_said(github: GitHub, settings: GitHubSettings) -> None:
    limit = Answer(
        403,
        {"message": "API rate limit exceeded for installation ID 1."},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"},
    )
    github.failures = [("GET .*comments", limit)]
    with pytest.raises(GitHubError, match="GitHub refuses with 403: API rate limit exceeded") as refused:
        put(settings, "new")
    assert refused.value.next_command == "the same command again, when the rate limit is over"
    assert bodies(github) == []


def test_a_missing_pull_request_is_said(github: GitHub, settings: GitHubSettings) -> None:
    with pytest.raises(GitHubError, match="GitHub refuses with 404: Not Found") as refused:
        put(settings, "new", number=8)
    assert "that the token may see" in str(refused.value)


def test_a_token_that_may_not_write_is_said(github: GitHub, settings: GitHubSettings) -> None:
    github.failures = [("POST", Answer(403, {"message": "Resource not accessible by integration"}))]
    with pytest.raises(GitHubError, match="Resource not accessible by integration") as refused:
        put(settings, "new")
    assert "`pull-requests: write` for comments" in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_a_wrong_token_is_said(github: GitHub, settings: GitHubSettings) -> None:
    github.failures = [("GET /user", Answer(401, {"message": "Bad credentials"}))]
    with pytest.raises(GitHubError, match="GitHub refuses with 401: Bad credentials"):
        put(settings, "new")
    assert TOKEN not in repr(settings)


def test_nothing_is_cut(github: GitHub, settings: GitHubSettings) -> None:
    longest = LONGEST_BODY - len(MARKER) - 1
    put(settings, "x" * longest)
    assert [len(one) for one in bodies(github)] == [LONGEST_BODY]
    with pytest.raises(GitHubError, match="the comment is too long for GitHub: 65,537 characters"):
        put(settings, "y" * (longest + 1))


def test_a_dry_run_only_reads(github: GitHub, settings: GitHubSettings) -> None:
    assert put(settings, "new", dry_run=True) == Written("created", None)
    mine = github.add_comment(f"{MARKER}\nold")
    url = github.comments[mine]["html_url"]
    assert put(settings, "new", dry_run=True) == Written("updated", url)
    assert put(settings, "old", dry_run=True) == Written("unchanged", url)
    assert github.writes() == []


def test_nobody_there_is_said(settings: GitHubSettings, github: GitHub) -> None:
    gone = replace(settings, api_url="http://127.0.0.1:9", retries=0)
    with pytest.raises(GitHubError, match="GitHub does not answer: ConnectionError"):
        put(gone, "new")
