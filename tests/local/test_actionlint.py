"""actionlint is built once per version, from sources that `go.sum` holds to their hashes."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from local import actionlint as built
from local.actionlint import ActionlintBuildError, actionlint

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_the_pinned_version() -> None:
    said = subprocess.run([actionlint(), "-version"], capture_output=True, text=True, check=True).stdout
    pinned = (built.MODULE_FOLDER / "go.mod").read_text()
    assert f"github.com/rhysd/actionlint {said.split()[0]}\n" in pinned


def test_it_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = actionlint()
    before = first.stat().st_mtime_ns
    monkeypatch.setenv("PATH", "")
    assert actionlint() == first
    assert first.stat().st_mtime_ns == before


def test_other_sources_are_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = built._cache_key()
    for name in ("go.mod", "go.sum"):
        (tmp_path / name).write_text((built.MODULE_FOLDER / name).read_text() + "\n")
    monkeypatch.setattr(built, "MODULE_FOLDER", tmp_path)
    assert before.split("-")[0] == built._cache_key().split("-")[0]
    assert before != built._cache_key()


def test_sources_that_are_not_the_known_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module proxy that gives other sources than `go.sum` names gets no program built."""
    for name in ("go.mod", "go.sum", "tools.go"):
        text = (built.MODULE_FOLDER / name).read_text()
        (tmp_path / name).write_text(text.replace("h1:", "h1:A", 2) if name == "go.sum" else text)
    monkeypatch.setattr(built, "MODULE_FOLDER", tmp_path)
    with pytest.raises(ActionlintBuildError, match="actionlint could not be built") as refused:
        actionlint(tmp_path / "cache")
    assert refused.value.next_command == "make lint"
    assert not list((tmp_path / "cache").rglob("actionlint/*/actionlint"))
