"""The engine of an environment: found, brought or built once per user, then linked into the environment's `bin`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.engine import official
from local.engine.build import COMPANIONS, build
from local.engine.pin import Pin, pinned
from local.locks import exclusive
from local.paths import CHECKOUT, Home, cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Starts this project's stand-in for the language host, which no package registry has.
_LAUNCHER: Final = """#!/bin/sh
exec '{python}' -P '{host}' '{executor}' "$@"
"""


@dataclass(frozen=True)
class Engine:
    """A Pulumi CLI that can be used.

    Args:
        pulumi: the executable.
        origin: ``path`` (the user's own), ``installer`` or ``build``.
    """

    pulumi: Path
    origin: str


def find_or_make(path: str | None = None, cache: Path | None = None, installer_url: str | None = None) -> Engine:
    """Return the first that works: the CLI on PATH, in the cache, from the official installer, built from modules.

    Args:
        path: a PATH string; default that of this process.
        cache: the per-user cache of the project.
        installer_url: where the official installer is.

    Raises:
        EngineBuildError: nothing else was there, and building failed.
        VirtualEnvironmentError: the same, for want of a Go toolchain.
    """
    pin = pinned()
    cache = cache or cache_folder()
    found = official.find_on_path(os.environ.get("PATH", "") if path is None else path, pin.version)
    if found is not None:
        return Engine(found, "path")
    cached = _cached(pin, cache)
    if cached is not None:
        return cached
    with exclusive(cache / "engine" / "lock"):
        return _cached(pin, cache) or _make(pin, cache, installer_url or official.INSTALLER_URL)


def _folders(pin: Pin, cache: Path) -> tuple[Path, Path]:
    return cache / "engine" / f"{pin.version}-official", cache / "engine" / pin.cache_key


def _cached(pin: Pin, cache: Path) -> Engine | None:
    installed, built = _folders(pin, cache)
    if (installed / "bin" / "pulumi").is_file():
        return Engine(installed / "bin" / "pulumi", "installer")
    return Engine(built / "pulumi", "build") if (built / "pulumi").is_file() else None


def _make(pin: Pin, cache: Path, installer_url: str) -> Engine:
    installed, built = _folders(pin, cache)
    with _appearing(installed) as folder:
        refusal = official.install(folder, pin.version, installer_url)
        if refusal is not None:
            shutil.rmtree(folder)
    if refusal is None:
        return Engine(installed / "bin" / "pulumi", "installer")
    _say(f"engine: {refusal}; building it from its Go modules, once for this user (3 to 6 minutes)")
    with _appearing(built) as folder:
        build(folder, pin, cache)
    return Engine(built / "pulumi", "build")


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that takes the final name at the end unless it was removed, so none is half full."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unfinished-") as temporary:
        content = Path(temporary) / "content"
        content.mkdir()
        yield content
        if content.exists():
            content.rename(folder)


def link_into(home: Home, engine: Engine) -> None:
    """Make `bin` of the environment run the engine.

    A CLI of our own build is hard-linked, with its companions and our language host in the same folder: the engine
    resolves symbolic links before it looks beside itself, and the host belongs to a checkout. An official CLI is
    linked symbolically and keeps its own host.
    """
    home.bin.mkdir(parents=True, exist_ok=True)
    marker = home.bin / official.OURS
    wanted = f"{engine.pulumi} {engine.pulumi.stat().st_mtime_ns} {CHECKOUT}\n"
    if marker.is_file() and marker.read_text() == wanted:
        return
    for name in ("pulumi", *COMPANIONS, official.LANGUAGE_HOST):
        (home.bin / name).unlink(missing_ok=True)
    if engine.origin == "build":
        _link_build(home, engine.pulumi.parent)
    else:
        (home.bin / "pulumi").symlink_to(engine.pulumi)
    marker.write_text(wanted)


def _link_build(home: Home, folder: Path) -> None:
    for name in ("pulumi", *COMPANIONS):
        try:
            (home.bin / name).hardlink_to(folder / name)
        except OSError:  # another file system, or one without hard links
            shutil.copy2(folder / name, home.bin / name)
    launcher = home.bin / official.LANGUAGE_HOST
    host = CHECKOUT / "local" / "engine" / "language_host.py"
    python, executor = CHECKOUT / ".venv" / "bin" / "python", home.bin / "pulumi-language-python-exec"
    launcher.write_text(_LAUNCHER.format(python=python, host=host, executor=executor))
    launcher.chmod(0o755)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress of minutes
