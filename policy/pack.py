"""The pack: its rules, and how the engine runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy

from policy.plan import PlannedResource
from policy.rule import ResourceRule, StackRule
from policy.rules import (
    cache_contract,
    closed_buckets,
    deletion_protection,
    encryption_at_rest,
    log_expiry,
    log_retention,
    no_inline_passwords,
    no_public_access,
    tags,
    tenant_protection,
    tls_only,
    unkeyed_inputs,
    zero_ttls,
)
from policy.skips import is_skipped

if TYPE_CHECKING:
    from collections.abc import Callable

NAME: Final = "strata"
#: Every rule, in the order of the reference page. All of them are mandatory; what they ask of which stack is in them.
RULES: Final[tuple[ResourceRule | StackRule, ...]] = (
    encryption_at_rest.RULE,
    no_public_access.RULE,
    closed_buckets.RULE,
    tls_only.RULE,
    tags.RULE,
    deletion_protection.RULE,
    no_inline_passwords.RULE,
    zero_ttls.RULE,
    unkeyed_inputs.RULE,
    cache_contract.RULE,
    log_retention.RULE,
    log_expiry.RULE,
    tenant_protection.RULE,
)


def serve() -> None:
    """Answer the engine until it is done."""
    PolicyPack(NAME, [as_policy(rule) for rule in RULES], enforcement_level=EnforcementLevel.MANDATORY)


def as_policy(rule: ResourceRule | StackRule) -> ResourceValidationPolicy | StackValidationPolicy:
    """Return a rule as the SDK of policy packs has it."""
    kind = ResourceValidationPolicy if isinstance(rule, ResourceRule) else StackValidationPolicy
    return kind(name=rule.name, description=rule.description, validate=_validation(rule), remediation_steps=rule.remedy)


def _validation(rule: ResourceRule | StackRule) -> Callable[[Any, Callable[..., None]], None]:
    return _of_resource(rule) if isinstance(rule, ResourceRule) else _of_stack(rule)


def _of_resource(rule: ResourceRule) -> Callable[[Any, Callable[..., None]], None]:
    def validate(arguments: Any, report: Callable[..., None]) -> None:
        resource = PlannedResource.of(arguments)
        if not is_skipped(rule.name, resource):
            for problem in rule.check(resource, resource.stack):
                report(_message(rule, problem))

    return validate


def _of_stack(rule: StackRule) -> Callable[[Any, Callable[..., None]], None]:
    def validate(arguments: Any, report: Callable[..., None]) -> None:
        planned = [PlannedResource.of(resource) for resource in arguments.resources]
        for resource, problem in rule.check(planned):
            if not is_skipped(rule.name, resource):
                report(_message(rule, problem), resource.urn)

    return validate


def _message(rule: ResourceRule | StackRule, problem: str) -> str:
    return f"{problem}; next: {rule.remedy}"
