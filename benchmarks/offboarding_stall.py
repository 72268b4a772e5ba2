"""How long other tenants' statements wait because a tenant is offboarded, beside a report that reads for a minute.

A detach waits for the report's end: what is measured is that nobody else waits behind the detach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.comparison import Named
from benchmarks.environment import environment
from benchmarks.stall import worst_waits

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.environment import Entry, Environment
    from benchmarks.options import Options

_REPEATS: Final = 3
_TENANTS: Final = 1_000


def measure(options: Options) -> tuple[Comparison, ...]:
    """Offboard a tenant in every other window of traffic."""
    repeats = options.repeats or _REPEATS
    leavers = [f"leaver-{number}" for number in range(repeats + 1)]  # one more, for the warm-up
    count = (options.tenants or _TENANTS) - len(leavers) - 1
    with environment([f"tenant-{number:04}" for number in range(1, count + 1)] + leavers) as one:
        # As a person does it: the state first, and the entry's end with another deployment.
        one.write_tenants([_leaving(entry) if entry in leavers else entry for entry in one.tenants])
        one.pulumi("up", "--yes", "--skip-preview")
        offboarded = Named("a tenant is offboarded by pulumi up", lambda: _offboard(one))
        return (worst_waits(one, options, repeats, offboarded, "nothing is offboarded"),)


def _leaving(tenant_id: Entry) -> Entry:
    return {"id": str(tenant_id), "state": "offboarding", "onRemove": "drop", "confirm": str(tenant_id)}


def _offboard(one: Environment) -> float:
    one.write_tenants(one.tenants[:-1])
    return one.pulumi("up", "--yes", "--skip-preview")
