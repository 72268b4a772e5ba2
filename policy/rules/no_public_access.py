"""No public access: nothing of the data layer is reached from the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from policy.plan import PlannedResource

_EVERYBODY: Final = frozenset({"0.0.0.0/0", "::/0"})
_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_PUBLIC_ACLS: Final = frozenset({"public-read", "public-read-write", "authenticated-read"})


def _check(resource: PlannedResource, _stack: str) -> Iterator[str]:
    for key in ("policy", "resourcePolicy", "assumeRolePolicy"):
        yield from _policy(resource, key)
    yield from _CHECKS.get(resource.type, _nothing)(resource)


def _nothing(_resource: PlannedResource) -> Iterable[str]:
    return ()


def _policy(resource: PlannedResource, key: str) -> Iterator[str]:
    for statement in resource.statements(key):
        anybody = _is_anybody(statement.get("Principal"))
        if statement.get("Effect") == "Allow" and anybody and not statement.get("Condition"):
            yield f"{key} allows everybody {statement.get('Action')}; allowed: principals by name, or a condition"


def _is_anybody(principal: Any) -> bool:
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    return "*" in (named if isinstance(named, list) else [named])


def _instance(resource: PlannedResource) -> Iterator[str]:
    if resource.differs("publiclyAccessible", False):
        yield "publiclyAccessible is not false; allowed: false"


def _machine(resource: PlannedResource) -> Iterator[str]:
    if resource.get("associatePublicIpAddress") is True:
        yield "the machine gets a public address; allowed: associatePublicIpAddress false"


def _subnet(resource: PlannedResource) -> Iterator[str]:
    if resource.get("mapPublicIpOnLaunch") is True:
        yield "what starts in this subnet gets a public address; allowed: mapPublicIpOnLaunch false"


def _ingress_rule(resource: PlannedResource) -> Iterator[str]:
    yield from _open(resource.properties)


def _classic_rule(resource: PlannedResource) -> Iterator[str]:
    if resource.get("type") == "ingress":
        yield from _open(resource.properties)


def _security_group(resource: PlannedResource) -> Iterator[str]:
    for rule in resource.blocks("ingress"):
        yield from _open(rule)


def _open(rule: Mapping[str, Any]) -> Iterator[str]:
    single = [rule.get("cidrIpv4"), rule.get("cidrIpv6")]
    listed = [*(rule.get("cidrBlocks") or []), *(rule.get("ipv6CidrBlocks") or [])]
    for source in [*single, *listed]:
        if source in _EVERYBODY:
            yield f"{source} may connect; allowed: a security group, or a range of the network's own"


def _access_block(resource: PlannedResource) -> Iterator[str]:
    for key in _BLOCKS:
        if resource.differs(key, True):
            yield f"{key} is not true; allowed: true"


def _acl(resource: PlannedResource) -> Iterator[str]:
    if resource.get("acl") in _PUBLIC_ACLS:
        yield f"acl is {resource.get('acl')}; allowed: none"


_CHECKS: Final[Mapping[str, Callable[[PlannedResource], Iterable[str]]]] = {
    "aws:rds/instance:Instance": _instance,
    "aws:ec2/instance:Instance": _machine,
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress_rule,
    "aws:ec2/securityGroupRule:SecurityGroupRule": _classic_rule,
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _security_group,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _access_block,
    "aws:s3/bucket:Bucket": _acl,
    "aws:s3/bucketAcl:BucketAcl": _acl,
}

RULE = ResourceRule(
    name="no-public-access",
    description="Nothing of the data layer is reached from the internet.",
    remedy="name who may: a security group, a principal, a range of the network's own",
    check=_check,
)
