"""The real engine now says what it said when the examples were recorded: previews of branches, and their reports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from local.paths import CHECKOUT
from local.preview_examples.branches import BRANCHES, PREPARE, Branch
from local.preview_examples.checkout import borrowed_checkout
from local.preview_examples.pages import page
from strata.preview_report.reading import read_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.preview_examples.checkout import Checkout

pytestmark = pytest.mark.engine

#: The others are held by their recorded streams; each here takes several seconds.
TRIED = ("new-tenants", "edited-migration", "loosened-key", "deleted-tenant", "release")
#: What grows with the stack and says nothing about the branch.
_OTHER_RESOURCES = re.compile(r"\d+ resources stay")
_POLICIES = re.compile(r"\d+ policies of")


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    with borrowed_checkout() as one:
        one.start_from(PREPARE)
        one.up()
        yield one


@pytest.mark.parametrize("branch", [one for one in BRANCHES if one.name in TRIED], ids=lambda branch: branch.name)
def test_the_example_is_what_the_engine_says_today(checkout: Checkout, branch: Branch) -> None:
    preview = checkout.preview(branch)
    stream = read_events(preview.said.splitlines())
    assert stream.unknown_kinds == {}
    assert stream.unreadable_lines == 0
    written = (CHECKOUT / "docs" / "examples" / f"preview-{branch.name}.md").read_text(encoding="utf-8")
    assert _of_the_branch(page(branch, preview.report)) == _of_the_branch(written)


def _of_the_branch(text: str) -> str:
    """Return what a page says about its branch."""
    return _POLICIES.sub("N policies of", _OTHER_RESOURCES.sub("N resources stay", text))
