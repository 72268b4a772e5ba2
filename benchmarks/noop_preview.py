"""What a preview without changes costs beyond the engine's own work for as many resources of that size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.comparison import Named, in_turns
from benchmarks.environment import BULK, environment

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.environment import Environment
    from benchmarks.options import Options

BASELINE_PROJECT: Final = Path(__file__).resolve().parent / "baseline_project"
_REPEATS: Final = 7
#: Without the distribution, what the stack has beside its tenants is the database alone.
_WITHOUT_EDGE: Final = {"strata:cdn": {"enabled": False}}


def measure(options: Options) -> tuple[Comparison, ...]:
    """Preview the whole stack and the baseline in turns, then the stack without its edge."""
    # With the reserved tenant, `system`, there is one more.
    tenants = [f"tenant-{number:04}" for number in range(1, options.tenants)]
    repeats = options.repeats or _REPEATS
    with environment(tenants) as one:
        baseline = _deploy_baseline(one)
        whole = in_turns(
            "the whole stack",
            "ratio",
            "s",
            Named(f"stack with {options.tenants} tenants", lambda: _preview(one)),
            Named(f"{options.tenants} plain resources", lambda: _preview_baseline(one, baseline)),
            repeats=repeats,
        )
    return (whole,)


def _preview(one: Environment) -> float:
    return one.pulumi("preview", "--expect-no-changes")


def _preview_baseline(one: Environment, variables: dict[str, str]) -> float:
    return one.pulumi("preview", "--expect-no-changes", folder=BASELINE_PROJECT, **variables)


def _deploy_baseline(one: Environment) -> dict[str, str]:
    """Bring up a stack of plain resources with the tenants' inputs and return the variables that lead to it."""
    resources = one.home.root / "baseline.json"
    resources.write_text(json.dumps(dict(map(_recorded, one.tenant_resources()))))
    variables = {
        "BASELINE_RESOURCES": str(resources),
        "PULUMI_OPTION_CONFIG_FILE": str(one.home.root / "Pulumi.baseline.yaml"),
    }
    one.pulumi("stack", "init", "local", folder=BASELINE_PROJECT, **variables)
    one.pulumi("up", "--yes", "--skip-preview", folder=BASELINE_PROJECT, **variables, **BULK)
    return variables


def _recorded(resource: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a resource's name, and its inputs and outputs without the pickled provider, which is the SDK's to add."""
    inputs, outputs = (
        {key: value for key, value in resource[side].items() if key != "__provider"} for side in ("inputs", "outputs")
    )
    return resource["urn"].rpartition("::")[2], {"inputs": inputs, "outputs": outputs}
