"""A move between cells is told in commands that exist, and those about stack files do what the page says."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tests.docs import test_commands
from tests.strata.cli.conftest import run  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.strata.cli.conftest import Run

PAGE = "scaling.md"
OLD_CELL = "config:\n  strata:tenants:\n    - acme\n    - globex\n"
NEW_CELL = "config:\n  strata:tenants:\n    - hooli\n"


def test_commands_and_options_exist() -> None:
    test_commands.test_commands_and_options_exist(PAGE)


def test_a_move_edits_the_stack_files_of_both_cells(
    run: Run,  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    old, new = tmp_path / "Pulumi.prod.yaml", tmp_path / "Pulumi.prod-2.yaml"
    old.write_text(OLD_CELL)
    new.write_text(NEW_CELL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PULUMI_OPTION_CONFIG_FILE", raising=False)
    lines = [words for words in map(shlex.split, test_commands.told(PAGE)) if words[2] in ("offboard", "add")]
    printed = []
    for words in lines:
        result = run(*words[1:])
        assert result.exit_code == 0, (words, result.output)
        printed.append(result.output)
    assert "It stays in service, with every row" in printed[0]
    assert (old.read_text(), new.read_text()) == (OLD_CELL.replace("    - acme\n", ""), f"{NEW_CELL}    - acme\n")
