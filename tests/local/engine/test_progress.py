"""Progress of a long program."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from local.engine import progress

if TYPE_CHECKING:
    from pathlib import Path


def python(code: str, folder: Path, screen: io.StringIO) -> list[str]:
    return progress.run(
        [sys.executable, "-c", code], folder, dict(os.environ), lambda lines: f"compiled {lines} of 3", screen
    )


def test_it_returns_the_output_and_keeps_a_quick_run_quiet(tmp_path: Path) -> None:
    screen = io.StringIO()
    assert python("print('a'); print('b')", tmp_path, screen) == ["a", "b"]
    assert screen.getvalue() == ""


def test_it_shows_what_is_going_on_and_for_how_long(tmp_path: Path) -> None:
    screen = io.StringIO()
    python("import sys, time\nprint('x\\ny', file=sys.stderr, flush=True)\ntime.sleep(1.8)", tmp_path, screen)
    assert screen.getvalue() == "compiled 2 of 3 (0:01)\n"


def test_a_failure_says_what_the_program_said_last(tmp_path: Path) -> None:
    with pytest.raises(progress.CommandError, match=r"^why\nno space left on device$"):
        python("import sys; sys.exit('why\\nno space left on device')", tmp_path, io.StringIO())
