"""What EC2 refuses of rules and the emulator does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.providers.plugin import CallError

if TYPE_CHECKING:
    from local.providers.resource import Properties
    from tests.local.providers.conformance import World

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
RULE = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 1, "toPort": 2, "cidrIpv4": "10.0.0.0/8"}


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (
            {"ipProtocol": "tpc"},
            "ipProtocol",
            "'tpc' is no protocol; allowed are tcp, udp, icmp, icmpv6, -1 and numbers up to 255",
        ),
        ({"fromPort": 3}, "fromPort", "ports 3 to 2 are no range within 0 to 65535"),
        ({"toPort": 65536}, "fromPort", "ports 1 to 65536 are no range within 0 to 65535"),
        ({"toPort": None}, "toPort", "missing; tcp needs both ports"),
        ({"ipProtocol": "-1", "toPort": None}, "fromPort", "not with ipProtocol -1, which means every port"),
        (
            {"cidrIpv6": "::/0"},
            "cidrIpv4",
            "exactly one of cidrIpv4, cidrIpv6, referencedSecurityGroupId is needed, not 2",
        ),
        (
            {"cidrIpv4": None},
            "cidrIpv4",
            "exactly one of cidrIpv4, cidrIpv6, referencedSecurityGroupId is needed, not 0",
        ),
        ({"cidrIpv4": "10.0.0.1/8"}, "cidrIpv4", "10.0.0.1/8 has host bits set"),
        (
            {"prefixListId": "pl-1"},
            "prefixListId",
            f"not modelled by the local provider: {INGRESS}.prefixListId",
        ),
    ],
)
def test_checks(world: World, change: Properties, place: str, reason: str) -> None:
    inputs = {key: value for key, value in {**RULE, **change}.items() if value is not None}
    assert world.plugin.check(INGRESS, inputs).failures == [(place, reason)]


@pytest.fixture
def group_id(world: World) -> str:
    vpc = world.create("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"})
    return world.create("aws:ec2/securityGroup:SecurityGroup", {"vpcId": vpc.id}).id


@pytest.mark.parametrize("token", [INGRESS, EGRESS])
def test_the_same_rule_twice(world: World, group_id: str, token: str) -> None:
    rule = world.create(token, {**RULE, "securityGroupId": group_id})
    message = f"^adding rule tcp 1-2 10.0.0.0/8 to {group_id}: InvalidPermission.Duplicate: {rule.id} is the same rule$"
    with pytest.raises(CallError, match=message):
        world.plugin.create(token, {**RULE, "securityGroupId": group_id, "description": "another"})


def test_both_directions_may_have_the_same_rule(world: World, group_id: str) -> None:
    rules = [world.create(token, {**RULE, "securityGroupId": group_id}) for token in (INGRESS, EGRESS)]
    assert rules[0].id != rules[1].id


@pytest.mark.parametrize(
    "change", [{"securityGroupId": "sg-0"}, {"cidrIpv4": None, "referencedSecurityGroupId": "sg-0"}]
)
def test_a_group_that_does_not_exist(world: World, group_id: str, change: Properties) -> None:
    inputs = {key: value for key, value in {**RULE, "securityGroupId": group_id, **change}.items() if value is not None}
    with pytest.raises(CallError, match=r"security group sg-0 does not exist in eu-west-1$"):
        world.plugin.create(INGRESS, inputs)
