"""The network that the database lives in: private subnets in two or more zones, and who may connect."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.config import ExistingNetworkConfig, NetworkConfig, NewNetworkConfig

#: A database subnet has a sixteenth of the VPC, so that a zone can be added without moving another one.
_SUBNET_BITS: Final = 4


@dataclass(frozen=True)
class NetworkArgs:
    """Inputs of `Network`.

    Args:
        config: the VPC to make, or the one that is there.
        database_port: TCP port that the security groups open.
        protect: whether the engine refuses to replace or remove the VPC, which would take the instance along.
    """

    config: NetworkConfig
    database_port: int = 5432
    protect: bool = False


class Network(pulumi.ComponentResource):
    """The subnets and security groups of the database.

    Outputs: ``vpc_id``, ``database_subnet_ids``, ``database_security_group_id``, and ``application_security_group_id``,
    which applications join to be let in; it is None where the stack file names the groups that are.
    """

    vpc_id: pulumi.Output[str]
    database_subnet_ids: pulumi.Output[Sequence[str]]
    database_security_group_id: pulumi.Output[str]
    application_security_group_id: pulumi.Output[str] | None

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:Network", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.application_security_group_id = None
        if isinstance(args.config, NewNetworkConfig):
            self._make_vpc(args.config, protect=args.protect)
        else:
            self.vpc_id = pulumi.Output.from_input(args.config.vpc_id)
            self.database_subnet_ids = pulumi.Output.from_input(list(args.config.private_subnet_ids))
        self._make_database_security_group(args)
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "database_subnet_ids": self.database_subnet_ids,
                "database_security_group_id": self.database_security_group_id,
                "application_security_group_id": self.application_security_group_id,
            }
        )

    def _make_vpc(self, config: NewNetworkConfig, *, protect: bool) -> None:
        vpc = aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=config.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(protect=protect)),
        )
        # Nothing may use the group that AWS puts into every VPC: without rules it lets nobody in or out.
        aws.ec2.DefaultSecurityGroup(f"{self._name}-default", vpc_id=vpc.id, opts=self._child)
        routes = aws.ec2.RouteTable(f"{self._name}-database", vpc_id=vpc.id, opts=self._child)
        subnets = [
            self._make_subnet(number, vpc.id, zone, block, routes.id)
            for number, (zone, block) in enumerate(self._zones_and_blocks(config), start=1)
        ]
        self.vpc_id = vpc.id
        self.database_subnet_ids = pulumi.Output.all(*(subnet.id for subnet in subnets))

    def _zones_and_blocks(self, config: NewNetworkConfig) -> list[tuple[str, str]]:
        """Return a zone and an address range for each subnet.

        Raises:
            pulumi.RunError: the region has fewer zones.
        """
        zones = aws.get_availability_zones(
            state="available",
            # Local Zones have to be asked for, and hold no database.
            filters=[aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])],
            opts=pulumi.InvokeOptions(parent=self),
        )
        if len(zones.names) < config.zones:
            raise pulumi.RunError(
                f"strata:network.zones: {config.zones} zones are more than the region has for this account: "
                f"{', '.join(sorted(zones.names))}; allowed: 2, or a region with 3"
            )
        blocks = IPv4Network(config.cidr).subnets(prefixlen_diff=_SUBNET_BITS)
        # In the order of their names, so that a zone more is a subnet more.
        chosen = sorted(zones.names)[: config.zones]
        return [(zone, str(block)) for zone, block in zip(chosen, blocks, strict=False)]

    def _make_subnet(
        self, number: int, vpc_id: pulumi.Input[str], zone: str, block: str, route_table_id: pulumi.Input[str]
    ) -> aws.ec2.Subnet:
        name = f"{self._name}-database-{number}"
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=vpc_id,
            availability_zone=zone,
            cidr_block=block,
            map_public_ip_on_launch=False,
            tags={"Name": name},
            # A zone that AWS adds to the region must not move a subnet, which would replace it.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(ignore_changes=["availabilityZone"])),
        )
        aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=route_table_id, opts=self._child)
        return subnet

    def _make_database_security_group(self, args: NetworkArgs) -> None:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-database", description="PostgreSQL of the stack", vpc_id=self.vpc_id, opts=self._child
        )
        self.database_security_group_id = group.id
        allowed: dict[str, pulumi.Input[str]] = {}
        if isinstance(args.config, ExistingNetworkConfig):
            allowed = {group_id: group_id for group_id in args.config.allowed_security_group_ids}
        if not allowed:
            self.application_security_group_id = self._make_application_security_group(args.database_port)
            allowed = {"application": self.application_security_group_id}
        for source, group_id in allowed.items():
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-database-from-{source}",
                security_group_id=group.id,
                referenced_security_group_id=group_id,
                ip_protocol="tcp",
                from_port=args.database_port,
                to_port=args.database_port,
                description=f"PostgreSQL from {source}",
                opts=self._child,
            )

    def _make_application_security_group(self, database_port: int) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-application", description="May connect to PostgreSQL", vpc_id=self.vpc_id, opts=self._child
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-application-to-database",
            security_group_id=group.id,
            referenced_security_group_id=self.database_security_group_id,
            ip_protocol="tcp",
            from_port=database_port,
            to_port=database_port,
            description="PostgreSQL of the stack",
            opts=self._child,
        )
        security_group_id: pulumi.Output[str] = group.id
        return security_group_id
