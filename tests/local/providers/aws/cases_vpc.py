"""Rules of security groups."""

from local.providers.resource import Properties
from tests.local.providers.aws.cases_ec2 import GROUP, vpc_id
from tests.local.providers.conformance import Case, World

CIDR = "10.0.0.0/16"


def _group_id(world: World, name: str) -> str:
    return world.create(GROUP, {"vpcId": vpc_id(world)}, name).id


def _rule(world: World) -> Properties:
    group = {"securityGroupId": _group_id(world, "database")}
    return {**group, "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrIpv4": CIDR, "tags": {"Name": "a"}}


UPDATES = [
    {"fromPort": 5433, "toPort": 5434},
    {"cidrIpv4": "10.0.0.0/24", "description": "the application"},
    {"description": None},
    {"tags": {"Name": "b"}},
    lambda world: {"cidrIpv4": None, "referencedSecurityGroupId": _group_id(world, "application")},
    {"referencedSecurityGroupId": None, "cidrIpv6": "2001:db8::/32"},
    {"ipProtocol": "-1", "fromPort": None, "toPort": None},
]

CASES = [
    Case(
        token=f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule",
        inputs=_rule,
        updates=UPDATES,
        replacements=[lambda world: {"securityGroupId": _group_id(world, "application")}],
    )
    for direction in ("Ingress", "Egress")
]
