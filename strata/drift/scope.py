"""What a check for drift looks at: where it runs decides what it can reach, and what it may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.engine_contract import SCHEMA_TYPE, TENANT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Scope:
    """Types of resources that are left out together, and why.

    Args:
        reason: in words that complete "left out: ".
        types: tokens of types; one that ends in ``:`` stands for every type that begins with it.
    """

    reason: str
    types: tuple[str, ...]

    def holds(self, token: str) -> bool:
        """Return whether a type belongs to it."""
        return any(token.startswith(one) if one.endswith(":") else token == one for one in self.types)

    def patterns(self) -> Iterator[str]:
        """Yield what ``pulumi refresh --exclude`` takes: a URN names the types of all parents, joined by ``$``."""
        for one in self.types:
            yield f"urn:pulumi:*::*::**{one}**" if one.endswith(":") else f"urn:pulumi:*::*::**{one}::**"


#: Tokens are permanent contracts; tests hold them against what the program registers.
SECRET_VALUES: Final = Scope(
    "its values are secrets, and whoever looks for drift may not read them",
    ("pulumi-python:dynamic/strata:EdgeSecrets",),
)
DEPLOYERS_OWN: Final = Scope(
    "only the deployer's own login could tell, and that one may write",
    ("postgresql:", "pulumi-python:dynamic/strata:DatabaseLogins"),
)
INSIDE_DATABASE: Final = Scope(
    "inside the database, which this check does not reach",
    (
        "postgresql:",
        "pulumi-python:dynamic/strata:DatabaseLogins",
        SCHEMA_TYPE,
        TENANT_TYPE,
    ),
)


#: Reads the registry and the leaves' definitions; the stack makes it.
READER: Final = "strata_readonly"


def left_out(*, with_database: bool) -> tuple[Scope, ...]:
    """Return what a check leaves out: less where it reaches the database."""
    return (DEPLOYERS_OWN, SECRET_VALUES) if with_database else (INSIDE_DATABASE, SECRET_VALUES)


def sorted_out(
    types_by_urn: Mapping[str, str], scopes: Iterable[Scope]
) -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    """Return the URNs that are to be checked, and the left-out ones by reason."""
    found = {scope.reason: tuple(urn for urn, token in types_by_urn.items() if scope.holds(token)) for scope in scopes}
    out = {urn for urns in found.values() for urn in urns}
    return frozenset(types_by_urn.keys() - out), {reason: urns for reason, urns in found.items() if urns}
