"""All faults that a run must find, and the runs that find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.isolation import mutants_of_core, mutants_of_deployment, mutants_of_function, mutants_of_middleware
from benchmarks.isolation.deployment import deployment_of
from benchmarks.isolation.rules import Rule
from benchmarks.isolation.run import Run
from benchmarks.isolation.traffic import Scale

if TYPE_CHECKING:
    from benchmarks.isolation.mutant import Mutant
    from benchmarks.isolation.rules import Violation
    from local.edge.function_worker import FunctionWorker

MUTANTS: Final[tuple[Mutant, ...]] = (
    *mutants_of_function.MUTANTS,
    *mutants_of_deployment.MUTANTS,
    *mutants_of_core.MUTANTS,
    *mutants_of_middleware.MUTANTS,
)
SEED: Final = 11
#: Few of each, so that they meet soon.
SCALE: Final = Scale(identities=40, objects=24, hosts=3)
RULES: Final = tuple(Rule)
#: A fault that lives for so long has survived.
CAP: Final = 20_000


@dataclass(frozen=True)
class Killed:
    """How a fault was found.

    Args:
        mutant: the fault.
        violation: the first that a viewer sees, or else the first of all; None for a fault that survives.
        requests: how many were sent.
    """

    mutant: Mutant
    violation: Violation | None
    requests: int


async def prove(mutant: Mutant, worker: FunctionWorker, cap: int = CAP, scale: Scale = SCALE) -> Killed:
    """Run traffic through a faulty edge until a rule does not hold for a viewer, or to the cap."""
    deployment = mutant.change(deployment_of(mutant.setup))
    with mutant.patch():
        run = Run(deployment, mutant.setup, worker, SEED, scale)
        report = await run.requests(cap, stops=True)
    seen = [one for one in report.violations if one.rule.is_about_viewers]
    found = sorted(seen or report.violations, key=lambda one: (one.number, RULES.index(one.rule)))
    return Killed(mutant, found[0] if found else None, report.requests)
