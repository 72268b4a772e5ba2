"""Faults of the edge function: the list that its own cases are held to, here in front of a cache."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from benchmarks.isolation.deployment import DEFAULT_SETUP, Setup, with_code
from benchmarks.isolation.mutant import Mutant
from tests.edge_functions import mutants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.edge.control_plane import Deployment

#: Faults that no traffic can show here: why not, and the case in `edge_functions/cases/` that finds them.
HELD_ELSEWHERE: Final[Mapping[str, tuple[str, str]]] = {
    "counts-as-the-engine-does": ("no fault in Node, only in njs", "lengths-count-utf-16-code-units"),
    "lets-a-token-live-a-second-longer": ("the function's own clock is the machine's", "token-that-expires-now-is-401"),
    "takes-an-unreadable-epoch-for-0": ("a store in memory always reads", "unreadable-epoch-is-503"),
}
#: Deployments in which a fault matters that is none in the usual one.
_SETUPS: Final[Mapping[str, Setup]] = {
    "keeps-a-forged-origin-verify": Setup(has_store=False),
    "takes-any-claim-for-a-tenant": Setup(tenant_claim=None),
    "ignores-qualities": Setup(languages=("en", "de")),
}


def _of(fault: mutants.Mutant) -> Mutant:
    def change(deployment: Deployment) -> Deployment:
        functions = {one.arn: fault.apply(one.code.decode()).encode() for one in deployment.functions}
        return replace(deployment, distribution=with_code(deployment.distribution, functions))

    return Mutant(fault.name, "function", fault.why, change, setup=_SETUPS.get(fault.name, DEFAULT_SETUP))


MUTANTS: Final = tuple(_of(fault) for fault in mutants.MUTANTS if fault.name not in HELD_ELSEWHERE)
