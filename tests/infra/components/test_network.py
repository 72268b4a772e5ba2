from types import SimpleNamespace

import pulumi
import pytest

from infra.components.network import Network, NetworkArgs
from infra.config import ExistingNetworkConfig, NewNetworkConfig

EXISTING = ExistingNetworkConfig(
    vpc_id="vpc-0a1b",
    private_subnet_ids=("subnet-01", "subnet-02"),
    allowed_security_group_ids=("sg-0a", "sg-0b"),
)


def outputs(network: Network) -> list[pulumi.Output]:
    return [network.vpc_id, network.database_subnet_ids, network.database_security_group_id]


def test_a_new_network_has_a_private_subnet_in_each_of_three_zones(record):
    made = record(lambda: outputs(Network("network", NetworkArgs(NewNetworkConfig(cidr="10.20.0.0/16")))))
    subnets = made.all("aws:ec2/subnet:Subnet")
    assert [subnet.inputs["cidrBlock"] for subnet in subnets] == ["10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20"]
    assert [subnet.inputs["availabilityZone"] for subnet in subnets] == [
        "eu-central-1a",
        "eu-central-1b",
        "eu-central-1c",
    ]
    assert not any(subnet.inputs["mapPublicIpOnLaunch"] for subnet in subnets)
    assert made.result == ["network-vpc-id", [f"network-database-{n}-id" for n in (1, 2, 3)], "network-database-id"]


def test_a_zone_that_the_region_gains_moves_no_subnet(record):
    made = record(lambda: outputs(Network("network", NetworkArgs(NewNetworkConfig()))))
    for subnet in made.all("aws:ec2/subnet:Subnet"):
        assert list(subnet.request.ignoreChanges) == ["availabilityZone"]


def test_two_zones_are_the_first_two_of_three(record):
    """A third zone is then one subnet more, and moves none."""
    two, three = (
        record(lambda zones=zones: outputs(Network("network", NetworkArgs(NewNetworkConfig(zones=zones)))))
        for zones in (2, 3)
    )
    subnets = [[one.inputs for one in made.all("aws:ec2/subnet:Subnet")] for made in (two, three)]
    assert len(subnets[0]) == 2
    assert subnets[0] == subnets[1][:2]


def test_more_zones_than_the_region_has_are_refused(record, monkeypatch):
    there = SimpleNamespace(names=["us-west-1c", "us-west-1b"])
    monkeypatch.setattr("infra.components.network.aws.get_availability_zones", lambda **_: there)
    with pytest.raises(pulumi.RunError) as refused:
        record(lambda: Network("network", NetworkArgs(NewNetworkConfig(zones=3))))
    assert str(refused.value) == (
        "strata:network.zones: 3 zones are more than the region has for this account: us-west-1b, us-west-1c; "
        "allowed: 2, or a region with 3"
    )
    made = record(lambda: outputs(Network("network", NetworkArgs(NewNetworkConfig(zones=2)))))
    assert len(made.all("aws:ec2/subnet:Subnet")) == 2


@pytest.mark.parametrize("protect", [True, False])
def test_the_vpc_is_protected_as_the_instance_in_it_is(record, protect):
    """The engine then refuses another address range, which no instance survives."""
    made = record(lambda: outputs(Network("network", NetworkArgs(NewNetworkConfig(), protect=protect))))
    assert made.one("aws:ec2/vpc:Vpc").request.protect is protect


def test_the_subnets_lead_nowhere_outside(record):
    made = record(lambda: outputs(Network("network", NetworkArgs(NewNetworkConfig()))))
    assert "routes" not in made.one("aws:ec2/routeTable:RouteTable").inputs
    associations = made.all("aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert {association.inputs["routeTableId"] for association in associations} == {"network-database-id"}
    assert len(associations) == 3
    closed = made.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs
    assert not {"ingress", "egress"} & set(closed)


def test_only_the_application_group_reaches_the_database_of_a_new_network(record):
    made = record(lambda: outputs(Network("network", NetworkArgs(NewNetworkConfig()))))
    rule = made.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert rule["securityGroupId"] == "network-database-id"
    assert rule["referencedSecurityGroupId"] == "network-application-id"
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 5432, 5432)


def test_an_existing_network_is_used_and_only_the_named_groups_are_let_in(record):
    made = record(lambda: outputs(Network("network", NetworkArgs(EXISTING, database_port=6543))))
    assert not made.all("aws:ec2/vpc:Vpc")
    assert made.one("aws:ec2/securityGroup:SecurityGroup").inputs["vpcId"] == "vpc-0a1b"
    rules = made.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert {rule.inputs["referencedSecurityGroupId"] for rule in rules} == {"sg-0a", "sg-0b"}
    assert {rule.inputs["fromPort"] for rule in rules} == {6543}
    assert made.result == ["vpc-0a1b", ["subnet-01", "subnet-02"], "network-database-id"]


def test_an_existing_network_without_named_groups_gets_an_application_group(record):
    config = EXISTING.model_copy(update={"allowed_security_group_ids": ()})
    made = record(lambda: outputs(Network("network", NetworkArgs(config))))
    rule = made.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert rule["referencedSecurityGroupId"] == "network-application-id"
