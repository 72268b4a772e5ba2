"""A report as one comment: always with its head, and cut between blocks where it is too long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from strata.errors import StrataError
from strata.preview_report.markdown import code, counted
from strata.preview_report.sections import Section, sections
from strata.preview_report.verdict import opening, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from strata.preview_report.report import PreviewReport

#: GitHub takes 65,536 characters; the rest is for whoever puts something around the comment.
LONGEST_COMMENT: Final = 60_000
#: A pointer to what is left out is not longer.
_LONGEST_POINTER: Final = 400
_STACK_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class EnvironmentNameError(StrataError):
    """A name that no stack can have, and that would not be safe in a comment's marker."""


def marker(environment: str) -> str:
    """Return the hidden line by which the comment of an environment is found again.

    Raises:
        EnvironmentNameError: no stack can be called so.
    """
    if not _STACK_NAME.fullmatch(environment) or "--" in environment:
        raise EnvironmentNameError(
            "not the name of an environment",
            where={"name": ascii(environment)},
            allowed="1 to 100 of a-z, A-Z, 0-9, and _ . - with no two - in a row",
        )
    return f"<!-- strata preview: {environment} -->"


def comment(report: PreviewReport, longest: int | None = LONGEST_COMMENT, artifact: str | None = None) -> str:
    """Return the report as Markdown.

    Args:
        report: the facts.
        longest: characters, at most; None for the whole report.
        artifact: where the whole report is, for a comment that is cut.

    Raises:
        EnvironmentNameError: no stack can be called so.
    """
    head = f"{marker(report.environment)}\n## Preview of {code(report.environment)}\n\n{_verdict(report)}\n"
    found = sections(report)
    whole = "".join([head, *(_text(section.title, section.blocks) for section in found)])
    if longest is None or len(whole) <= longest:
        return whole
    return head + "".join(_fitting(found, longest - len(head), artifact))


def _verdict(report: PreviewReport) -> str:
    facts = verdict(report)
    return f"**{opening(report)}:** {facts}." if facts else f"**{opening(report)}.**"


def _fitting(found: Iterable[Section], room: int, artifact: str | None) -> Iterable[str]:
    """Yield the sections with as many whole blocks as fit, the first sections first."""
    where = code(artifact) if artifact else "the report that `strata preview-report --artifact FILE` writes"
    found = list(found)
    room -= _LONGEST_POINTER * len(found)
    for section in found:
        room -= len(section.title) + len("\n### \n")
        kept = []
        for block in section.blocks:
            if len(block) + 2 <= room:
                kept.append(block)
                room -= len(block) + 2
        left_out = len(section.blocks) - len(kept)
        if left_out:
            kept.append(f"_{counted(left_out, 'part')} of this section left out: the whole is in_ {where}.")
        yield _text(section.title, kept)


def _text(title: str, blocks: Iterable[str]) -> str:
    return f"\n### {title}\n\n" + "\n\n".join(blocks) + "\n"
