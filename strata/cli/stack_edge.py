"""Which stack's edge a command works on: ``--edge``, or what ``source .strata/env`` exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from strata.caching.reference import EDGE_VARIABLE, resolve_edge
from strata.errors import StrataError

if TYPE_CHECKING:
    from strata.caching.reference import EdgeParameters

#: On every command that works on a deployed edge.
EdgeReference = Annotated[
    str | None,
    typer.Option("--edge", envvar=EDGE_VARIABLE, metavar="ssm:NAME", help="Reference of the stack's edge."),
]


class NoEdgeError(StrataError):
    """Nothing says which stack's edge is meant."""

    def __init__(self) -> None:
        super().__init__(
            f"no edge is named: {EDGE_VARIABLE} is not set",
            allowed="--edge ssm:/strata/STACK/edge",
            next_command="source .strata/env",
        )


def edge_of(reference: str | None) -> EdgeParameters:
    """Return the edge that a reference leads to.

    Raises:
        NoEdgeError: there is no reference.
        EdgeReferenceError: it leads nowhere.
    """
    if not reference:
        raise NoEdgeError
    return resolve_edge(reference)
