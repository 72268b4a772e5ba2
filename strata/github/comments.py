"""A comment on a pull request that is found again by its marker, so that there is one and it is the newest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from github.GithubException import UnknownObjectException

from strata.github.client import require_fitting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from github.Issue import Issue
    from github.IssueComment import IssueComment

    from strata.github.client import Session

Action = Literal["created", "updated", "unchanged"]
WOULD: Final = {"created": "would be created", "updated": "would be updated", "unchanged": "is as it should be"}


@dataclass(frozen=True)
class Written:
    """What was done.

    Args:
        action: with the one that stays.
        url: of it; None for one that would be created.
        removed: how many others there were, by the same author and with the same marker.
    """

    action: Action
    url: str | None
    removed: int = 0


def put_comment(on: Session, number: int, marker: str, text: str, *, dry_run: bool = False) -> Written:
    """Have a pull request hold exactly one comment of ours with this marker, and it says this.

    Two runs at once may both create one. So after creating, a run looks again; every run keeps the oldest.

    Args:
        on: the repository.
        number: of the pull request.
        marker: a line that nothing else begins with.
        text: Markdown, without the marker.
        dry_run: whether to write nothing.

    Raises:
        GitHubError: the text is too long; within a `session`, whatever GitHub refuses.
    """
    body = f"{marker}\n{text.removeprefix(marker).lstrip(chr(10))}"
    require_fitting(body, "comment")
    pull_request = on.repository.get_issue(number)
    found = _ours(on, pull_request, marker)
    if dry_run:
        return _planned(found, body)
    if found:
        return _kept(found, body, "updated")
    created = pull_request.create_comment(body)
    written = _kept(_ours(on, pull_request, marker) or [created], body, "updated")
    return Written("created", written.url, written.removed)


def _ours(on: Session, pull_request: Issue, marker: str) -> list[IssueComment]:
    """Return our comments with the marker, the oldest first: another's may quote it, and is never touched."""
    ours = (
        one for one in pull_request.get_comments() if one.user.login == on.login and _first_line(one.body) == marker
    )
    return sorted(ours, key=lambda one: one.id)


def _first_line(body: str | None) -> str:
    return (body or "").split("\n", 1)[0].rstrip()


def _planned(found: list[IssueComment], body: str) -> Written:
    if not found:
        return Written("created", None)
    return Written("unchanged" if _same(found[0].body, body) else "updated", found[0].html_url, len(found) - 1)


def _kept(found: list[IssueComment], body: str, action: Action) -> Written:
    first, *others = found
    if _same(first.body, body):
        action = "unchanged"
    else:
        first.edit(body)
    return Written(action, first.html_url, _delete(others))


def _same(has: str | None, wanted: str) -> bool:
    # GitHub keeps line ends as CR LF when a person edits, and drops blanks at the end.
    return (has or "").replace("\r\n", "\n").rstrip() == wanted.rstrip()


def _delete(comments: Iterable[IssueComment]) -> int:
    removed = 0
    for one in comments:
        try:
            one.delete()
        except UnknownObjectException:
            continue  # another run was faster
        removed += 1
    return removed
