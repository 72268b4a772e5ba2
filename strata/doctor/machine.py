"""Checks of the machine: programs and their versions."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from strata.doctor.finding import Finding, failed, failed_by, ok, skipped
from strata.errors import StrataError
from strata.tunnel.errors import TunnelError
from strata.tunnel.plugin import find_plugin, plugin_version

if TYPE_CHECKING:
    from strata.doctor.subject import Subject

_OLDEST_PYTHON: Final = (3, 11)
_PLUGINS: Final = {"aws": "pulumi-aws", "postgresql": "pulumi-postgresql"}
_NO_DOWNLOADS: Final = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"
_PROGRAM_SECONDS: Final = 60


def python(_: Subject) -> Finding:
    """Look at the interpreter."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return failed(f"Python {found}", "install Python 3.11 or newer, and make the virtual environment again")
    return ok(f"Python {found}")


def engine(_: Subject) -> Finding:
    """Hold the Pulumi CLI against the installed SDK: one number names both, and a lock file pins it."""
    said = _output("pulumi", "version")
    if said is None:
        return failed(
            "pulumi is not on PATH", "source .strata/env, or install it: https://www.pulumi.com/docs/install/"
        )
    try:
        pinned = version("pulumi")
    except PackageNotFoundError:
        return failed(
            f"pulumi {said}, but its Python SDK is not installed", "pip install --require-hashes -r requirements.txt"
        )
    found = said.removeprefix("v")
    if _numbers(found)[:1] != _numbers(pinned)[:1] or _numbers(found) < _numbers(pinned):
        return failed(f"pulumi {found} is older than the SDK, {pinned}", f"install pulumi {pinned}")
    return ok(f"pulumi {found}, SDK {pinned}")


def plugins(subject: Subject) -> Finding:
    """Look for the provider plugins where the engine does: on PATH, then in its cache."""
    on_path = [name for name in _PLUGINS if shutil.which(f"pulumi-resource-{name}")]
    if len(on_path) == len(_PLUGINS):
        return ok(f"{', '.join(on_path)}, both from PATH")
    listed = _output("pulumi", "plugin", "ls", "--json")
    if listed is None:
        return skipped("needs pulumi")
    installed = {(one["name"], one.get("version")) for one in json.loads(listed)}
    wanted = {name: version(package) for name, package in _PLUGINS.items() if name not in on_path}
    missing = [f"{name} {number}" for name, number in wanted.items() if (name, number) not in installed]
    if not missing:
        return ok(", ".join(f"{name} {number}" for name, number in wanted.items()))
    if subject.environment.get(_NO_DOWNLOADS) == "true":
        commands = "; ".join(f"pulumi plugin install resource {one}" for one in missing)
        return failed(f"missing, and {_NO_DOWNLOADS} is set: {', '.join(missing)}", commands)
    return skipped(f"not here yet: {', '.join(missing)}; the next preview downloads them")


def git(_: Subject) -> Finding:
    """Look for git, which says what a change touches."""
    said = _output("git", "--version")
    return ok(said) if said else failed("git is not on PATH", "install git")


def session_manager_plugin(subject: Subject) -> Finding:
    """Look for the program that a tunnel needs, on a stack that has one."""
    try:
        if subject.value("database", "reach", "direct") != "tunnel":
            return skipped("the stack's database is reached directly")
    except StrataError as error:
        return skipped(f"needs the stack file: {error.what}")
    try:
        return ok(f"session-manager-plugin {plugin_version(find_plugin())}")
    except TunnelError as error:
        return failed_by(error, "install it")


def _output(*words: str) -> str | None:
    """Return what a program printed; None when it is not there, or failed."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_PROGRAM_SECONDS)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)[:3]))
