"""Rights for the types of a jump host, which a stack with ``database.reach: tunnel`` makes."""

from __future__ import annotations

from typing import Final

from strata.account.rights.grant import EVERYTHING, NEW, OURS, Grant, TypeRights
from strata.account.rights.network import describes, describes_attributes, ec2, ec2_tags

#: The public parameter with the newest Amazon Linux.
AMI_PARAMETER: Final = ("arn:{partition}:ssm:{region}::parameter/aws/service/ami-amazon-linux-latest/*",)
_INSTANCE: Final = ec2("instance")


JUMP_HOST: Final = (
    TypeRights(
        "aws:ec2/instance:Instance",
        (
            *describes("Instances", "InstanceTypes", "InstanceCreditSpecifications"),
            *describes_attributes("instance", "InstanceAttribute"),
            *describes("Volumes", "Tags", "Vpcs", "NetworkInterfaces", "IamInstanceProfileAssociations"),
        ),
        (
            Grant(("ec2:RunInstances",), ec2("instance"), NEW),
            Grant(
                ("ec2:RunInstances",),
                (
                    *ec2("network-interface", "security-group", "subnet", "volume"),
                    "arn:{partition}:ec2:{region}::image/*",
                ),
            ),
            Grant(
                (
                    "ec2:TerminateInstances",
                    "ec2:StartInstances",
                    "ec2:StopInstances",
                    "ec2:ModifyInstanceAttribute",
                    "ec2:ModifyInstanceMetadataOptions",
                ),
                _INSTANCE,
                OURS,
            ),
            *describes("Images"),
            *ec2_tags("instance", "volume"),
        ),
    ),
    TypeRights(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        describes("VpcEndpoints", "PrefixLists"),
        (
            Grant(("ec2:CreateVpcEndpoint",), ec2("vpc-endpoint"), NEW),
            Grant(("ec2:CreateVpcEndpoint",), ec2("route-table", "security-group", "subnet", "vpc"), OURS),
            Grant(("ec2:ModifyVpcEndpoint",), ec2("route-table", "security-group", "subnet", "vpc-endpoint"), OURS),
            Grant(("ec2:DeleteVpcEndpoints",), ec2("vpc-endpoint"), OURS),
            # Private DNS of an endpoint is a hosted zone that AWS makes for the VPC.
            Grant(("route53:AssociateVPCWithHostedZone",), EVERYTHING),
            *ec2_tags("vpc-endpoint"),
        ),
    ),
)
