"""A plan judged by the pack's own policies, through the classes in which the engine's questions reach them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi_policy import (
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
)
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import unknown_checking_proxy

from local.scanner.terraform import reference
from policy.pack import RULES, as_policy

if TYPE_CHECKING:
    from policy.plan import PlannedResource
    from tests.policy.planning import Plan


@dataclass(frozen=True)
class Violation:
    """What one policy reported: the rule, the resource's logical name, and the message."""

    rule: str
    resource: str
    message: str


def violations(plan: Plan) -> list[Violation]:
    """Ask every policy of the pack about a plan, as the engine does."""
    names = {resource.urn: resource.name for resource in plan.resources}
    asked = [resource for resource in plan.resources if not resource.type.startswith(("strata:", "pulumi:"))]
    return [
        Violation(rule.name, names[urn], message)
        for rule in RULES
        for urn, message in _reported(as_policy(rule), asked)
    ]


def _reported(policy: Any, asked: list[PlannedResource]) -> list[tuple[str, str]]:
    """Return what a policy reports, each with the URN that it is about."""
    reported: list[tuple[str, str]] = []
    if isinstance(policy, ResourceValidationPolicy):
        for resource in asked:
            policy.validate(
                _arguments(resource), lambda message, urn=None, about=resource.urn: reported.append((about, message))
            )
    else:
        policy.validate(
            StackValidationArgs(_stack_resources(asked)), lambda message, urn: reported.append((urn, message))
        )
    return reported


def _arguments(resource: PlannedResource) -> ResourceValidationArgs:
    return ResourceValidationArgs(
        resource_type=resource.type,
        props=unknown_checking_proxy(dict(resource.properties)),
        urn=resource.urn,
        name=resource.name,
        opts=_options(resource),
        provider=_provider(resource),
    )


def _stack_resources(asked: list[PlannedResource]) -> list[PolicyResource]:
    """Return the resources as a stack's policies get them: with outputs, and with what each value comes from."""
    by_urn = {
        resource.urn: PolicyResource(
            resource_type=resource.type,
            props=unknown_checking_proxy(_outputs(resource)),
            urn=resource.urn,
            name=resource.name,
            opts=_options(resource),
            provider=_provider(resource),
            parent=None,
            dependencies=[],
            property_dependencies={},
        )
        for resource in asked
    }
    for resource in asked:
        by_urn[resource.urn].property_dependencies.update(
            {key: [by_urn[urn] for urn in urns if urn in by_urn] for key, urns in resource.sources.items()}
        )
    return list(by_urn.values())


def _outputs(resource: PlannedResource) -> dict[str, Any]:
    known = {"id": reference(resource.type, resource.name, "id")} if resource.type.startswith("aws:") else {}
    return {**resource.properties, **known}


def _options(resource: PlannedResource) -> PolicyResourceOptions:
    return PolicyResourceOptions(resource.protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


def _provider(resource: PlannedResource) -> PolicyProviderResource | None:
    if resource.provider is None:
        return None
    return PolicyProviderResource("pulumi:providers:aws", unknown_checking_proxy(dict(resource.provider)), "", "")
