"""What the installed PostgreSQL says about its settings: which there are, which need a restart, what they take."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import Final

from local.postgres import programs

_CHECK_SECONDS: Final = 30


@cache  # one wheel, one catalogue
def _contexts() -> dict[str, str]:
    return {row[0].lower(): row[1] for row in programs.describe_settings()}


def is_known(name: str) -> bool:
    """Say whether the server has a setting, its own or that of an extension that the wheel brings."""
    extension, dot, _ = name.partition(".")
    if dot:
        return (programs.folder() / "lib" / f"{extension}.so").exists()
    # The catalogue leaves out what is for developers and what nobody sets.
    return name.lower() in _contexts() or "unrecognized configuration parameter" not in _tried(name, "0")


def closest(name: str) -> str | None:
    """Return the setting whose name is nearest to an unknown one."""
    return next(iter(get_close_matches(name, _contexts(), n=1)), None)


def is_static(name: str) -> bool:
    """Say whether a change of the setting waits for the next start."""
    return _contexts().get(name.lower()) == "postmaster"


def is_internal(name: str) -> bool:
    """Say whether nobody can change the setting."""
    return _contexts().get(name.lower()) == "internal" or "cannot be changed" in _tried(name, "0")


def refusal(name: str, value: str) -> str | None:
    """Return the server's own words when it does not take a value, or None."""
    if "." in name:
        return None
    answer = _tried(name, value)
    found = re.search(r"(?:FATAL|ERROR):\s+(.*(?:invalid value|outside the valid range|requires a).*)", answer)
    if found is None:
        return None
    hint = re.search(r"HINT:\s+(.*)", answer)
    return found[1] + (f"; {hint[1]}" if hint else "")


def _tried(name: str, value: str) -> str:
    """Return what the server's program says to a value; it has no data folder, so it never gets further than that."""
    return programs.ask("postgres", "-C", name, "-c", f"{name}={value}", timeout_seconds=_CHECK_SECONDS)


def missing_libraries(value: str) -> list[str]:
    """Return the libraries of a ``shared_preload_libraries`` that the wheel does not have."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    return [name for name in names if not (programs.folder() / "lib" / f"{name}.so").exists()]
