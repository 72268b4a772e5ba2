"""Finding what an interrupted creation made, in the real emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.emulator import server
from local.emulator.lookup import resource_id
from local.paths import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Find = Callable[[str, dict[str, Any]], str | None]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home = Home(tmp_path_factory.mktemp("emulator"))
    try:
        port = server.start(home, print).port
        yield {
            "AWS_ENDPOINT_URL": f"http://localhost:{port}",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": server.ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
        }
    finally:
        server.stop(home)


@pytest.fixture
def find(environment: dict[str, str]) -> Find:
    return lambda kind, inputs: resource_id(kind, inputs, environment)


def client(environment: dict[str, str], service: str) -> Any:
    return boto3.client(
        service,
        region_name=environment["AWS_REGION"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def test_a_name_is_the_id_whether_it_exists_or_not(find: Find) -> None:
    assert find("aws:ssm/parameter:Parameter", {"name": "/a"}) == "/a"
    assert find("aws:rds/instance:Instance", {"identifier": "db"}) == "db"


def test_a_type_of_which_there_may_be_many_is_not_looked_for(find: Find) -> None:
    assert find("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}) is None


def test_a_subnet_is_found_by_its_range_and_its_table_by_the_subnet(environment: dict[str, str], find: Find) -> None:
    ec2 = client(environment, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    of_subnet = {"subnetId": subnet, "routeTableId": table}

    assert find("aws:ec2/subnet:Subnet", {"vpcId": vpc, "cidrBlock": "10.1.1.0/24"}) == subnet
    assert find("aws:ec2/subnet:Subnet", {"vpcId": vpc, "cidrBlock": "10.1.2.0/24"}) is None
    kind = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    assert find(kind, of_subnet) is None
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    assert find(kind, of_subnet) == association


def test_a_rule_is_found_by_its_whole_content(environment: dict[str, str], find: Find) -> None:
    ec2 = client(environment, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    ports = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    rule = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{**ports, "IpRanges": [{"CidrIp": "10.2.0.0/24"}]}]
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    wanted = {"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 5432.0, "toPort": 5432.0}

    ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    egress = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    assert find(ingress, {**wanted, "cidrIpv4": "10.2.0.0/24"}) == rule
    assert find(ingress, {**wanted, "cidrIpv4": "10.2.1.0/24"}) is None
    assert find(ingress, {**wanted, "toPort": 5433.0, "cidrIpv4": "10.2.0.0/24"}) is None
    assert find(egress, {**wanted, "cidrIpv4": "10.2.0.0/24"}) is None


def test_a_log_delivery_is_found_by_its_ends(environment: dict[str, str], find: Find) -> None:
    logs = client(environment, "logs")
    client(environment, "s3").create_bucket(
        Bucket="delivered", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    arn = f"arn:aws:cloudfront::{server.ACCOUNT}:distribution/E1"
    logs.put_delivery_source(name="source", resourceArn=arn, logType="ACCESS_LOGS")
    destination = logs.put_delivery_destination(
        name="destination",
        deliveryDestinationConfiguration={"destinationResourceArn": "arn:aws:s3:::delivered"},
    )["deliveryDestination"]["arn"]
    kind = "aws:cloudwatch/logDelivery:LogDelivery"
    ends = {"deliverySourceName": "source", "deliveryDestinationArn": destination}

    assert find(kind, ends) is None
    made = logs.create_delivery(deliverySourceName="source", deliveryDestinationArn=destination)["delivery"]["id"]
    assert find(kind, ends) == made


def test_a_secret_is_found_by_its_name_until_it_is_deleted(environment: dict[str, str], find: Find) -> None:
    secrets = client(environment, "secretsmanager")
    kind = "aws:secretsmanager/secret:Secret"
    assert find(kind, {"name": "edge"}) is None
    arn = secrets.create_secret(Name="edge")["ARN"]
    assert find(kind, {"name": "edge"}) == arn
    secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    assert find(kind, {"name": "edge"}) is None
