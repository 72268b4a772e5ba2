"""How long the first `pulumi up` of many tenants takes in bulk mode, against their DDL alone in one psql session."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, Final

from benchmarks.comparison import Comparison, Side
from benchmarks.environment import environment
from benchmarks.onboard_one import script
from local.postgres import programs
from local.variables import process_environment
from strata.rollout import BULK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.environment import Environment
    from benchmarks.options import Options

_REPEATS: Final = 3
_TENANTS: Final = 1_000
_DEPLOYER: Final = "strata_deployer"
#: Without the reserved tenant.
_COUNT: Final = "SELECT count(DISTINCT tenant_id) FROM strata.tenant_partitions WHERE tenant_id <> 'system'"


def measure(options: Options) -> tuple[Comparison, ...]:
    """Onboard the tenants both ways, in turns, each time in a new environment without tenants."""
    tenants = [f"tenant-{number:04}" for number in range(options.tenants or _TENANTS)]
    deployed, executed = [], []
    for _ in range(options.repeats or _REPEATS):
        deployed.append(_seconds(_deploy, tenants))
        executed.append(_seconds(_execute, tenants))
    return (
        Comparison(
            f"{len(tenants)} tenants",
            "ratio",
            "s",
            Side("pulumi up in bulk mode", tuple(deployed)),
            Side("psql, the same statements, one transaction per tenant", tuple(executed)),
        ),
    )


def _seconds(onboard: Callable[[Environment, Sequence[str]], object], tenants: Sequence[str]) -> float:
    with environment([]) as one:
        started = time.perf_counter()
        onboard(one, tenants)
        seconds = time.perf_counter() - started
        with one.connect(_DEPLOYER) as connection:
            found = connection.execute(_COUNT).fetchone()
        if found != (len(tenants),):
            raise ValueError(f"{found} of {len(tenants)} tenants were onboarded")
    print(f"  {onboard.__name__.strip('_')}: {seconds:.3g} s", flush=True)
    return seconds


def _deploy(one: Environment, tenants: Sequence[str]) -> None:
    one.write_tenants(tenants)
    one.pulumi("up", "--yes", "--skip-preview", **BULK)


def _execute(one: Environment, tenants: Sequence[str]) -> None:
    url = process_environment(one.home)["STRATA_DATABASE_URL"]
    words = [str(programs.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", "-"]
    scripts = "\n".join(script(tenant_id) for tenant_id in tenants)
    # The local server asks for a password, and checks no token.
    environment_variables = {**os.environ, "PGPASSWORD": "any token"}
    subprocess.run(words, input=scripts, text=True, stdout=subprocess.DEVNULL, env=environment_variables, check=True)
