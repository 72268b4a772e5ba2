"""TLS only: no token and no row travels in the clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from policy.environments import is_production
from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from policy.plan import PlannedResource

#: Security policies of CloudFront whose oldest protocol is TLS 1.2 with ciphers of 2021 or later (Developer Guide,
#: "Supported protocols and ciphers between viewers and CloudFront").
_MINIMUM_PROTOCOLS: Final = ("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")
_ORIGIN_PROTOCOLS: Final = {"TLSv1.2"}
#: Modes of libpq that know whom they talk to.
_VERIFIED: Final = ("verify-full", "verify-ca")


def _check(resource: PlannedResource, stack: str) -> Iterable[str]:
    if resource.type.startswith("postgresql:"):
        return _postgresql(resource, stack)
    return _CHECKS.get(resource.type, _nothing)(resource, stack)


def _nothing(_resource: PlannedResource, _stack: str) -> Iterable[str]:
    return ()


def _bucket_policy(resource: PlannedResource, _stack: str) -> Iterator[str]:
    statements = resource.statements("policy")
    if statements and not any(_refuses_clear_text(statement) for statement in statements):
        yield 'no statement refuses clear text; allowed: a Deny for everybody while aws:SecureTransport is "false"'


def _refuses_clear_text(statement: Mapping[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    is_everything = statement.get("Principal") in ("*", {"AWS": "*"}) and statement.get("Action") in ("s3:*", ["s3:*"])
    return statement.get("Effect") == "Deny" and is_everything and condition in ("false", ["false"])


def _parameter_group(resource: PlannedResource, _stack: str) -> Iterator[str]:
    parameters = {block.get("name"): block.get("value") for block in resource.blocks("parameters")}
    if str(resource.get("family")).startswith("postgres") and parameters.get("rds.force_ssl") != "1":
        yield "rds.force_ssl is not 1, so the server takes connections without TLS; allowed: 1"


def _distribution(resource: PlannedResource, stack: str) -> Iterator[str]:
    for behavior in [*resource.blocks("defaultCacheBehavior"), *resource.blocks("orderedCacheBehaviors")]:
        protocol = behavior.get("viewerProtocolPolicy")
        if protocol != "https-only":
            pattern = behavior.get("pathPattern", "*")
            yield f"{pattern}: viewerProtocolPolicy is {protocol}, and a redirect comes too late; allowed: https-only"
    for origin in resource.blocks("origins"):
        yield from _origin(origin)
    for certificate in resource.blocks("viewerCertificate"):
        yield from _certificate(certificate, stack)


def _origin(origin: Mapping[str, Any]) -> Iterator[str]:
    to_origin = origin.get("customOriginConfig") or {"originProtocolPolicy": "https-only"}
    protocol = to_origin.get("originProtocolPolicy")
    if protocol != "https-only":
        yield f"origin {origin.get('originId')}: originProtocolPolicy is {protocol}; allowed: https-only"
    old = sorted(set(to_origin.get("originSslProtocols") or ()) - _ORIGIN_PROTOCOLS)
    if old:
        yield f"origin {origin.get('originId')}: {', '.join(old)} is spoken; allowed: {', '.join(_ORIGIN_PROTOCOLS)}"


def _certificate(certificate: Mapping[str, Any], stack: str) -> Iterator[str]:
    if certificate.get("cloudfrontDefaultCertificate") is True:
        if is_production(stack):
            yield "CloudFront's own certificate also takes TLS 1.0; allowed: a certificate of the aliases"
    elif certificate.get("minimumProtocolVersion") not in _MINIMUM_PROTOCOLS:
        found = certificate.get("minimumProtocolVersion")
        yield f"minimumProtocolVersion is {found}; allowed: {', '.join(_MINIMUM_PROTOCOLS)}"


def _postgresql(resource: PlannedResource, _stack: str) -> Iterator[str]:
    mode = (resource.provider or {}).get("sslmode")
    if mode not in _VERIFIED:
        yield f"sslmode of its provider is {mode}; allowed: {', '.join(_VERIFIED)}"


_CHECKS: Final[Mapping[str, Callable[[PlannedResource, str], Iterable[str]]]] = {
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_policy,
    "aws:rds/parameterGroup:ParameterGroup": _parameter_group,
    "aws:cloudfront/distribution:Distribution": _distribution,
}

RULE = ResourceRule(
    name="tls-only",
    description="Buckets, the database and the distribution speak TLS and nothing else.",
    remedy="set it so in the component, or the stack file's database.sslMode and api.originProtocol",
    check=_check,
)
