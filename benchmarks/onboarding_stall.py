"""How long other tenants' statements wait because a tenant is onboarded, beside a report that reads for a minute."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

from benchmarks.comparison import Named
from benchmarks.environment import environment
from benchmarks.stall import worst_waits

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.environment import Environment
    from benchmarks.options import Options

_REPEATS: Final = 5
_TENANTS: Final = 1_000


def measure(options: Options) -> tuple[Comparison, ...]:
    """Onboard a tenant in every other window of traffic."""
    repeats = options.repeats or _REPEATS
    # With the reserved tenant and those onboarded meanwhile, the stack ends with as many as the options say.
    last = (options.tenants or _TENANTS) - repeats - 1
    with environment([f"tenant-{number:04}" for number in range(1, last)]) as one:
        names = (f"newcomer-{number}" for number in count(1))
        onboarded = Named("a tenant is onboarded by pulumi up", lambda: _onboard(one, next(names)))
        return (worst_waits(one, options, repeats, onboarded, "nothing is onboarded"),)


def _onboard(one: Environment, tenant_id: str) -> float:
    one.write_tenants([*one.tenants, tenant_id])
    return one.pulumi("up", "--yes", "--skip-preview")
