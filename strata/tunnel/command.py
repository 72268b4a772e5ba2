"""Running a program with the variables that lead it through a tunnel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path


class ProgramMissingError(StrataError):
    """A program that is needed is not on this machine."""

    def __init__(self, program: str, next_command: str | None = None) -> None:
        super().__init__(f"{program} is not on PATH", allowed="a program on PATH", next_command=next_command)


def run_command(
    words: Sequence[str], variables: Mapping[str, str], folder: Path | None = None, without: Container[str] = ()
) -> int:
    """Run a program on this terminal, and return its exit code.

    Ctrl-C is the program's own: psql ends a query with it, and the engine finishes what it has begun.

    Args:
        words: the program and what it gets.
        variables: what its environment has beside this process's.
        folder: where it runs; here by default.
        without: variables of this process that it does not get.

    Raises:
        ProgramMissingError: it is not on PATH.
    """
    program = shutil.which(words[0])
    if program is None:
        raise ProgramMissingError(words[0])
    # Handlers, and not SIG_IGN: the program would inherit that.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    kept = {name: value for name, value in os.environ.items() if name not in without}
    child = subprocess.Popen([program, *words[1:]], env={**kept, **variables}, cwd=folder)
    before_end = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        return child.wait()
    finally:
        signal.signal(signal.SIGTERM, before_end)
        signal.signal(signal.SIGINT, before)
