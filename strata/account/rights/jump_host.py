"""Rights for the types of a jump host, which a stack with ``database.reach: tunnel`` makes."""

from __future__ import annotations

from typing import Final

from strata.account.rights.grant import EVERYTHING, NEW, OURS, Grant, TypeRights, When, to_tag
from strata.account.rights.network import describes, describes_attributes, ec2, ec2_tags

#: What a role of the stack may be allowed to do: what AWS's own policy for managed instances says, and nothing else.
ATTACHABLE_POLICIES: Final = ("arn:{partition}:iam::aws:policy/AmazonSSMManagedInstanceCore",)
#: The public parameter with the newest Amazon Linux.
AMI_PARAMETER: Final = ("arn:{partition}:ssm:{region}::parameter/aws/service/ami-amazon-linux-latest/*",)
_ROLE: Final = ("arn:{partition}:iam::{account}:role/jump-host-*",)
_PROFILE: Final = ("arn:{partition}:iam::{account}:instance-profile/jump-host-*",)
_THESE_POLICIES: Final = When((("ArnEquals", "iam:PolicyARN", ATTACHABLE_POLICIES),))
_TO_EC2: Final = When((("StringEquals", "iam:PassedToService", "ec2.amazonaws.com"),))
_INSTANCE: Final = ec2("instance")


def _iam(*names: str) -> tuple[str, ...]:
    return tuple(f"iam:{name}" for name in names)


JUMP_HOST: Final = (
    TypeRights(
        "aws:iam/role:Role",
        (Grant(_iam("GetRole", "ListRolePolicies", "ListAttachedRolePolicies"), _ROLE),),
        (
            Grant(_iam("CreateRole"), _ROLE, NEW),
            Grant(_iam("DeleteRole", "UpdateRole", "UpdateAssumeRolePolicy"), _ROLE, OURS),
            Grant(_iam("ListInstanceProfilesForRole"), _ROLE),
            Grant(_iam("PassRole"), _ROLE, _TO_EC2),
            *to_tag(_iam("TagRole"), _ROLE, _iam("UntagRole")),
        ),
    ),
    TypeRights(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        (Grant(_iam("ListAttachedRolePolicies"), _ROLE),),
        (Grant(_iam("AttachRolePolicy", "DetachRolePolicy"), _ROLE, _THESE_POLICIES),),
    ),
    TypeRights(
        "aws:iam/instanceProfile:InstanceProfile",
        (Grant(_iam("GetInstanceProfile"), _PROFILE),),
        (
            Grant(_iam("CreateInstanceProfile"), _PROFILE, NEW),
            Grant(_iam("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"), _PROFILE, OURS),
            Grant(_iam("DeleteInstanceProfile"), _PROFILE, OURS),
            *to_tag(_iam("TagInstanceProfile"), _PROFILE, _iam("UntagInstanceProfile")),
        ),
    ),
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
