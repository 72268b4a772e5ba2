"""What a preview without changes costs beyond the engine's own work for as many resources of that size."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.comparison import Named, in_turns
from benchmarks.environment import environment
from local.paths import CHECKOUT
from strata.engine_contract import CONFIG_FILE_VARIABLE
from strata.rollout import BULK

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.environment import Environment
    from benchmarks.options import Options

_REPEATS: Final = 5
_COUNT: Final = 1_000
#: Programs beside the stack's own, as folders of this one.
_PLAIN: Final = "baseline_project"
_TENANTS: Final = "tenants_project"


def measure(options: Options) -> tuple[Comparison, ...]:
    """Preview the whole stack and the baseline in turns; then the tenants alone, which says what the rest costs."""
    repeats = options.repeats or _REPEATS
    # With the reserved tenant, `system`, there is one more.
    count = options.tenants or _COUNT
    tenants = [f"tenant-{number:04}" for number in range(1, count)]
    with environment(tenants) as one:
        (one.home.root / "resources.json").write_text(json.dumps(dict(map(_recorded, one.tenant_resources()))))
        for project in (_PLAIN, _TENANTS):
            _deploy(one, project)
        whole = Named(f"the stack with {count} tenants", lambda: one.pulumi("preview", "--expect-no-changes"))
        alone = Named(f"{count} tenants and nothing else", lambda: _preview(one, _TENANTS))
        plain = Named(f"{count} plain resources", lambda: _preview(one, _PLAIN))
        return (
            in_turns("the whole stack", "ratio", "s", whole, plain, repeats),
            in_turns("its tenants alone", "ratio", "s", alone, plain, repeats),
        )


def _deploy(one: Environment, project: str) -> None:
    """Bring up a program from a copy of its folder that the engine may write to."""
    folder = one.home.root / project
    shutil.copytree(Path(__file__).resolve().parent / project, folder)
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    _pulumi(one, project, "stack", "init", "local")
    _pulumi(one, project, "up", "--yes", "--skip-preview", **BULK)


def _preview(one: Environment, project: str) -> float:
    return _pulumi(one, project, "preview", "--expect-no-changes")


def _pulumi(one: Environment, project: str, *arguments: str, **variables: str) -> float:
    folder = one.home.root / project
    own = {
        "BENCHMARK_RESOURCES": str(one.home.root / "resources.json"),
        CONFIG_FILE_VARIABLE: str(folder / "Pulumi.local.yaml"),
        "PYTHONPATH": str(CHECKOUT),
    }
    return one.pulumi(*arguments, folder=folder, **own, **variables)


def _recorded(resource: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a resource's name, and its inputs and outputs without the pickled provider, which is the SDK's to add."""
    inputs, outputs = (
        {key: value for key, value in resource[side].items() if key != "__provider"} for side in ("inputs", "outputs")
    )
    return resource["urn"].rpartition("::")[2], {"inputs": inputs, "outputs": outputs}
