"""Virtual environments are made once per content of their requirements."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local import bootstrap
from local.virtual_environment import VirtualEnvironmentError, ensure_virtual_environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "requirements.txt"
    path.write_text("# nothing is needed\n")
    return path


def test_it_is_made_once_until_the_requirements_change(tmp_path: Path, requirements: Path) -> None:
    folder = tmp_path / "venv"

    assert ensure_virtual_environment(folder, requirements)
    assert not ensure_virtual_environment(folder, requirements)
    requirements.write_text("# still nothing\n")
    assert ensure_virtual_environment(folder, requirements)
    assert subprocess.check_output([folder / "bin" / "python", "-c", "print(1)"]) == b"1\n"


def test_an_interrupted_installation_is_finished(tmp_path: Path, requirements: Path) -> None:
    folder = tmp_path / "venv"
    ensure_virtual_environment(folder, requirements)
    (folder / "requirements.sha256").unlink()

    assert ensure_virtual_environment(folder, requirements)


def test_a_requirement_without_hash_is_refused_in_pips_words(tmp_path: Path, requirements: Path) -> None:
    requirements.write_text("pip==1.0\n")

    with pytest.raises(VirtualEnvironmentError) as failure:
        ensure_virtual_environment(tmp_path / "venv", requirements)
    assert str(failure.value).startswith("the locked requirements could not be installed: ERROR: ")
    assert failure.value.next_command == "the same command again once the cause is gone; finished steps are kept"
    assert not (tmp_path / "venv" / "requirements.sha256").exists()


def test_a_python_without_venv_names_the_package(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(VirtualEnvironmentError, match=r"apt-get install python3-venv") as failure:
        ensure_virtual_environment(tmp_path / "venv", requirements)
    assert failure.value.where == {"python": sys.executable}


def test_an_old_python_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))

    with pytest.raises(SystemExit) as refusal:
        bootstrap.main()
    assert str(refusal.value) == (
        f"error: Python 3.9.18 is too old ({sys.executable}); allowed: 3.11 or later; next: make up PYTHON=python3.11"
    )
