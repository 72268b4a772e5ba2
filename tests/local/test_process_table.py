"""The table of processes, on a machine with and without `ps`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local.process_table import process_table, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)", "a word of its own"]


@pytest.fixture
def child() -> Iterator[int]:
    """A process with known words, in a group of its own."""
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_a_process_is_listed_with_its_parent_group_and_words_without_ps(
    child: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    [found] = [one for one in process_table() if one.pid == child]
    assert (found.parent, found.group, found.words) == (os.getpid(), child, tuple(SLEEP))


def test_the_words_of_a_process_that_is_gone_are_none(child: int) -> None:
    assert words_of(child) == tuple(SLEEP)
    os.kill(child, 9)
    os.waitpid(child, 0)
    assert words_of(child) == ()
