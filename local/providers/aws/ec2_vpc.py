"""VPCs and subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.providers.aws import ec2_calls as ec2
from local.providers.aws.calls import call
from local.providers.resource import CheckFailure, Created, Properties, ProviderError, ResourceType, finishing

if TYPE_CHECKING:
    from ipaddress import IPv4Network

# VPC user guide, "VPC CIDR blocks" and "Subnet CIDR blocks": /16 to /28.
_LARGEST_PREFIX: Final = 28
_SMALLEST_PREFIX: Final = 16
_TENANCIES: Final = ("default", "dedicated")


class Vpc(ResourceType):
    """``aws:ec2/vpc:Vpc``."""

    token = "aws:ec2/vpc:Vpc"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"cidrBlock", "enableDnsHostnames", "enableDnsSupport", "instanceTenancy", "tags"})
    replaces: ClassVar = {
        "cidrBlock": "EC2 API: no call changes a VPC's first range; Terraform registry, aws_vpc",
        "instanceTenancy": "EC2 API, ModifyVpcTenancy: only from dedicated to default, which the emulator has not",
    }
    # Terraform registry, aws_vpc.
    defaults: ClassVar = {"enableDnsHostnames": False, "enableDnsSupport": True, "instanceTenancy": "default"}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of range and tenancy."""
        del provider
        failures = range_failures("cidrBlock", inputs.get("cidrBlock"), "VPC")
        if inputs.get("cidrBlock") is None:
            failures.append(CheckFailure("cidrBlock", "missing; pools of addresses (IPAM) are not modelled"))
        tenancy = inputs.get("instanceTenancy")
        if isinstance(tenancy, str) and tenancy not in _TENANCIES:
            failures.append(CheckFailure("instanceTenancy", f"allowed are {', '.join(_TENANCIES)}, not {tenancy!r}"))
        return failures

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the VPC with its DNS attributes."""
        client = provider.client("ec2", inputs["region"])
        answer = call(
            f"creating VPC {inputs['cidrBlock']}",
            client.create_vpc,
            CidrBlock=inputs["cidrBlock"],
            InstanceTenancy=inputs.get("instanceTenancy", "default"),
            **ec2.tag_specifications("vpc", provider.tags(inputs)),
        )
        vpc_id = answer["Vpc"]["VpcId"]
        with finishing(vpc_id):
            self._set_dns(client, vpc_id, inputs)
        return Created(vpc_id)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live VPC and the ids of what AWS made with it."""
        client = provider.client("ec2", state.get("region"))
        vpc = ec2.one(client, "VPC", resource_id)
        if vpc is None:
            return None
        main = next(table for table in ec2.within(client, "route table", resource_id) if is_main(table))
        group = next(g for g in ec2.within(client, "security group", resource_id) if g["GroupName"] == "default")
        return {
            "arn": f"arn:{provider.partition}:ec2:{client.meta.region_name}:{vpc['OwnerId']}:vpc/{resource_id}",
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc["InstanceTenancy"],
            "enableDnsSupport": self._dns(client, resource_id, "enableDnsSupport"),
            "enableDnsHostnames": self._dns(client, resource_id, "enableDnsHostnames"),
            "dhcpOptionsId": vpc["DhcpOptionsId"],
            "ownerId": vpc["OwnerId"],
            "mainRouteTableId": main["RouteTableId"],
            "defaultRouteTableId": main["RouteTableId"],
            "defaultSecurityGroupId": group["GroupId"],
            "defaultNetworkAclId": ec2.within(client, "network ACL", resource_id)[0]["NetworkAclId"],
            "tags": ec2.tags_of(vpc),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set DNS attributes and tags."""
        del old
        client = provider.client("ec2", new["region"])
        self._set_dns(client, resource_id, new)
        ec2.retag(client, "VPC", resource_id, provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the VPC, unless somebody's subnets, groups or route tables are in it."""
        client = provider.client("ec2", state["region"])
        if ec2.one(client, "VPC", resource_id) is None:
            return
        groups = [g for g in ec2.within(client, "security group", resource_id) if g["GroupName"] != "default"]
        tables = [table for table in ec2.within(client, "route table", resource_id) if not is_main(table)]
        users = [subnet["SubnetId"] for subnet in ec2.within(client, "subnet", resource_id)]
        users += [group["GroupId"] for group in groups] + [table["RouteTableId"] for table in tables]
        ec2.refuse_while_used(f"deleting VPC {resource_id}", users)
        call(f"deleting VPC {resource_id}", client.delete_vpc, VpcId=resource_id)

    @staticmethod
    def _dns(client: Any, vpc_id: str, attribute: str) -> bool:
        answer = call(f"reading VPC {vpc_id}", client.describe_vpc_attribute, VpcId=vpc_id, Attribute=attribute)
        return bool(answer[attribute[0].upper() + attribute[1:]]["Value"])

    def _set_dns(self, client: Any, vpc_id: str, inputs: Properties) -> None:
        # ModifyVpcAttribute takes one attribute a call; names need the support.
        for name, member in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
            value = {"Value": inputs.get(name, self.defaults[name])}
            call(f"setting {name} of VPC {vpc_id}", client.modify_vpc_attribute, VpcId=vpc_id, **{member: value})


class Subnet(ResourceType):
    """``aws:ec2/subnet:Subnet``."""

    token = "aws:ec2/subnet:Subnet"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"availabilityZone", "cidrBlock", "mapPublicIpOnLaunch", "tags", "vpcId"})
    replaces: ClassVar = {
        "availabilityZone": "EC2 API: ModifySubnetAttribute does not have it; Terraform registry, aws_subnet",
        "cidrBlock": "EC2 API: ModifySubnetAttribute does not have it; Terraform registry, aws_subnet",
        "vpcId": "EC2 API: ModifySubnetAttribute does not have it; Terraform registry, aws_subnet",
    }
    # Terraform registry, aws_subnet.
    defaults: ClassVar = {"mapPublicIpOnLaunch": False}
    computed: ClassVar = frozenset({"availabilityZone"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the range; whether it fits the VPC is seen when that exists."""
        del provider
        failures = range_failures("cidrBlock", inputs.get("cidrBlock"), "subnet")
        if inputs.get("cidrBlock") is None:
            failures.append(CheckFailure("cidrBlock", "missing; IPv6-only subnets are not modelled"))
        return failures

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the subnet in a range of the VPC that no other has."""
        client = provider.client("ec2", inputs["region"])
        what = f"creating subnet {inputs['cidrBlock']}"
        _refuse_unknown_zone(client, what, inputs.get("availabilityZone"))
        zone = {"AvailabilityZone": inputs["availabilityZone"]} if "availabilityZone" in inputs else {}
        with provider.checking:
            _refuse_bad_range(client, what, inputs)
            answer = call(
                what,
                client.create_subnet,
                VpcId=inputs["vpcId"],
                CidrBlock=inputs["cidrBlock"],
                **zone,
                **ec2.tag_specifications("subnet", provider.tags(inputs)),
            )
        subnet_id = answer["Subnet"]["SubnetId"]
        with finishing(subnet_id):
            self._set_public(client, subnet_id, inputs)
        return Created(subnet_id)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live subnet."""
        subnet = ec2.one(provider.client("ec2", state.get("region")), "subnet", resource_id)
        if subnet is None:
            return None
        return {
            "arn": subnet["SubnetArn"],
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet["AvailabilityZoneId"],
            "cidrBlock": subnet["CidrBlock"],
            "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
            "ownerId": subnet["OwnerId"],
            "tags": ec2.tags_of(subnet),
            "vpcId": subnet["VpcId"],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set what may change and the tags."""
        del old
        client = provider.client("ec2", new["region"])
        self._set_public(client, resource_id, new)
        ec2.retag(client, "subnet", resource_id, provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the subnet, unless a DB instance or another network interface may be in it."""
        client = provider.client("ec2", state["region"])
        if ec2.one(client, "subnet", resource_id) is None:
            return
        users = ec2.database_instances(provider, state["region"], lambda each: resource_id in _subnet_ids(each))
        users += [
            i["NetworkInterfaceId"] for i in ec2.every(client, "network interface") if i["SubnetId"] == resource_id
        ]
        users += ec2.instances(client, lambda each: resource_id in each.get("SubnetIds", [each.get("SubnetId")]))
        ec2.refuse_while_used(f"deleting subnet {resource_id}", users)
        call(f"deleting subnet {resource_id}", client.delete_subnet, SubnetId=resource_id)

    def _set_public(self, client: Any, subnet_id: str, inputs: Properties) -> None:
        value = {"Value": inputs.get("mapPublicIpOnLaunch", False)}
        call(
            f"setting mapPublicIpOnLaunch of subnet {subnet_id}",
            client.modify_subnet_attribute,
            SubnetId=subnet_id,
            MapPublicIpOnLaunch=value,
        )


def is_main(route_table: Properties) -> bool:
    """Return whether a route table is the one that came with its VPC."""
    return any(association["Main"] for association in route_table["Associations"])


def range_failures(name: str, text: Any, kind: str) -> list[CheckFailure]:
    """Return broken rules of a VPC's or subnet's IPv4 range."""
    if not isinstance(text, str):
        return []
    block = ec2.address_range(text)
    if block is None:
        return [CheckFailure(name, f"{text!r} is no IPv4 range with its first address, such as 10.0.0.0/16")]
    if not _SMALLEST_PREFIX <= block.prefixlen <= _LARGEST_PREFIX:
        return [
            CheckFailure(name, f"{text} is not from /{_SMALLEST_PREFIX} to /{_LARGEST_PREFIX}, as a {kind} must be")
        ]
    return []


def _refuse_bad_range(client: Any, what: str, inputs: Properties) -> None:
    vpc = ec2.existing(client, "VPC", inputs["vpcId"], what)
    block = _network(inputs["cidrBlock"])
    if not block.subnet_of(_network(vpc["CidrBlock"])):
        raise ProviderError(f"{what}: InvalidSubnet.Range: outside {vpc['CidrBlock']} of {inputs['vpcId']}")
    for other in ec2.within(client, "subnet", inputs["vpcId"]):
        if block.overlaps(_network(other["CidrBlock"])):
            conflict = f"{other['CidrBlock']} of {other['SubnetId']}"
            raise ProviderError(f"{what}: InvalidSubnet.Conflict: overlaps {conflict}")


def _refuse_unknown_zone(client: Any, what: str, zone: str | None) -> None:
    zones = [
        each["ZoneName"] for each in call("listing zones", client.describe_availability_zones)["AvailabilityZones"]
    ]
    if zone is not None and zone not in zones:
        raise ProviderError(f"{what}: no zone {zone} in {client.meta.region_name}; it has {', '.join(sorted(zones))}")


def _network(text: str) -> IPv4Network:
    block = ec2.address_range(text)
    if block is None:
        raise ProviderError(f"{text!r} is no IPv4 range")
    return block


def _subnet_ids(instance: Properties) -> list[str]:
    group = instance.get("DBSubnetGroup") or {}
    return [subnet["SubnetIdentifier"] for subnet in group.get("Subnets", [])]
