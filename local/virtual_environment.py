"""Virtual environments made from hash-locked requirements, once per content of the file.

Only the standard library and `strata.errors` are imported: this runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING

from local.locks import exclusive
from local.paths import cache_folder
from strata.errors import StrataError

if TYPE_CHECKING:
    from pathlib import Path


class VirtualEnvironmentError(StrataError):
    """A virtual environment that could not be made."""


def ensure_virtual_environment(folder: Path, requirements: Path) -> bool:
    """Bring a virtual environment in line with its requirements and say whether that took any work.

    The stamp in the folder is written last, so an interrupted installation is finished by the next call.

    Args:
        folder: where the virtual environment is or shall be.
        requirements: a file in which every requirement has its hashes.

    Raises:
        VirtualEnvironmentError: the venv module is missing or pip failed.
    """
    stamp = folder / "requirements.sha256"
    wanted = _stamp(requirements)
    if _has(stamp, wanted):
        return False
    with exclusive(_lock(folder)):
        if _has(stamp, wanted):
            return False
        _make(folder)
        _install(folder, requirements)
        stamp.write_text(wanted)
    return True


def _lock(folder: Path) -> Path:
    # Not beside the folder: that may be a checkout, in which nothing unexpected shall appear.
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return cache_folder() / "locks" / name


def _stamp(requirements: Path) -> str:
    version = ".".join(map(str, sys.version_info[:2]))
    return f"{version} {hashlib.sha256(requirements.read_bytes()).hexdigest()}\n"


def _has(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text() == wanted and (stamp.parent / "bin" / "python").exists()


def _make(folder: Path) -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise VirtualEnvironmentError(
            "this Python cannot make virtual environments: its venv or ensurepip module is missing",
            where={"python": sys.executable},
            next_command="install it (Debian, Ubuntu: apt-get install python3-venv), then run the same command again",
        )
    clear = [] if (folder / "bin" / "python").exists() and _same_version(folder) else ["--clear"]
    _run([sys.executable, "-m", "venv", *clear, str(folder)], "the virtual environment could not be made", folder)


def _same_version(folder: Path) -> bool:
    library = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return library.is_dir()


def _install(folder: Path, requirements: Path) -> None:
    print(f"installing {requirements.name} into {folder}", file=sys.stderr, flush=True)  # noqa: T201 - progress of a bootstrap
    python = folder / "bin" / "python"
    options = ["--require-hashes", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [str(python), "-m", "pip", "install", *options, "--requirement", str(requirements)]
    _run(command, "the locked requirements could not be installed", folder)


def _run(command: list[str], failure: str, folder: Path) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        lines = [line.strip() for line in (result.stderr + result.stdout).splitlines() if line.strip()]
        cause = next((line for line in lines if "ERROR" in line), lines[-1] if lines else "no output")
        raise VirtualEnvironmentError(
            f"{failure}: {cause}",
            where={"virtual environment": folder},
            next_command="the same command again once the cause is gone; finished steps are kept",
        )
