"""Tenant protection: no mistake in a stack file deletes a customer's rows.

Whether a tenant is kept when its stack is destroyed is an option that the engine shows to no policy; the tests of
`infra/components/tenancy.py` hold that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policy.environments import is_production
from policy.rule import ResourceRule
from strata.engine_contract import TENANT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy.plan import PlannedResource

_REFERENCES: Final = ("ssm:", "secretsmanager:", "env:")


def _check(resource: PlannedResource, stack: str) -> Iterator[str]:
    if resource.type != TENANT_TYPE:
        return
    state, on_remove = resource.get("state"), resource.get("on_remove")
    if state != "offboarding" and not resource.protect:
        yield f"the tenant is {state} and not protected; allowed: protect until its state is offboarding"
    if on_remove == "drop" and is_production(stack):
        yield "onRemove is drop, which keeps no archive; allowed: archive in production"
    if not str(resource.get("connection")).startswith(_REFERENCES):
        yield f"connection is no reference; allowed: {', '.join(_REFERENCES)}"


RULE = ResourceRule(
    name="tenant-protection",
    description="An active tenant is protected, and production archives what it removes.",
    remedy="offboard in two merges: state: offboarding first, the removal of the entry after it",
    check=_check,
)
