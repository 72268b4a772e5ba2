"""Wildcards of alternate domain names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def compile_hosts(names: tuple[str, ...]) -> Callable[[str], bool]:
    """Return what tells whether a host name in lower case is one of a distribution's.

    An alternate domain name may start with ``*.``, which stands for exactly what is left of the first dot or more.
    """
    lower = [name.lower() for name in names]
    exact = frozenset(lower)
    suffixes = tuple(name[1:] for name in lower if name.startswith("*."))
    return lambda host: host in exact or (bool(suffixes) and host.endswith(suffixes))
