"""The resource types of EC2 (tokens ``aws:ec2/...``)."""

from typing import Final

from local.providers.aws.ec2_endpoint import VpcEndpoint
from local.providers.aws.ec2_instance import Instance
from local.providers.aws.ec2_routes import RouteTable, RouteTableAssociation
from local.providers.aws.ec2_security_groups import DefaultSecurityGroup, SecurityGroup
from local.providers.aws.ec2_vpc import Subnet, Vpc

RESOURCES: Final = (
    DefaultSecurityGroup,
    Instance,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcEndpoint,
)
