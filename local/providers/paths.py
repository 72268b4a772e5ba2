"""Places in a property map: how they are written for people and for the engine, and how declarations match them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$]*\Z")


def written(path: Path) -> str:
    """Return a path as Pulumi writes it, for example ``origins[0].domainName`` or ``tags["team.name"]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.match(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def dotted(path: Path) -> str:
    """Return a path without its list indexes, as resource types declare it, for example ``origins.domainName``."""
    return ".".join(step for step in path if isinstance(step, str))


def under(path: str, ancestor: str) -> bool:
    """Return whether a dotted path is `ancestor` or lies below it."""
    return path == ancestor or path.startswith(f"{ancestor}.")


def is_modelled(path: str, modelled: Iterable[str]) -> bool:
    """Return whether a dotted path is declared: itself, as a step towards a declared one, or below a ``.*``."""
    return any(
        under(entry, path) or (entry.endswith(".*") and under(path, entry.removesuffix(".*"))) for entry in modelled
    )
