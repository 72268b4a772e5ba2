"""What a distribution refers to must be there: CloudFront asks, the emulator does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.providers.aws.calls import call, find
from local.providers.resource import CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLICIES = {
    "cachePolicyId": "cache_policy",
    "originRequestPolicyId": "origin_request_policy",
    "responseHeadersPolicyId": "response_headers_policy",
}


def reference_failures(provider: Any, inputs: Properties, resource_id: str | None) -> Iterator[CheckFailure]:
    """Return references to what does not exist, is not published, or belongs to another distribution.

    Args:
        provider: asked for clients.
        inputs: all known, as in a create or update.
        resource_id: the distribution's own id, or None while it has none.
    """
    yield from _policies(provider, inputs)
    yield from _functions(provider, inputs)
    yield from _key_groups(provider, inputs)
    yield from _origin_access_controls(provider, inputs)
    yield from _certificate(provider, inputs)
    yield from _aliases(provider, inputs, resource_id)


def _behaviors(inputs: Properties) -> list[tuple[str, Properties]]:
    ordered = enumerate(inputs.get("orderedCacheBehaviors") or [])
    return [
        ("defaultCacheBehavior", inputs["defaultCacheBehavior"]),
        *((f"orderedCacheBehaviors[{index}]", behavior) for index, behavior in ordered),
    ]


def _policies(provider: Any, inputs: Properties) -> Iterator[CheckFailure]:
    client = provider.client("cloudfront")
    answers: dict[tuple[str, str], bool] = {}
    for place, behavior in _behaviors(inputs):
        for name, noun in _POLICIES.items():
            policy_id = behavior.get(name)
            if not policy_id:
                continue
            if (noun, policy_id) not in answers:
                found = find(f"reading {noun}", getattr(client, f"get_{noun}"), Id=policy_id)
                answers[noun, policy_id] = found is not None
            if not answers[noun, policy_id]:
                yield CheckFailure(f"{place}.{name}", f"no {noun.replace('_', ' ')} has the id {policy_id}")


def _functions(provider: Any, inputs: Properties) -> Iterator[CheckFailure]:
    client = provider.client("cloudfront")
    for place, behavior in _behaviors(inputs):
        for index, association in enumerate(behavior.get("functionAssociations") or []):
            where, arn = f"{place}.functionAssociations[{index}].functionArn", association["functionArn"]
            name = arn.rpartition("function/")[2]
            what = f"reading function {name}"
            if find(what, client.describe_function, Name=name, Stage="LIVE") is not None:
                continue
            draft = find(what, client.describe_function, Name=name, Stage="DEVELOPMENT")
            reason = "does not exist" if draft is None else "is not published: only the LIVE stage can be associated"
            yield CheckFailure(where, f"function {arn} {reason}")


def _key_groups(provider: Any, inputs: Properties) -> Iterator[CheckFailure]:
    client = provider.client("cloudfront")
    for place, behavior in _behaviors(inputs):
        for group_id in behavior.get("trustedKeyGroups") or []:
            if find("reading key group", client.get_key_group, Id=group_id) is None:
                yield CheckFailure(f"{place}.trustedKeyGroups", f"no key group has the id {group_id}")


def _origin_access_controls(provider: Any, inputs: Properties) -> Iterator[CheckFailure]:
    client = provider.client("cloudfront")
    for index, origin in enumerate(inputs["origins"]):
        control_id = origin.get("originAccessControlId")
        what = "reading origin access control"
        if control_id and find(what, client.get_origin_access_control, Id=control_id) is None:
            reason = f"no origin access control has the id {control_id}"
            yield CheckFailure(f"origins[{index}].originAccessControlId", reason)


def _certificate(provider: Any, inputs: Properties) -> Iterator[CheckFailure]:
    arn = inputs["viewerCertificate"].get("acmCertificateArn")
    if not arn:
        return
    place = "viewerCertificate.acmCertificateArn"
    client = provider.client("acm", region="us-east-1")
    found = find("reading certificate", client.describe_certificate, CertificateArn=arn)
    if found is None:
        yield CheckFailure(place, f"InvalidViewerCertificate: {arn} does not exist in us-east-1")
        return
    certificate = found["Certificate"]
    if certificate["Status"] != "ISSUED":
        yield CheckFailure(place, f"InvalidViewerCertificate: {arn} is {certificate['Status']}, not ISSUED")
    names = {certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])}
    for index, alias in enumerate(inputs.get("aliases") or []):
        if not {alias.lower(), f"*.{alias.lower().partition('.')[2]}"} & {name.lower() for name in names}:
            reason = f"the certificate covers {', '.join(sorted(names))}, not {alias}"
            yield CheckFailure(f"aliases[{index}]", reason)


def _aliases(provider: Any, inputs: Properties, resource_id: str | None) -> Iterator[CheckFailure]:
    aliases = inputs.get("aliases") or []
    if not aliases:
        return
    client = provider.client("cloudfront")
    listing = call("listing distributions", client.list_distributions)["DistributionList"].get("Items", [])
    owners = {
        alias.lower(): summary["Id"]
        for summary in listing
        if summary["Id"] != resource_id
        for alias in summary["Aliases"].get("Items", [])
    }
    for index, alias in enumerate(aliases):
        if alias.lower() in owners:
            reason = f"CNAMEAlreadyExists: {alias} belongs to distribution {owners[alias.lower()]}"
            yield CheckFailure(f"aliases[{index}]", reason)
