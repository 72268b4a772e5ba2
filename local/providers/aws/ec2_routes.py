"""Route tables and what they are associated with."""

from __future__ import annotations

from typing import Any, ClassVar

from local.providers.aws import ec2_calls as ec2
from local.providers.aws.calls import call
from local.providers.resource import CheckFailure, Created, Properties, ProviderError, ResourceType


class RouteTable(ResourceType):
    """``aws:ec2/routeTable:RouteTable``, with the local route alone: `routes` is not modelled."""

    token = "aws:ec2/routeTable:RouteTable"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"tags", "vpcId"})
    replaces: ClassVar = {"vpcId": "EC2 API: no call moves a route table; Terraform registry, aws_route_table"}

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the route table."""
        client = provider.client("ec2", inputs["region"])
        what = f"creating a route table in {inputs['vpcId']}"
        ec2.existing(client, "VPC", inputs["vpcId"], what)
        specifications = ec2.tag_specifications("route-table", provider.tags(inputs))
        answer = call(what, client.create_route_table, VpcId=inputs["vpcId"], **specifications)
        return Created(answer["RouteTable"]["RouteTableId"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live route table; its routes beside the local one, so that a foreign one shows."""
        client = provider.client("ec2", state.get("region"))
        table = ec2.one(client, "route table", resource_id)
        if table is None:
            return None
        owner = table["OwnerId"]
        return {
            "arn": f"arn:{provider.partition}:ec2:{client.meta.region_name}:{owner}:route-table/{resource_id}",
            "ownerId": owner,
            "routes": [_route(route) for route in table["Routes"] if route.get("GatewayId") != "local"],
            "tags": ec2.tags_of(table),
            "vpcId": table["VpcId"],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set the tags and remove foreign routes."""
        client = provider.client("ec2", new["region"])
        for route in old.get("routes") or []:
            call(
                f"deleting route {route['cidrBlock']} of {resource_id}",
                client.delete_route,
                RouteTableId=resource_id,
                DestinationCidrBlock=route["cidrBlock"],
            )
        ec2.retag(client, "route table", resource_id, provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the route table, unless it is associated."""
        client = provider.client("ec2", state["region"])
        table = ec2.one(client, "route table", resource_id)
        if table is None:
            return
        users = [association["RouteTableAssociationId"] for association in table["Associations"]]
        ec2.refuse_while_used(f"deleting route table {resource_id}", users)
        call(f"deleting route table {resource_id}", client.delete_route_table, RouteTableId=resource_id)


def _route(route: Properties) -> Properties:
    target = {"gatewayId": route.get("GatewayId"), "natGatewayId": route.get("NatGatewayId")}
    return {
        "cidrBlock": route.get("DestinationCidrBlock", ""),
        **{key: value for key, value in target.items() if value},
    }


class RouteTableAssociation(ResourceType):
    """``aws:ec2/routeTableAssociation:RouteTableAssociation`` of a subnet."""

    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"routeTableId", "subnetId"})
    replaces: ClassVar = {
        "subnetId": "EC2 API, ReplaceRouteTableAssociation: the subnet stays; Terraform registry, "
        "aws_route_table_association"
    }

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return whether the subnet is missing."""
        del provider
        if inputs.get("subnetId") is None:
            return [CheckFailure("subnetId", "missing; associations of gateways are not modelled")]
        return []

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Associate a subnet that has no association yet with a route table of its VPC."""
        client = provider.client("ec2", inputs["region"])
        subnet_id, table_id = inputs["subnetId"], inputs["routeTableId"]
        what = f"associating {subnet_id} with {table_id}"
        self._refuse_other_vpc(client, what, subnet_id, table_id)
        with provider.checking:
            found = _association(client, subnet_id)
            if found is not None:
                taken = f"{found[0]} ({found[1]['RouteTableAssociationId']})"
                raise ProviderError(f"{what}: Resource.AlreadyAssociated: it is associated with {taken}")
            answer = call(what, client.associate_route_table, RouteTableId=table_id, SubnetId=subnet_id)
        return Created(answer["AssociationId"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live association: that of the subnet, since an update gives it a new id."""
        client = provider.client("ec2", state.get("region"))
        subnet_id = state.get("subnetId") or _subnet_of(client, resource_id)
        found = _association(client, subnet_id) if subnet_id else None
        if found is None:
            return None
        return {"routeTableId": found[0], "subnetId": subnet_id}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Move the subnet to another route table."""
        client = provider.client("ec2", new["region"])
        what = f"associating {new['subnetId']} with {new['routeTableId']}"
        self._refuse_other_vpc(client, what, new["subnetId"], new["routeTableId"])
        found = _association(client, old["subnetId"])
        if found is None:
            raise ProviderError(f"{what}: InvalidAssociationID.NotFound: {resource_id} is gone; refresh the stack")
        association_id = found[1]["RouteTableAssociationId"]
        call(
            what,
            client.replace_route_table_association,
            AssociationId=association_id,
            RouteTableId=new["routeTableId"],
        )
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """End the association."""
        client = provider.client("ec2", state["region"])
        found = _association(client, state["subnetId"])
        if found is not None:
            association_id = found[1]["RouteTableAssociationId"]
            call(f"ending {resource_id}", client.disassociate_route_table, AssociationId=association_id)

    @staticmethod
    def _refuse_other_vpc(client: Any, what: str, subnet_id: str, table_id: str) -> None:
        subnet = ec2.existing(client, "subnet", subnet_id, what)
        table = ec2.existing(client, "route table", table_id, what)
        if subnet["VpcId"] != table["VpcId"]:
            raise ProviderError(f"{what}: they are in two VPCs, {subnet['VpcId']} and {table['VpcId']}")


def _association(client: Any, subnet_id: str) -> tuple[str, Properties] | None:
    """Return the route table and the association of a subnet."""
    for table in ec2.every(client, "route table"):
        for association in table["Associations"]:
            if association.get("SubnetId") == subnet_id:
                return table["RouteTableId"], association
    return None


def _subnet_of(client: Any, association_id: str) -> str | None:
    associations = [each for table in ec2.every(client, "route table") for each in table["Associations"]]
    return next((e.get("SubnetId") for e in associations if e["RouteTableAssociationId"] == association_id), None)
