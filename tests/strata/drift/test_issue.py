"""What the issue says, and that nothing which was found can break out of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.drift.finding import Drifted, Finding, LeftOut, Property
from strata.drift.issue import LONGEST_TEXT, broken_off, settled, subject, text
from strata.preview_report.comment import EnvironmentNameError

URN = "urn:pulumi:dev::strata::aws:s3/bucket:Bucket::"


def drifted(name: str, *properties: Property) -> Drifted:
    return Drifted(f"{URN}{name}", "aws:s3/bucket:Bucket", "changed" if properties else "gone", properties)


def finding(*found: Drifted, **more: object) -> Finding:
    fields: dict[str, object] = {
        "environment": "dev",
        "checked_at": "2026-01-01T02:17:00+00:00",
        "checked": 99,
        "drifted": found,
        "left_out": (LeftOut("inside the database, which this check does not reach", (f"{URN}tenant-acme",)),),
        "unchecked": (),
        "errors": (),
    }
    return Finding(**{**fields, **more})  # type: ignore[arg-type]


def test_it_says_what_differs_and_what_to_do() -> None:
    said = text(finding(drifted("logs", Property("blockPublicAcls", "true", "false")), drifted("archive-policy")))
    assert (
        said
        == """\
**1 resource is gone and 1 resource is not as recorded**; 99 resources of `dev` checked at 2026-01-01T02:17:00+00:00.

### `archive-policy` is gone

`aws:s3/bucket:Bucket`. The next deployment makes it again.

### `logs` differs

`aws:s3/bucket:Bucket`

| property | recorded | found |
| --- | --- | --- |
| `blockPublicAcls` | `true` | `false` |

### What to do

- It was a mistake, or nobody knows: `pulumi up --refresh --stack dev` puts back what the program says.
- It was meant: write it into the program or the stack file by a pull request, and deploy that with `--refresh`.
- Look again with `strata drift detect --stack dev`; the next check closes this issue when nothing differs.

### What was not looked at

- 1 resource: inside the database, which this check does not reach. `tenant-acme`
"""
    )


def test_a_check_that_failed_is_not_called_clean() -> None:
    said = text(finding(errors=("AccessDenied",), unchecked=(f"{URN}logs",)))
    assert said.startswith(
        "**Not complete:** the check could not look at everything. **No difference was found so far**"
    )
    assert "```\nAccessDenied\n```" in said
    assert "### Not read, though they should have been\n\n`logs`" in said


def test_long_values_are_shown_as_blocks() -> None:
    said = text(finding(drifted("tenant", Property("statements", "a\nb", None))))
    assert "`statements`\n\nrecorded:\n\n```\na\nb\n```\n\nfound:\n\n-" in said


def test_it_always_fits_and_says_how_much_is_left_out() -> None:
    many = [drifted(f"bucket-{number}", Property("tags", "x" * 500, "y" * 500)) for number in range(300)]
    said = text(finding(*many))
    assert len(said) <= LONGEST_TEXT
    shown = said.count("differs\n")
    assert f"**And {300 - shown} more differences**" in said
    assert "### What to do" in said
    assert "### What was not looked at" in said


def test_the_last_word_says_what_was_not_looked_at() -> None:
    assert settled(finding()).startswith("Nothing differs any more: 99 resources checked at 2026-01-01")
    assert "inside the database" in settled(finding())
    assert "broke off" in broken_off("dev")


@pytest.mark.parametrize("name", ["dev --> x", "a--b", "", "x\ny"])
def test_a_name_that_no_marker_can_hold_is_refused(name: str) -> None:
    with pytest.raises(EnvironmentNameError):
        subject(name)


HOSTILE = st.text(st.sampled_from("`<>|\\&@#![]()-\n\t~*_ax\u202e"), max_size=40)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_that_was_found_becomes_markup(name: str, path: str, value: str) -> None:
    """Outside of code there is no character of a finding: no mention, no tag, no comment, no table cell."""
    said = text(finding(drifted(name, Property(path, f"@everyone<!--{value}", f"<img src=x>{value}"))))
    outside = []
    fence = ""
    for line in said.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
        else:
            outside.append(line)
    assert not fence
    rest = re.sub(r"`[^`]*`|<code>[^<>`@]*</code>", "", "\n".join(outside))
    assert not set("@<>`") & set(rest)
