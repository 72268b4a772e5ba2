"""Which Go builds the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.engine import toolchain

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def wheel(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders into which the wheel was asked for; installing 60 MB would prove nothing more."""
    folders: list[Path] = []
    monkeypatch.setattr(toolchain, "ensure_virtual_environment", lambda folder, _: folders.append(folder))
    return folders


def make_go(folder: Path, says: str) -> Path:
    folder.mkdir()
    (folder / "go").write_text(f'#!/bin/sh\n[ "$GOTOOLCHAIN" = local ] && echo {says}\n')
    (folder / "go").chmod(0o755)
    return folder / "go"


def test_the_one_on_path_is_taken_when_it_is_new_enough(tmp_path: Path, wheel: list[Path]) -> None:
    go = make_go(tmp_path / "bin", "go1.26.1")
    assert toolchain.find_go(str(go.parent), "1.25.11", tmp_path) == go
    assert wheel == []


@pytest.mark.parametrize("says", ["go1.24.9", "go1.27-devel_abc"])
def test_an_old_or_unreleased_one_gives_way_to_the_wheel(tmp_path: Path, wheel: list[Path], says: str) -> None:
    go = make_go(tmp_path / "bin", says)
    assert toolchain.find_go(str(go.parent), "1.25.11", tmp_path) == tmp_path / "go" / "bin" / "go"
    assert wheel == [tmp_path / "go"]


def test_no_go_at_all_is_the_wheel_too(tmp_path: Path, wheel: list[Path]) -> None:
    assert toolchain.find_go("", "1.25.11", tmp_path) == tmp_path / "go" / "bin" / "go"
