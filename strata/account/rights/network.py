"""Rights for the types of the network: all of EC2, told apart by the stack's tag.

Most of EC2's describes take no resource; what they answer is the account's network, and nothing of what is inside it.
"""

from __future__ import annotations

from typing import Final

from strata.account.rights.grant import EVERYTHING, NEW, OURS, Grant, TypeRights, to_tag


def ec2(*kinds: str) -> tuple[str, ...]:
    """Return the ARN patterns of kinds of EC2 resources in the stack's region."""
    return tuple(f"arn:{{partition}}:ec2:{{region}}:{{account}}:{kind}/*" for kind in kinds)


def describes(*names: str) -> tuple[Grant, ...]:
    """Return the right to read kinds of EC2 resources."""
    return (Grant(tuple(f"ec2:Describe{name}" for name in names), EVERYTHING),)


def describes_attributes(kind: str, action: str) -> tuple[Grant, ...]:
    """Return the right to read the attributes of one kind, which is the one sort of describe that takes a resource."""
    return (Grant((f"ec2:Describe{action}",), ec2(kind)),)


def ec2_tags(*kinds: str) -> tuple[Grant, ...]:
    """Return the right to tag kinds of EC2 resources."""
    return to_tag(("ec2:CreateTags",), ec2(*kinds), ("ec2:DeleteTags",))


_IN_A_VPC: Final = ec2("vpc")


def _rule(direction: str) -> tuple[Grant, ...]:
    return (
        # The rule that is being made has no tag yet, and its group is the stack's.
        Grant((f"ec2:AuthorizeSecurityGroup{direction}",), ec2("security-group"), OURS),
        Grant((f"ec2:AuthorizeSecurityGroup{direction}",), ec2("security-group-rule"), NEW),
        Grant((f"ec2:RevokeSecurityGroup{direction}",), ec2("security-group"), OURS),
        Grant(("ec2:ModifySecurityGroupRules",), ec2("security-group", "security-group-rule"), OURS),
        *ec2_tags("security-group-rule"),
    )


NETWORK: Final = (
    TypeRights(
        "aws:ec2/vpc:Vpc",
        (
            *describes("Vpcs", "NetworkAcls", "RouteTables", "SecurityGroups"),
            *describes_attributes("vpc", "VpcAttribute"),
        ),
        (
            Grant(("ec2:CreateVpc",), ec2("vpc"), NEW),
            Grant(("ec2:ModifyVpcAttribute", "ec2:DeleteVpc"), ec2("vpc"), OURS),
            *ec2_tags("vpc"),
        ),
    ),
    TypeRights(
        "aws:ec2/subnet:Subnet",
        describes("Subnets"),
        (
            Grant(("ec2:CreateSubnet",), ec2("subnet"), NEW),
            Grant(("ec2:CreateSubnet",), _IN_A_VPC, OURS),
            Grant(("ec2:ModifySubnetAttribute", "ec2:DeleteSubnet"), ec2("subnet"), OURS),
            *describes("NetworkInterfaces"),
            *ec2_tags("subnet"),
        ),
    ),
    TypeRights(
        "aws:ec2/routeTable:RouteTable",
        describes("RouteTables"),
        (
            Grant(("ec2:CreateRouteTable",), ec2("route-table"), NEW),
            Grant(("ec2:CreateRouteTable",), _IN_A_VPC, OURS),
            Grant(
                ("ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute", "ec2:DeleteRouteTable"),
                ec2("route-table"),
                OURS,
            ),
            *ec2_tags("route-table"),
        ),
    ),
    TypeRights(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        describes("RouteTables"),
        (
            Grant(
                ("ec2:AssociateRouteTable", "ec2:DisassociateRouteTable", "ec2:ReplaceRouteTableAssociation"),
                ec2("route-table", "subnet"),
                OURS,
            ),
        ),
    ),
    TypeRights(
        "aws:ec2/securityGroup:SecurityGroup",
        describes("SecurityGroups", "SecurityGroupRules"),
        (
            Grant(("ec2:CreateSecurityGroup",), ec2("security-group"), NEW),
            # Of a VPC that the stack file names, which is not the stack's.
            Grant(("ec2:CreateSecurityGroup",), _IN_A_VPC),
            Grant(("ec2:DeleteSecurityGroup",), ec2("security-group"), OURS),
            # A new group lets everything out, until the provider takes that rule away.
            Grant(("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"), ec2("security-group"), OURS),
            *describes("NetworkInterfaces"),
            *ec2_tags("security-group"),
        ),
    ),
    TypeRights(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        describes("SecurityGroups", "SecurityGroupRules", "Vpcs"),
        (
            # AWS made it with the VPC and without a tag: it is tagged first, and its rules are taken away then.
            Grant(("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"), ec2("security-group"), OURS),
            *ec2_tags("security-group"),
        ),
    ),
    TypeRights(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", describes("SecurityGroupRules"), _rule("Ingress")
    ),
    TypeRights(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", describes("SecurityGroupRules"), _rule("Egress")
    ),
)
