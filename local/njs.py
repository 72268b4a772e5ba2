"""njs, the closest stand-in for CloudFront's runtime: the one on PATH, else Debian's package in the user's cache.

AWS names no engine; what it lists for cloudfront-js-2.0 is what njs has. The package is fetched and unpacked as an
ordinary user, without installing it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.locks import exclusive
from local.paths import cache_folder
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Sequence

_INSTALL: Final = "install the package njs (Debian: apt-get install njs), then the same command again"
#: A mirror that answers at all has sent its lists, some 10 MB, by then.
_TIMEOUT_SECONDS: Final = 300


class NjsError(StrataError):
    """There is no njs that runs."""

    def __init__(self, what: str, detail: str = "") -> None:
        super().__init__(f"{what}: {detail}" if detail else what, next_command=_INSTALL)
        self.detail = detail


class NoPackageManagerError(NjsError):
    """No njs on PATH, and this system has no apt to fetch it with."""

    def __init__(self) -> None:
        super().__init__("njs is not on PATH, and there is no apt-get to fetch it with")


class NjsFetchError(NjsError):
    """The package could not be fetched or unpacked, or what is in it does not run here."""

    def __init__(self, detail: str) -> None:
        super().__init__("njs could not be fetched", detail)


def find_or_fetch(path: str | None = None, cache: Path | None = None) -> Path:
    """Return the executable, fetching it when neither PATH nor the cache has one that runs.

    Args:
        path: a PATH string, where apt-get and dpkg-deb are looked for too; default that of this process.
        cache: the per-user cache of the project.

    Raises:
        NoPackageManagerError: there is none, and no apt-get.
        NjsFetchError: there is an apt-get, and it failed.
    """
    path = os.environ.get("PATH", "") if path is None else path
    folder = (cache or cache_folder()) / "njs"
    found = shutil.which("njs", path=path)
    if found:
        return Path(found)
    njs = folder / "usr" / "bin" / "njs"
    if _problem(njs) is None:
        return njs
    apt_get, dpkg_deb = shutil.which("apt-get", path=path), shutil.which("dpkg-deb", path=path)
    if apt_get is None or dpkg_deb is None:
        raise NoPackageManagerError
    with exclusive(folder.with_name("njs.lock")):
        if _problem(njs) is not None:
            _fetch(apt_get, dpkg_deb, folder)
    return njs


def version(njs: Path) -> str:
    """Return the version of an njs that runs, for example ``0.7.9``."""
    return subprocess.run([njs, "-v"], capture_output=True, text=True, timeout=30, check=True).stdout.strip()


def _problem(njs: Path) -> str | None:
    """Return why the executable does not run, None when it does."""
    try:
        asked = subprocess.run([njs, "-v"], capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        return str(error)
    return None if asked.returncode == 0 else asked.stderr.strip()


def _fetch(apt_get: str, dpkg_deb: str, folder: Path) -> None:
    """Put the unpacked package into the folder, which appears only when what is in it runs."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unfinished-") as name:
        temporary = Path(name)
        package = _download(apt_get, temporary)
        content = temporary / "content"
        _run([dpkg_deb, "-x", str(package), str(content)], temporary)
        problem = _problem(content / "usr" / "bin" / "njs")
        if problem is not None:
            raise NjsFetchError(problem)
        shutil.rmtree(folder, ignore_errors=True)
        content.rename(folder)


def _download(apt_get: str, temporary: Path) -> Path:
    """Download the package by the system's lists; where those are missing or old, by lists of our own."""
    try:
        _run([apt_get, "download", "njs"], temporary)
    except NjsFetchError:
        lists = temporary / "lists"
        (lists / "partial").mkdir(parents=True)
        private = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={temporary / 'cache'}"]
        # Root's apt would fetch as a user who may not write here.
        private += ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
        _run([apt_get, *private, "update"], temporary)
        _run([apt_get, *private, "download", "njs"], temporary)
    return next(temporary.glob("njs_*.deb"))


def _run(words: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NjsFetchError(f"no end after {_TIMEOUT_SECONDS} s: {' '.join(words[:1])}") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise NjsFetchError(lines[-1] if lines else f"{Path(words[0]).name} ended with {done.returncode}")
