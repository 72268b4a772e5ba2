"""One open issue about a thing that is not as it should be, found again by its marker, and closed when it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from strata.github.client import require_fitting

if TYPE_CHECKING:
    from github.Issue import Issue

    from strata.github.client import Session

Action = Literal["opened", "updated", "unchanged", "closed", "none"]

_COMPLETED: Final = "completed"
_DUPLICATE: Final = "not_planned"


@dataclass(frozen=True)
class IssueWritten:
    """What was done with the issue, and where it is; None where there is none."""

    action: Action
    url: str | None
    number: int | None


@dataclass(frozen=True)
class Subject:
    """What an issue is about.

    Args:
        marker: a line that nothing else begins with.
        title: of a new issue.
        label: of a new issue, and of those that are looked at.
    """

    marker: str
    title: str
    label: str


def put_issue(on: Session, subject: Subject, text: str, *, dry_run: bool = False) -> IssueWritten:
    """Have exactly one open issue of ours about the subject, and it says this.

    Raises:
        GitHubError: the text is too long; within a `session`, whatever GitHub refuses.
    """
    body = f"{subject.marker}\n{text}"
    require_fitting(body, "issue")
    found = _ours(on, subject)
    if not found and dry_run:
        return IssueWritten("opened", None, None)
    if not found:
        created = on.repository.create_issue(subject.title, body, labels=[subject.label])
        # Two runs at once may both open one; every run keeps the oldest.
        found = _ours(on, subject) or [created]
        kept = _kept(found, body, dry_run=False)
        return IssueWritten("opened", kept.url, kept.number)
    return _kept(found, body, dry_run=dry_run)


def settle_issue(on: Session, subject: Subject, text: str, *, dry_run: bool = False) -> IssueWritten:
    """Close our open issue about the subject with a word; none is opened."""
    found = _ours(on, subject)
    if not found:
        return IssueWritten("none", None, None)
    for issue in found:
        if not dry_run:
            issue.create_comment(text)
            issue.edit(state="closed", state_reason=_COMPLETED)
    return IssueWritten("closed", found[0].html_url, found[0].number)


def _ours(on: Session, subject: Subject) -> list[Issue]:
    """Return our open issues about the subject, the oldest first; another's may quote the marker."""
    found = on.repository.get_issues(state="open", labels=[subject.label])
    ours = (
        one
        for one in found
        if one.user.login == on.login
        and one.pull_request is None
        and (one.body or "").split("\n", 1)[0].rstrip() == subject.marker
    )
    return sorted(ours, key=lambda one: one.number)


def _kept(found: list[Issue], body: str, *, dry_run: bool) -> IssueWritten:
    first, *others = found
    same = (first.body or "").replace("\r\n", "\n").rstrip() == body.rstrip()
    if not dry_run:
        if not same:
            first.edit(body=body)
        for one in others:
            one.create_comment(f"This is told in #{first.number}.")
            one.edit(state="closed", state_reason=_DUPLICATE)
    return IssueWritten("unchanged" if same else "updated", first.html_url, first.number)
