"""The network: VPC, subnets, route tables, security groups."""

from tests.local.providers.conformance import Case, World

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
GROUP = "aws:ec2/securityGroup:SecurityGroup"


def vpc_id(world: World) -> str:
    return world.create(VPC, {"cidrBlock": "10.0.0.0/16"}).id


def other_vpc_id(world: World) -> str:
    return world.create(VPC, {"cidrBlock": "10.1.0.0/16"}, "other-vpc").id


def _subnet_id(world: World, number: int) -> str:
    inputs = {"vpcId": vpc_id(world), "cidrBlock": f"10.0.{number}.0/24"}
    return world.create(SUBNET, inputs, f"subnet-{number}").id


def _route_table_id(world: World, number: int) -> str:
    return world.create(ROUTE_TABLE, {"vpcId": vpc_id(world)}, f"route-table-{number}").id


CASES = [
    Case(
        token=VPC,
        inputs={"cidrBlock": "10.0.0.0/16", "tags": {"Name": "strata"}},
        updates=[
            {"enableDnsHostnames": True},
            {"enableDnsSupport": False, "enableDnsHostnames": False},
            {"tags": {"Name": "strata", "team": "platform"}},
            {"tags": None},
        ],
        replacements=[{"cidrBlock": "10.2.0.0/16"}, {"instanceTenancy": "dedicated"}],
    ),
    Case(
        token=SUBNET,
        inputs=lambda world: {"vpcId": vpc_id(world), "cidrBlock": "10.0.1.0/24"},
        updates=[{"mapPublicIpOnLaunch": True}, {"mapPublicIpOnLaunch": None}, {"tags": {"Name": "database-1"}}],
        replacements=[
            {"cidrBlock": "10.0.2.0/24"},
            {"availabilityZone": "eu-west-1c"},
            lambda world: {"vpcId": other_vpc_id(world)},
        ],
    ),
    Case(
        token=ROUTE_TABLE,
        inputs=lambda world: {"vpcId": vpc_id(world), "tags": {"Name": "database"}},
        updates=[{"tags": {"Name": "private"}}, {"tags": None}],
        replacements=[lambda world: {"vpcId": other_vpc_id(world)}],
    ),
    Case(
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        inputs=lambda world: {"subnetId": _subnet_id(world, 1), "routeTableId": _route_table_id(world, 1)},
        updates=[lambda world: {"routeTableId": _route_table_id(world, 2)}],
        replacements=[lambda world: {"subnetId": _subnet_id(world, 2)}],
    ),
    Case(
        token=GROUP,
        inputs=lambda world: {"vpcId": vpc_id(world), "tags": {"Name": "database"}},
        updates=[{"tags": {"Name": "application"}}, {"revokeRulesOnDelete": True}],
        replacements=[
            {"name": "another"},
            {"description": "another"},
            lambda world: {"vpcId": other_vpc_id(world)},
        ],
    ),
    Case(
        token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        inputs=lambda world: {"vpcId": vpc_id(world)},
        updates=[{"tags": {"Name": "nobody"}}, {"tags": None}],
        replacements=[lambda world: {"vpcId": other_vpc_id(world)}],
        stays="it goes with its VPC",
    ),
]
