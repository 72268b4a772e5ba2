"""The pack as the engine runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy

from policy.plan import PlannedResource
from policy.rule import ResourceRule, StackRule
from policy.rules import encryption_at_rest, no_public_access

if TYPE_CHECKING:
    from collections.abc import Callable

NAME: Final = "strata"
RULES: Final[tuple[ResourceRule | StackRule, ...]] = (encryption_at_rest.RULE, no_public_access.RULE)


def serve() -> None:
    """Answer the engine until it is done."""
    PolicyPack(NAME, [as_policy(rule) for rule in RULES], enforcement_level=EnforcementLevel.MANDATORY)


def as_policy(rule: ResourceRule | StackRule) -> ResourceValidationPolicy | StackValidationPolicy:
    """Return a rule as the SDK of policy packs has it."""
    of_resource = isinstance(rule, ResourceRule)
    return (ResourceValidationPolicy if of_resource else StackValidationPolicy)(
        name=rule.name,
        description=rule.description,
        validate=_validate_resource(rule) if isinstance(rule, ResourceRule) else _validate_stack(rule),
        remediation_steps=rule.remedy,
    )


def _validate_resource(rule: ResourceRule) -> Callable[[Any, Callable[..., None]], None]:
    def validate(arguments: Any, report: Callable[..., None]) -> None:
        for problem in rule.check(PlannedResource.of(arguments), pulumi.get_stack()):
            report(f"{problem}; next: {rule.remedy}")

    return validate


def _validate_stack(rule: StackRule) -> Callable[[Any, Callable[..., None]], None]:
    def validate(arguments: Any, report: Callable[..., None]) -> None:
        planned = [PlannedResource.of(resource) for resource in arguments.resources]
        for resource, problem in rule.check(planned, pulumi.get_stack()):
            report(f"{problem}; next: {rule.remedy}", resource.urn)

    return validate
