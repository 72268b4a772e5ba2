"""``aws:rds/subnetGroup:SubnetGroup``: subnets that exist, in one VPC and two zones or more.

Rules: Amazon RDS User Guide, "Working with DB subnet groups"; API reference, CreateDBSubnetGroup.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.providers.aws import rds_calls, rds_store
from local.providers.resource import Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME: Final = re.compile(r"[a-z0-9._ -]{1,255}")
_FEWEST_ZONES: Final = 2


class SubnetGroup(ResourceType):
    """A DB subnet group."""

    token = "aws:rds/subnetGroup:SubnetGroup"  # noqa: S105 - a resource type's token
    modelled = frozenset({"name", "description", "subnetIds", "tags"})
    replaces: ClassVar[Mapping[str, str]] = {
        "name": "Terraform aws_db_subnet_group: name forces a new resource",
    }
    autoname = Autoname("name", max_length=255, lower=True)
    defaults: ClassVar[Mapping[str, Any]] = {"description": "Managed by Pulumi"}
    unordered = frozenset({"subnetIds"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Hold the name against CreateDBSubnetGroup's rule and refuse a group without subnets."""
        del provider
        failures, name = [], inputs.get("name")
        if isinstance(name, str) and (not _NAME.fullmatch(name) or name == "default"):
            rule = "lower case letters, digits, spaces, hyphens, dots and underscores, at most 255, and not 'default'"
            failures.append(CheckFailure("name", f"{name!r} is not {rule}"))
        if inputs.get("subnetIds") == []:
            failures.append(CheckFailure("subnetIds", "a DB subnet group needs subnets in two zones or more"))
        return failures

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Make the group."""
        name = inputs["name"]
        _check_subnets(provider, inputs)
        rds_calls.call(
            f"creating subnet group {name}",
            rds_calls.client(provider, inputs).create_db_subnet_group,
            DBSubnetGroupName=name,
            DBSubnetGroupDescription=inputs.get("description") or self.defaults["description"],
            SubnetIds=inputs["subnetIds"],
            Tags=rds_calls.tag_list(provider, inputs),
        )
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the group."""
        client = rds_calls.client(provider, state)
        group = describe(client, resource_id)
        if group is None:
            return None
        return {
            "arn": group["DBSubnetGroupArn"],
            "name": group["DBSubnetGroupName"],
            "description": group["DBSubnetGroupDescription"],
            "subnetIds": [subnet["SubnetIdentifier"] for subnet in group["Subnets"]],
            "vpcId": vpc_of(provider, state, group),
            "supportedNetworkTypes": ["IPV4"],
            "tags": rds_calls.live_tags(client, group["DBSubnetGroupArn"]),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change subnets, description and tags."""
        client = rds_calls.client(provider, new)
        _check_subnets(provider, new)
        rds_calls.call(
            f"changing subnet group {resource_id}",
            client.modify_db_subnet_group,
            DBSubnetGroupName=resource_id,
            DBSubnetGroupDescription=new.get("description") or self.defaults["description"],
            SubnetIds=new["subnetIds"],
        )
        rds_calls.set_tags(provider, client, old["arn"], new)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the group unless an instance uses it."""
        users = rds_store.folders_with("dbSubnetGroupName", resource_id)
        if users:
            raise ProviderError(
                f"deleting subnet group {resource_id}: InvalidDBSubnetGroupStateFault: "
                f"the instance {users[0].name} uses it"
            )
        client = rds_calls.client(provider, state)
        rds_calls.find(
            f"deleting subnet group {resource_id}", client.delete_db_subnet_group, DBSubnetGroupName=resource_id
        )


def describe(client: Any, name: str) -> Any:
    """Return the service's record of a subnet group, or None."""
    answer = rds_calls.find(f"reading subnet group {name}", client.describe_db_subnet_groups, DBSubnetGroupName=name)
    groups = answer["DBSubnetGroups"] if answer else []
    return groups[0] if groups else None


def vpc_of(provider: Any, properties: Properties, group: Any) -> str:
    """Return the VPC that a subnet group's subnets are in."""
    subnets = _subnets(provider, properties, [subnet["SubnetIdentifier"] for subnet in group["Subnets"]])
    return str(subnets[0]["VpcId"]) if subnets else ""


def _subnets(provider: Any, properties: Properties, ids: list[str]) -> list[Any]:
    client = rds_calls.client(provider, properties, "ec2")
    filters = [{"Name": "subnet-id", "Values": ids}]
    answer = rds_calls.call(f"reading subnets {', '.join(ids)}", client.describe_subnets, Filters=filters)
    return list(answer["Subnets"])


def _check_subnets(provider: Any, inputs: Properties) -> None:
    name, ids = inputs["name"], inputs["subnetIds"]
    subnets = _subnets(provider, inputs, ids)
    missing = sorted(set(ids) - {subnet["SubnetId"] for subnet in subnets})
    if missing:
        raise ProviderError(f"subnet group {name}: InvalidSubnet: subnetIds: {', '.join(missing)} do not exist")
    vpcs = sorted({subnet["VpcId"] for subnet in subnets})
    if len(vpcs) > 1:
        raise ProviderError(f"subnet group {name}: InvalidSubnet: the subnets are in several VPCs: {', '.join(vpcs)}")
    zones = {subnet["AvailabilityZone"] for subnet in subnets}
    if len(zones) < _FEWEST_ZONES:
        raise ProviderError(
            f"subnet group {name}: DBSubnetGroupDoesNotCoverEnoughAZs: "
            f"the subnets are in {', '.join(sorted(zones))} only, RDS needs at least {_FEWEST_ZONES} zones"
        )
