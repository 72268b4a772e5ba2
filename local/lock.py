"""Lock every requirement with its hashes and without an address of an index: ``python -m local.lock``, needs `uv`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Final

from local.paths import CHECKOUT

#: Each lock file with what it is made from.
LOCKS: Final = {
    "requirements.txt": ("pyproject.toml", "--all-extras", "--group", "local", "--group", "dev"),
    "local/engine/requirements.txt": ("local/engine/requirements.in",),
    "local/emulator/requirements.txt": ("local/emulator/requirements.in",),
    "local/postgres/oldest/requirements.txt": ("local/postgres/oldest/requirements.in",),
    "local/scanner/requirements.txt": ("local/scanner/requirements.in",),
}
#: Good for every platform and Python that the project supports.
OPTIONS: Final = (
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-annotate",
)


def main() -> int:
    """Write the lock files, keeping locked versions that still fit; return 0 when all could be written."""
    uv = shutil.which("uv")
    if uv is None:
        print("error: uv is not on PATH; next: pip install uv, then make lock", file=sys.stderr)  # noqa: T201 - the answer
        return 1
    environment = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    codes = [
        subprocess.call(
            [uv, "pip", "compile", "--quiet", *OPTIONS, "--output-file", target, *sources],
            cwd=CHECKOUT,
            env=environment,
        )
        for target, sources in LOCKS.items()
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
