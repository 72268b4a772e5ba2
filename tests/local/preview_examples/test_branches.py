"""A branch's edit is the one that its story tells, or none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from local.paths import CHECKOUT
from local.preview_examples.branches import BRANCHES, PREPARE, Branch, EditError, replaced

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("infra", "sql_templates", "strata")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the branches edit, as they find it."""
    for name in FOLDERS:
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "Pulumi.local.yaml", tmp_path)
    PREPARE(tmp_path)
    return tmp_path


def _content(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda branch: branch.name)
def test_every_branch_can_be_made_of_this_checkout(branch: Branch, checkout: Path) -> None:
    before = _content(checkout)
    branch.edit(checkout)
    assert (_content(checkout) != before) == (branch.name != "unchanged")


@pytest.mark.parametrize(("text", "count"), [("a\n", 0), ("bb\n", 2)])
def test_an_edit_of_what_is_not_there_once_is_refused(tmp_path: Path, text: str, count: int) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(EditError, match=f"the text to edit is there {count} times"):
        replaced("file", "b", "c")(tmp_path)
    assert (tmp_path / "file").read_text() == text
