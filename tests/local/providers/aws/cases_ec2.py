"""The network: VPC, subnets, route tables, security groups, endpoints; and an instance in it."""

from tests.local.providers.aws.cases_iam import profile_name
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


def _group_id(world: World, name: str = "group") -> str:
    return world.create(GROUP, {"vpcId": vpc_id(world)}, name).id


def _named_vpc_id(world: World) -> str:
    return world.create(VPC, {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}).id


def _endpoint(world: World) -> dict[str, object]:
    return {
        "vpcId": _named_vpc_id(world),
        "serviceName": "com.amazonaws.eu-west-1.ssm",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": [_subnet_id(world, 1)],
        "securityGroupIds": [_group_id(world)],
    }


def _instance(world: World) -> dict[str, object]:
    return {
        "ami": "ami-0a1b2c3d4e5f60718",
        "instanceType": "t4g.nano",
        "subnetId": _subnet_id(world, 1),
        "vpcSecurityGroupIds": [_group_id(world)],
        "associatePublicIpAddress": False,
        "iamInstanceProfile": profile_name(world),
        "ebsOptimized": True,
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
        "rootBlockDevice": {
            "encrypted": True,
            "volumeType": "gp3",
            "volumeSize": 8,
            "deleteOnTermination": True,
        },
    }


_NO_CALL = "the emulator has no call that changes it; refused by name"

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
    Case(
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        inputs=_endpoint,
        updates=[{"tags": {"Name": "ssm"}}, {"tags": None}],
        replacements=[
            {"serviceName": "com.amazonaws.eu-west-1.ssmmessages"},
            lambda world: {"vpcId": other_vpc_id(world)},
        ],
        excused={
            **dict.fromkeys(("privateDnsEnabled", "securityGroupIds", "subnetIds"), _NO_CALL),
            "vpcEndpointType": "only Interface is modelled",
        },
    ),
    Case(
        token="aws:ec2/instance:Instance",
        inputs=_instance,
        updates=[{"tags": {"Name": "jump-host"}}, {"tags": None}],
        replacements=[
            {"ami": "ami-0a1b2c3d"},
            {"associatePublicIpAddress": True},
            {"rootBlockDevice": {"encrypted": False}},
            lambda world: {"subnetId": _subnet_id(world, 2)},
        ],
        excused=dict.fromkeys(
            ("ebsOptimized", "iamInstanceProfile", "instanceType", "metadataOptions", "vpcSecurityGroupIds"), _NO_CALL
        ),
    ),
]
