"""What EC2 refuses and the emulator does not, and drift of the network."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from tests.local.providers.plugin import CallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.providers.resource import Properties
    from tests.local.providers.conformance import World
    from tests.local.providers.plugin import Resource

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


@pytest.fixture
def vpc(world: World) -> Resource:
    return world.create(VPC, {"cidrBlock": "10.0.0.0/16"})


@pytest.mark.parametrize(
    ("token", "inputs", "place", "reason"),
    [
        (VPC, {}, "cidrBlock", "missing; pools of addresses (IPAM) are not modelled"),
        (
            VPC,
            {"cidrBlock": "10.0.0.1/16"},
            "cidrBlock",
            "'10.0.0.1/16' is no IPv4 range with its first address, such as 10.0.0.0/16",
        ),
        (VPC, {"cidrBlock": "10.0.0.0/8"}, "cidrBlock", "10.0.0.0/8 is not from /16 to /28, as a VPC must be"),
        (
            VPC,
            {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "host"},
            "instanceTenancy",
            "allowed are default, dedicated, not 'host'",
        ),
        (
            SUBNET,
            {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/29"},
            "cidrBlock",
            "10.0.0.0/29 is not from /16 to /28, as a subnet must be",
        ),
        (SUBNET, {"vpcId": "vpc-1"}, "cidrBlock", "missing; IPv6-only subnets are not modelled"),
        (ASSOCIATION, {"routeTableId": "rtb-1"}, "subnetId", "missing; associations of gateways are not modelled"),
        (GROUP, {"name": "sg-mine"}, "name", "'sg-mine' starts with sg-, which EC2 keeps for ids"),
        (
            GROUP,
            {"description": "naïve"},
            "description",
            "'naïve' is not of 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
        ),
        (
            GROUP,
            {"ingress": []},
            "ingress",
            "not modelled by the local provider: aws:ec2/securityGroup:SecurityGroup.ingress",
        ),
    ],
)
def test_checks(world: World, token: str, inputs: Properties, place: str, reason: str) -> None:
    assert world.plugin.check(token, inputs).failures == [(place, reason)]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {"cidrBlock": "10.9.0.0/24"},
            "creating subnet 10.9.0.0/24: InvalidSubnet.Range: outside 10.0.0.0/16 of {vpc}",
        ),
        (
            {"cidrBlock": "10.0.1.128/25"},
            "creating subnet 10.0.1.128/25: InvalidSubnet.Conflict: overlaps 10.0.1.0/24 of {subnet}",
        ),
        (
            {"cidrBlock": "10.0.2.0/24", "availabilityZone": "eu-west-1x"},
            "creating subnet 10.0.2.0/24: no zone eu-west-1x in eu-west-1; it has eu-west-1a, eu-west-1b, eu-west-1c",
        ),
        (
            {"cidrBlock": "10.0.2.0/24", "vpcId": "vpc-0"},
            "creating subnet 10.0.2.0/24: VPC vpc-0 does not exist in eu-west-1",
        ),
    ],
)
def test_subnets_that_do_not_fit(world: World, vpc: Resource, inputs: Properties, message: str) -> None:
    taken = world.create(SUBNET, {"vpcId": vpc.id, "cidrBlock": "10.0.1.0/24"})
    expected = re.escape(message.format(vpc=vpc.id, subnet=taken.id))
    with pytest.raises(CallError, match=f"^{expected}$"):
        world.plugin.create(SUBNET, {"vpcId": vpc.id, **inputs})


def _subnet(world: World, vpc: Resource) -> Resource:
    return world.create(SUBNET, {"vpcId": vpc.id, "cidrBlock": "10.0.1.0/24"})


def _table(world: World, vpc: Resource) -> Resource:
    return world.create(TABLE, {"vpcId": vpc.id})


def _group(world: World, vpc: Resource) -> Resource:
    return world.create(GROUP, {"vpcId": vpc.id})


@pytest.mark.parametrize("user", [_subnet, _table, _group])
def test_a_vpc_in_use_stays(world: World, vpc: Resource, user: Callable[[World, Resource], Resource]) -> None:
    thing = user(world, vpc)
    message = f"^deleting VPC {vpc.id}: DependencyViolation: still used by {thing.id}$"
    with pytest.raises(CallError, match=message):
        world.plugin.delete(vpc)


def test_a_subnet_has_one_route_table(world: World, vpc: Resource) -> None:
    inputs = {"subnetId": _subnet(world, vpc).id, "routeTableId": _table(world, vpc).id}
    association = world.create(ASSOCIATION, inputs)
    message = f"Resource.AlreadyAssociated: it is associated with {inputs['routeTableId']} \\({association.id}\\)$"
    with pytest.raises(CallError, match=message):
        world.plugin.create(ASSOCIATION, inputs)
    with pytest.raises(CallError, match=f"DependencyViolation: still used by {association.id}$"):
        world.plugin.delete(_table(world, vpc))


def test_of_two_overlapping_subnets_made_at_once_one_is_refused(world: World, vpc: Resource) -> None:
    def refusal(block: str) -> str:
        try:
            world.plugin.create(SUBNET, {"vpcId": vpc.id, "cidrBlock": block}, name=block)
        except CallError as error:
            return error.message
        return ""

    with ThreadPoolExecutor() as pool:
        refusals = list(pool.map(refusal, ["10.0.4.0/22", "10.0.4.0/23", "10.0.6.0/23", "10.0.5.0/24"] * 2))
    assert refusals.count("") in (1, 2)
    assert all("InvalidSubnet.Conflict" in each for each in refusals if each)
    assert world.client is not None
    filters = [{"Name": "vpc-id", "Values": [vpc.id]}]
    subnets = world.client("ec2").describe_subnets(Filters=filters)["Subnets"]
    for subnet in subnets:
        world.client("ec2").delete_subnet(SubnetId=subnet["SubnetId"])
    blocks = [IPv4Network(subnet["CidrBlock"]) for subnet in subnets]
    assert not any(one.overlaps(other) for one, other in combinations(blocks, 2))


def test_what_a_db_instance_uses_stays(world: World, vpc: Resource) -> None:
    subnet, group = _subnet(world, vpc), _group(world, vpc)
    assert world.client is not None
    rds = world.client("rds")
    rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="g", SubnetIds=[subnet.id])
    rds.create_db_instance(
        DBInstanceIdentifier="database",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        MasterUsername="master",
        MasterUserPassword="correct-horse",
        AllocatedStorage=20,
        DBSubnetGroupName="g",
        VpcSecurityGroupIds=[group.id],
    )
    try:
        for resource in (subnet, group):
            with pytest.raises(CallError, match=r"DependencyViolation: still used by DB instance database$"):
                world.plugin.delete(resource)
    finally:
        rds.delete_db_instance(DBInstanceIdentifier="database", SkipFinalSnapshot=True)


def test_an_association_stays_within_a_vpc(world: World, vpc: Resource) -> None:
    other = world.create(VPC, {"cidrBlock": "10.1.0.0/16"}, "other")
    table = world.create(TABLE, {"vpcId": other.id})
    with pytest.raises(CallError, match=f"they are in two VPCs, {vpc.id} and {other.id}$"):
        world.plugin.create(ASSOCIATION, {"subnetId": _subnet(world, vpc).id, "routeTableId": table.id})


def test_a_new_group_has_no_rule(world: World, vpc: Resource) -> None:
    group = _group(world, vpc)
    assert world.client is not None
    rules = world.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    assert [rule for rule in rules if rule["GroupId"] == group.id] == []


def test_a_group_named_by_a_rule_stays(world: World, vpc: Resource) -> None:
    source = world.create(GROUP, {"vpcId": vpc.id}, "source")
    target = world.create(GROUP, {"vpcId": vpc.id}, "target")
    inputs = {"ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "referencedSecurityGroupId": source.id}
    world.create(INGRESS, {**inputs, "securityGroupId": target.id})
    with pytest.raises(CallError, match=f"still used by a rule of {target.id}$"):
        world.plugin.delete(source)


def test_a_rule_added_to_the_default_group_shows_and_goes(world: World, vpc: Resource) -> None:
    resource = world.plugin.create(DEFAULT_GROUP, {"vpcId": vpc.id})
    assert world.client is not None
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    world.client("ec2").authorize_security_group_ingress(GroupId=resource.id, IpPermissions=[permission])
    live = world.plugin.read(resource)
    assert live is not None
    assert live.inputs["ingress"] == [{"fromPort": 22, "toPort": 22, "protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"]}]
    assert world.plugin.diff(live, resource.inputs).kinds == {"ingress": "DELETE"}
    healed = world.plugin.read(world.plugin.update(live, resource.inputs))
    assert healed is not None
    assert not world.plugin.diff(healed, resource.inputs).changed


def test_a_route_added_by_hand_shows_and_goes(world: World, vpc: Resource) -> None:
    resource = _table(world, vpc)
    assert world.client is not None
    gateway = world.client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    world.client("ec2").create_route(RouteTableId=resource.id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    live = world.plugin.read(resource)
    assert live is not None
    assert world.plugin.diff(live, resource.inputs).kinds == {"routes": "DELETE"}
    healed = world.plugin.read(world.plugin.update(live, resource.inputs))
    assert healed is not None
    assert not world.plugin.diff(healed, resource.inputs).changed


def test_tags_changed_by_hand_show(world: World, vpc: Resource) -> None:
    assert world.client is not None
    client = world.client("ec2")
    client.create_tags(Resources=[vpc.id], Tags=[{"Key": "by", "Value": "hand"}])
    client.delete_tags(Resources=[vpc.id], Tags=[{"Key": "project"}])
    live = world.plugin.read(vpc)
    assert live is not None
    assert world.plugin.diff(live, vpc.inputs).kinds == {"tags": "DELETE", "tagsAll": "UPDATE"}
    healed = world.plugin.update(live, vpc.inputs)
    assert healed.outputs["tagsAll"] == {"project": "strata"}
