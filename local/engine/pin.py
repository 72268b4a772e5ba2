"""Which Pulumi CLI the project runs: `go.mod` is the one place that says so."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

#: The Go module whose dependency is the CLI.
MODULE_FOLDER: Final = Path(__file__).resolve().parent

Version = tuple[int, ...]


@dataclass(frozen=True)
class Pin:
    """What `go.mod` asks for.

    Args:
        version: of the CLI, without a leading v, for example ``3.259.0``.
        go_version: the oldest Go that builds it.
        digest: the first hex digits of the SHA-256 of `go.sum`, which names the exact sources.
    """

    version: str
    go_version: str
    digest: str

    @property
    def cache_key(self) -> str:
        """The name of the folder in the per-user cache."""
        return f"{self.version}-{self.digest}"


@cache  # the files belong to the checkout and do not change while a command runs
def pinned() -> Pin:
    """Read the pin from `go.mod` and `go.sum`."""
    module = (MODULE_FOLDER / "go.mod").read_text()
    version = re.search(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)", module)
    go_version = re.search(r"^go (\S+)$", module, re.MULTILINE)
    if version is None or go_version is None:
        raise ValueError("go.mod names no version of the CLI or of Go")
    digest = hashlib.sha256((MODULE_FOLDER / "go.sum").read_bytes()).hexdigest()
    return Pin(version[1], go_version[1], digest[:12])


def parse_version(text: str) -> Version | None:
    """Return the numbers of a released version such as ``v3.259.0`` or ``go1.26.6``; None when there are none."""
    found = re.match(r"\D{0,2}(\d+(?:\.\d+)+)$", text.strip())
    return tuple(int(part) for part in found[1].split(".")) if found else None


def is_at_least(found: str, wanted: str) -> bool:
    """Say whether a found version is a released one and not older than the wanted one."""
    have, need = parse_version(found), parse_version(wanted)
    return have is not None and need is not None and have >= need
