"""The jump host: the way of a deployer outside the network to a private database, through Session Manager.

No port is open on it and it has no public address: its agent calls Systems Manager, and sessions come back that way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

#: The newest Amazon Linux 2023 for Graviton (Amazon Linux 2023 User Guide, "Using SSM parameters to find AMIs").
IMAGE_PARAMETER: Final = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
#: What an agent needs and no more (Systems Manager User Guide, "Configure instance permissions").
_MANAGED_POLICY: Final = "AmazonSSMManagedInstanceCore"
#: What an agent calls from version 3.3.40 on; older ones needed ec2messages as well (Systems Manager User Guide,
#: "Improve the security of EC2 instances by using VPC endpoints").
_SERVICES: Final = ("ssm", "ssmmessages")
_INSTANCE_TYPE: Final = "t4g.nano"
_HTTPS: Final = 443
_ANYWHERE: Final = "0.0.0.0/0"
#: As large as the image's snapshot, which is the least.
_ROOT_VOLUME_GIB: Final = 8


@dataclass(frozen=True)
class JumpHostArgs:
    """Inputs of `JumpHost`.

    Args:
        region: of the stack.
        vpc_id: the VPC of the database.
        subnet_id: a private subnet in it.
        database_security_group_id: the database's group, which lets the jump host in.
        database_port: TCP port of the database.
        makes_endpoints: whether the VPC leads nowhere outside, so that the agent needs endpoints of Systems Manager in
            it; a VPC that was there has a way of its own.
    """

    region: str
    vpc_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    database_security_group_id: pulumi.Input[str]
    database_port: int
    makes_endpoints: bool


class JumpHost(pulumi.ComponentResource):
    """A small instance that forwards sessions to the database.

    Outputs: ``instance_id``.
    """

    instance_id: pulumi.Output[str]

    def __init__(self, name: str, args: JumpHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:JumpHost", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._args = args
        group = self._make_group(name, "Jump host to PostgreSQL: nobody gets in")
        self._let_through(
            f"{name}-to-database", group, args.database_security_group_id, args.database_port, "PostgreSQL of the stack"
        )
        endpoints: list[pulumi.Resource] = []
        if args.makes_endpoints:
            endpoints = self._make_endpoints(group)
        else:
            self._let_out(f"{name}-to-aws", group, {"cidr_ipv4": _ANYWHERE}, _HTTPS, "Systems Manager")
        instance = self._make_instance(group, self._make_profile(), endpoints)
        self.instance_id = instance.id
        self.register_outputs({"instance_id": self.instance_id})

    def _make_group(self, name: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(name, description=description, vpc_id=self._args.vpc_id, opts=self._child)

    def _let_through(
        self, name: str, source: aws.ec2.SecurityGroup, target_id: pulumi.Input[str], port: int, description: str
    ) -> None:
        """Open a port from one group to another, on both of them."""
        self._let_out(name, source, {"referenced_security_group_id": target_id}, port, description)
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=target_id,
            referenced_security_group_id=source.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"{description} from the jump host",
            opts=self._child,
        )

    def _let_out(
        self, name: str, source: aws.ec2.SecurityGroup, target: Mapping[str, Any], port: int, description: str
    ) -> None:
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            opts=self._child,
            **target,
        )

    def _make_endpoints(self, jump_host_group: aws.ec2.SecurityGroup) -> list[pulumi.Resource]:
        """Make what the agent calls reachable without a way out of the VPC; one subnet is enough for one agent."""
        group = self._make_group(f"{self._name}-endpoints", "Endpoints of Systems Manager for the jump host")
        self._let_through(f"{self._name}-to-endpoints", jump_host_group, group.id, _HTTPS, "Systems Manager")
        return [
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service}",
                vpc_id=self._args.vpc_id,
                service_name=f"com.amazonaws.{self._args.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[self._args.subnet_id],
                security_group_ids=[group.id],
                opts=self._child,
            )
            for service in _SERVICES
        ]

    def _make_profile(self) -> aws.iam.InstanceProfile:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        role = aws.iam.Role(
            self._name,
            description="The agent of the jump host",
            assume_role_policy=pulumi.Output.json_dumps(trust),
            opts=self._child,
        )
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        attachment = aws.iam.RolePolicyAttachment(
            self._name,
            role=role.name,
            policy_arn=f"arn:{partition}:iam::aws:policy/{_MANAGED_POLICY}",
            opts=self._child,
        )
        # An instance that starts before its rights are there has an agent that gives up for minutes.
        opts = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[attachment]))
        return aws.iam.InstanceProfile(self._name, role=role.name, opts=opts)

    def _make_instance(
        self,
        group: aws.ec2.SecurityGroup,
        profile: aws.iam.InstanceProfile,
        endpoints: list[pulumi.Resource],
    ) -> aws.ec2.Instance:
        image = aws.ssm.get_parameter(name=IMAGE_PARAMETER, opts=pulumi.InvokeOptions(parent=self))
        # A newer image would replace the jump host in some preview that is about something else.
        lasting = pulumi.ResourceOptions(ignore_changes=["ami"], depends_on=endpoints)
        return aws.ec2.Instance(
            f"{self._name}-instance",
            ami=image.insecure_value,
            instance_type=_INSTANCE_TYPE,
            subnet_id=self._args.subnet_id,
            vpc_security_group_ids=[group.id],
            associate_public_ip_address=False,
            iam_instance_profile=profile.name,
            ebs_optimized=True,
            metadata_options=aws.ec2.InstanceMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
                encrypted=True, volume_type="gp3", volume_size=_ROOT_VOLUME_GIB, delete_on_termination=True
            ),
            tags={"Name": f"strata-{self._name}"},
            opts=pulumi.ResourceOptions.merge(self._child, lasting),
        )
