"""actionlint, which checks the workflows: built from its Go module, once per user and version."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.engine.pin import pinned
from local.engine.toolchain import find_go
from local.locks import exclusive
from local.paths import cache_folder
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The Go module whose dependency is actionlint; its `go.sum` holds the sources to their hashes.
MODULE_FOLDER: Final = Path(__file__).resolve().parent / "workflow_lint"
PACKAGE: Final = "github.com/rhysd/actionlint/cmd/actionlint"


class ActionlintBuildError(StrataError):
    """actionlint could not be built from its module."""


def actionlint(cache: Path | None = None) -> Path:
    """Return the executable, building it when the cache does not have this version; that takes seconds.

    Args:
        cache: the per-user cache of the project.

    Raises:
        ActionlintBuildError: Go refused.
        VirtualEnvironmentError: no Go could be had.
    """
    cache = cache or cache_folder()
    wanted = cache / "actionlint" / _cache_key() / "actionlint"
    if not wanted.is_file():
        with exclusive(cache / "actionlint" / "lock"):
            if not wanted.is_file():
                _build(wanted, cache)
    return wanted


def _cache_key() -> str:
    """Return the version with the first digits of the digest of its sources' hashes."""
    version = re.search(r"rhysd/actionlint v(\S+)", (MODULE_FOLDER / "go.mod").read_text())
    digest = hashlib.sha256((MODULE_FOLDER / "go.sum").read_bytes()).hexdigest()
    return f"{version[1] if version else 'unknown'}-{digest[:12]}"


def _build(executable: Path, cache: Path) -> None:
    print(f"lint: building actionlint {_cache_key()}", file=sys.stderr, flush=True)  # noqa: T201 - progress
    go = find_go(os.environ.get("PATH", ""), pinned().go_version, cache)
    executable.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".actionlint-") as scratch:
        unfinished = Path(scratch) / "actionlint"
        command = [str(go), "build", "-trimpath", "-o", str(unfinished), PACKAGE]
        done = subprocess.run(
            command, cwd=MODULE_FOLDER, env=_environment(), check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise ActionlintBuildError(
                f"actionlint could not be built: {(done.stderr.strip().splitlines() or ['no output'])[-1]}",
                where={"module": MODULE_FOLDER / "go.mod", "go": go},
                allowed="a reachable Go module proxy (GOPROXY)",
                next_command="make lint",
            )
        unfinished.rename(executable)


def _environment() -> Mapping[str, str]:
    fixed = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0"}
    return {**os.environ, **fixed}
