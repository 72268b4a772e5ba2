"""Instances and VPC endpoints: what EC2 refuses, and what the stand-in does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.ec2_endpoint import VpcEndpoint
from local.providers.aws.ec2_instance import Instance
from local.providers.aws.ec2_security_groups import SecurityGroup
from local.providers.aws.ec2_vpc import Subnet, Vpc
from local.providers.aws.ssm import GetParameter
from local.providers.resource import ProviderError

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws

REGION = "eu-west-1"
IMAGES = "/aws/service/ami-amazon-linux-latest/"


@pytest.fixture
def network(aws: Aws) -> dict[str, str]:
    """A VPC with private names, a subnet and a group in it, and a group of another VPC."""
    vpc = Vpc().create(aws, {"region": REGION, "cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}).id
    other = Vpc().create(aws, {"region": REGION, "cidrBlock": "10.1.0.0/16"}).id
    subnet = Subnet().create(aws, {"region": REGION, "vpcId": vpc, "cidrBlock": "10.0.1.0/24"}).id
    groups = [
        SecurityGroup().create(aws, {"region": REGION, "name": name, "vpcId": vpc_id}).id
        for name, vpc_id in (("ours", vpc), ("theirs", other))
    ]
    return {"vpc": vpc, "other": other, "subnet": subnet, "group": groups[0], "their group": groups[1]}


def instance(network: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "region": REGION,
        "ami": "ami-0a1b2c3d",
        "instanceType": "t4g.nano",
        "subnetId": network["subnet"],
        "vpcSecurityGroupIds": [network["group"]],
        **more,
    }


def endpoint(network: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "region": REGION,
        "vpcId": network["vpc"],
        "serviceName": f"com.amazonaws.{REGION}.ssm",
        "vpcEndpointType": "Interface",
        "subnetIds": [network["subnet"]],
        "securityGroupIds": [network["group"]],
        **more,
    }


@pytest.mark.parametrize(
    ("inputs", "place", "reason"),
    [
        ({"ami": "al2023"}, "ami", "'al2023' is not of the form ami-0a1b2c3d"),
        ({"instanceType": "small"}, "instanceType", "'small' is not of the form t4g.nano"),
        ({"subnetId": None}, "subnetId", "missing; the default VPC is not modelled"),
        (
            {"metadataOptions": {"httpTokens": "always"}},
            "metadataOptions.httpTokens",
            "allowed are optional, required, not 'always'",
        ),
        (
            {"metadataOptions": {"httpPutResponseHopLimit": 65}},
            "metadataOptions.httpPutResponseHopLimit",
            "is 65; EC2 takes 1 to 64",
        ),
    ],
)
def test_rules_of_an_instance(inputs: dict[str, Any], place: str, reason: str) -> None:
    known = {"subnet": "subnet-1", "group": "sg-1"}
    (failure,) = Instance().check(None, instance(known, **inputs))
    assert (failure.property, failure.reason) == (place, reason)


def test_an_instance_needs_what_it_names(aws: Aws, network: dict[str, str]) -> None:
    for change, reason in (
        ({"subnetId": "subnet-0000"}, "subnet subnet-0000 does not exist"),
        ({"vpcSecurityGroupIds": [network["their group"]]}, "is not of vpc-"),
        ({"iamInstanceProfile": "nobody"}, "NoSuchEntity"),
    ):
        with pytest.raises(ProviderError, match=reason):
            Instance().create(aws, instance(network, **change))


def test_without_an_address_there_is_no_public_one(aws: Aws, network: dict[str, str]) -> None:
    inputs = instance(network, associatePublicIpAddress=False)
    made = Instance().create(aws, inputs)
    live = Instance().read(aws, made.id, inputs)
    assert live is not None
    assert (live["publicIp"], live["instanceState"]) == ("", "running")


def test_an_instance_holds_its_group_and_its_subnet(aws: Aws, network: dict[str, str]) -> None:
    inputs = instance(network)
    made = Instance().create(aws, inputs)
    with pytest.raises(ProviderError, match=f"DependencyViolation: still used by {made.id}"):
        SecurityGroup().delete(aws, network["group"], {"region": REGION})
    with pytest.raises(ProviderError, match=f"still used by .*{made.id}"):
        Subnet().delete(aws, network["subnet"], {"region": REGION})
    Instance().delete(aws, made.id, inputs)
    assert Instance().read(aws, made.id, inputs) is None, "though EC2 still describes it as terminated"
    SecurityGroup().delete(aws, network["group"], {"region": REGION})


def test_a_change_that_the_emulator_cannot_make_is_refused_by_name(aws: Aws, network: dict[str, str]) -> None:
    inputs = instance(network)
    made = Instance().create(aws, inputs)
    with pytest.raises(ProviderError, match="a change of instanceType is not modelled by the local provider"):
        Instance().update(aws, made.id, inputs, {**inputs, "instanceType": "t4g.micro"})


def test_endpoints_of_other_kinds_and_regions() -> None:
    known = {"vpc": "vpc-1", "subnet": "subnet-1", "group": "sg-1"}
    (gateway,) = VpcEndpoint().check(None, endpoint(known, vpcEndpointType="Gateway"))
    assert gateway.reason == "Gateway is not modelled by the local provider; Interface is"
    (elsewhere,) = VpcEndpoint().check(None, endpoint(known, serviceName="com.amazonaws.us-east-1.ssm"))
    assert elsewhere.reason == "'com.amazonaws.us-east-1.ssm' is not com.amazonaws.eu-west-1.<service>"


def test_private_names_need_the_vpcs_dns_and_are_there_once(aws: Aws, network: dict[str, str]) -> None:
    without = {"vpcId": network["other"], "subnetIds": [], "securityGroupIds": [], "privateDnsEnabled": True}
    with pytest.raises(ProviderError, match="privateDnsEnabled needs enableDnsHostnames of the VPC"):
        VpcEndpoint().create(aws, endpoint(network, **without))
    VpcEndpoint().create(aws, endpoint(network, privateDnsEnabled=True))
    with pytest.raises(ProviderError, match="conflicting DNS domain"):
        VpcEndpoint().create(aws, endpoint(network, privateDnsEnabled=True))


def test_a_public_image_has_the_same_id_each_time(aws: Aws) -> None:
    name = f"{IMAGES}al2023-ami-kernel-default-arm64"
    one, two = (GetParameter().invoke(aws, {"name": name}) for _ in range(2))
    assert one == two
    assert one["insecureValue"].startswith("ami-")
    assert Instance().check(None, instance({"subnet": "s", "group": "g"}, ami=one["insecureValue"])) == []


def test_a_parameter_is_read_and_a_missing_one_is_named(aws: Aws) -> None:
    client = aws.client("ssm")
    client.put_parameter(Name="/mine", Type="String", Value="here")
    client.put_parameter(Name="/hidden", Type="SecureString", Value="there")
    assert GetParameter().invoke(aws, {"name": "/mine"})["insecureValue"] == "here"
    assert GetParameter().invoke(aws, {"name": "/hidden"})["insecureValue"] is None
    with pytest.raises(ProviderError, match="there is no parameter /nowhere in eu-west-1"):
        GetParameter().invoke(aws, {"name": "/nowhere"})
