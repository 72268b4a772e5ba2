"""What the EC2 types share: listings, references that must exist, tags, and who still uses what.

The emulator ignores most filters and checks no reference, so things are listed whole and picked here; an account of
the local environment holds a few dozen.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Final

from local.providers.aws import tags
from local.providers.aws.calls import call
from local.providers.resource import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.providers.resource import Properties

# Kind of a thing: the call that lists it, the key of the answer, the key of the id.
_LISTINGS: Final = {
    "VPC": ("describe_vpcs", "Vpcs", "VpcId"),
    "subnet": ("describe_subnets", "Subnets", "SubnetId"),
    "route table": ("describe_route_tables", "RouteTables", "RouteTableId"),
    "security group": ("describe_security_groups", "SecurityGroups", "GroupId"),
    "security group rule": ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
    "network ACL": ("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    "network interface": ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    "instance": ("describe_instances", "Reservations", "InstanceId"),
    "VPC endpoint": ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
}
# EC2 API, TerminateInstances: a terminated instance is still described for a while.
_GONE: Final = ("shutting-down", "terminated")


def every(client: Any, kind: str) -> list[Properties]:
    """Return everything of a kind that the account has in the client's region."""
    method, key, _ = _LISTINGS[kind]
    listing: list[Properties] = call(f"listing every {kind}", getattr(client, method))[key]
    if kind == "instance":
        instances = [one for reservation in listing for one in reservation["Instances"]]
        return [one for one in instances if one["State"]["Name"] not in _GONE]
    return listing


def within(client: Any, kind: str, vpc_id: str) -> list[Properties]:
    """Return everything of a kind in a VPC."""
    return [thing for thing in every(client, kind) if thing["VpcId"] == vpc_id]


def one(client: Any, kind: str, thing_id: str) -> Properties | None:
    """Return one thing by its id, or None when it does not exist."""
    key = _LISTINGS[kind][2]
    return next((thing for thing in every(client, kind) if thing[key] == thing_id), None)


def existing(client: Any, kind: str, thing_id: str, what: str) -> Properties:
    """Return one thing by its id.

    Args:
        client: an EC2 client.
        kind: what it is, as in a message.
        thing_id: its id.
        what: what is done with it, for the message.

    Raises:
        ProviderError: it does not exist.
    """
    thing = one(client, kind, thing_id)
    if thing is None:
        raise ProviderError(f"{what}: {kind} {thing_id} does not exist in {client.meta.region_name}")
    return thing


def tag_specifications(resource_type: str, wanted: dict[str, str]) -> Properties:
    """Return the argument that tags a new thing; empty without tags, which EC2 wants so."""
    if not wanted:
        return {}
    return {"TagSpecifications": [{"ResourceType": resource_type, "Tags": tags.as_list(wanted)}]}


def tags_of(thing: Properties) -> dict[str, str]:
    """Return a described thing's tags."""
    return tags.as_map(thing.get("Tags", []))


def retag(client: Any, kind: str, thing_id: str, wanted: dict[str, str]) -> None:
    """Bring a thing's tags in line."""
    live = tags_of(existing(client, kind, thing_id, f"tagging {thing_id}"))
    added, removed = tags.changes(live, wanted)
    if added:
        call(f"tagging {thing_id}", client.create_tags, Resources=[thing_id], Tags=tags.as_list(added))
    if removed:
        keys = [{"Key": key} for key in removed]
        call(f"untagging {thing_id}", client.delete_tags, Resources=[thing_id], Tags=keys)


def refuse_while_used(what: str, users: list[str]) -> None:
    """Refuse what EC2 refuses with DependencyViolation.

    Raises:
        ProviderError: there are users.
    """
    if users:
        raise ProviderError(f"{what}: DependencyViolation: still used by {', '.join(sorted(users))}")


def address_range(text: str) -> IPv4Network | None:
    """Return an IPv4 range, or None when the text is none or has bits below its prefix."""
    try:
        return IPv4Network(text)
    except ValueError:
        return None


def instances(client: Any, uses: Callable[[Properties], bool]) -> list[str]:
    """Return the instances and VPC endpoints for which `uses` holds, as names for a message."""
    found = [each["InstanceId"] for each in every(client, "instance") if uses(each)]
    return found + [each["VpcEndpointId"] for each in every(client, "VPC endpoint") if uses(each)]


def database_instances(provider: Any, region: str, uses: Callable[[Properties], bool]) -> list[str]:
    """Return the DB instances for which `uses` holds, as names for a message."""
    client = provider.client("rds", region)
    listing = call("listing DB instances", client.describe_db_instances)["DBInstances"]
    return [f"DB instance {each['DBInstanceIdentifier']}" for each in listing if uses(each)]
