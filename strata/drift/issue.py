"""The issue about an environment's drift: what differs, what to do about it, and what was not looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.github.issues import Subject
from strata.preview_report.comment import marker
from strata.preview_report.markdown import code, counted, fence, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from strata.drift.finding import Drifted, Finding, LeftOut, Property

#: GitHub takes 65,536 characters; the rest is for the marker and for where the finding comes from.
LONGEST_TEXT: Final = 60_000
#: Of a list that goes on, and of a value.
_MOST_NAMES: Final = 20
_MOST_VALUE_CHARACTERS: Final = 2_000
LABEL: Final = "drift"

_WAYS: Final = """### What to do

- It was a mistake, or nobody knows: `pulumi up --refresh --stack {stack}` puts back what the program says.
- It was meant: write it into the program or the stack file by a pull request, and deploy that with `--refresh`.
- Look again with `strata drift detect --stack {stack}`; the next check closes this issue when nothing differs.
"""


def subject(environment: str) -> Subject:
    """Return what the issue about an environment is found by.

    Raises:
        EnvironmentNameError: no stack can be called so.
    """
    marker(environment)  # refuses a name that no marker can hold
    return Subject(f"<!-- strata drift: {environment} -->", f"Drift in {environment}", LABEL)


def text(finding: Finding) -> str:
    """Return the issue's text, with as many differences as fit; the finding itself has them all."""
    foot = "\n".join(_foot(finding))
    head = f"{_verdict(finding)}\n\n"
    return head + "".join(_fitting(list(_blocks(finding)), LONGEST_TEXT - len(head) - len(foot))) + foot


def broken_off(environment: str) -> str:
    """Return the text for a check that ended without a finding."""
    return f"**Unknown:** the check of {code(environment)} broke off before it found anything.\n"


def settled(finding: Finding) -> str:
    """Return the last word in an issue that is closed."""
    lines = [f"Nothing differs any more: {counted(finding.checked, 'resource')} checked at {finding.checked_at}.", ""]
    return "\n".join([*lines, *_left_out(finding.left_out)])


def _verdict(finding: Finding) -> str:
    gone = sum(one.kind == "gone" for one in finding.drifted)
    changed = len(finding.drifted) - gone
    found = [counted(gone, "resource is", "resources are") + " gone"] if gone else []
    found += [counted(changed, "resource is", "resources are") + " not as recorded"] if changed else []
    checked = f"{counted(finding.checked, 'resource')} of {code(finding.environment)} checked at {finding.checked_at}"
    opening = "" if finding.is_complete else "**Not complete:** the check could not look at everything. "
    return f"{opening}**{' and '.join(found) or 'No difference was found so far'}**; {checked}."


def _blocks(finding: Finding) -> Iterator[str]:
    if finding.errors:
        yield "\n".join(["### What failed", "", *(fence(one) for one in finding.errors), "", ""])
    if finding.unchecked:
        yield f"### Not read, though they should have been\n\n{_names(finding.unchecked)}\n\n"
    ordered = sorted(finding.drifted, key=lambda one: (one.kind != "gone", one.urn))
    for one in ordered:
        yield _resource(one)


def _resource(one: Drifted) -> str:
    if one.kind == "gone":
        return f"### {code(one.name)} is gone\n\n{code(one.type)}. The next deployment makes it again.\n\n"
    rows = [(code(each.path), _short(each.recorded), _short(each.found)) for each in one.properties]
    if any(_is_long(each) for each in one.properties):
        body = "\n\n".join(_long(each) for each in one.properties)
    else:
        body = table(("property", "recorded", "found"), rows)
    return f"### {code(one.name)} differs\n\n{code(one.type)}\n\n{body}\n\n"


def _is_long(one: Property) -> bool:
    return any("\n" in (value or "") or len(value or "") > 80 for value in (one.recorded, one.found))  # noqa: PLR2004 - a cell


def _short(value: str | None) -> str:
    return "-" if value is None else code(value)


def _long(one: Property) -> str:
    sides = [f"{name}:\n\n{_block(value)}" for name, value in (("recorded", one.recorded), ("found", one.found))]
    return "\n\n".join([code(one.path), *sides])


def _block(value: str | None) -> str:
    if value is None:
        return "-"
    rest = len(value) - _MOST_VALUE_CHARACTERS
    return fence(value[:_MOST_VALUE_CHARACTERS]) + (f"\n\nand {rest:,} more characters" if rest > 0 else "")


def _fitting(blocks: Sequence[str], room: int) -> Iterator[str]:
    """Yield whole blocks while they fit, then how many are left out."""
    room -= 200
    for index, block in enumerate(blocks):
        room -= len(block)
        if room < 0:
            rest = counted(len(blocks) - index, "more difference")
            yield f"**And {rest}**, in the file that the check left with its run.\n\n"
            return
        yield block


def _foot(finding: Finding) -> Iterator[str]:
    yield _WAYS.format(stack=finding.environment)
    yield from _left_out(finding.left_out)


def _left_out(scopes: Sequence[LeftOut]) -> Iterator[str]:
    if not scopes:
        yield "Nothing was left out."
        return
    yield "### What was not looked at\n"
    for one in scopes:
        yield f"- {counted(len(one.urns), 'resource')}: {one.reason}. {_names(one.urns)}"
    yield ""


def _names(urns: Sequence[str]) -> str:
    names = [code(urn.rpartition("::")[2]) for urn in urns[:_MOST_NAMES]]
    rest = len(urns) - len(names)
    return _sentence(names, rest)


def _sentence(names: Iterable[str], rest: int) -> str:
    return ", ".join(names) + (f", and {rest:,} more" if rest > 0 else "")
