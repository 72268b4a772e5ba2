"""VPC endpoints of the kind Interface: an address in a subnet that leads to a service of AWS."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from local.providers.aws import ec2_calls as ec2
from local.providers.aws.calls import call
from local.providers.resource import CheckFailure, Created, Properties, ProviderError, ResourceType

_KIND: Final = "Interface"
_FORCES: Final = "Terraform registry, aws_vpc_endpoint: {} forces a new resource"


class VpcEndpoint(ResourceType):
    """``aws:ec2/vpcEndpoint:VpcEndpoint``.

    The emulator keeps neither groups nor private DNS, so a refresh cannot see them drift, and a change is refused.
    """

    token = "aws:ec2/vpcEndpoint:VpcEndpoint"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset(
        {
            *("privateDnsEnabled", "securityGroupIds", "serviceName", "subnetIds", "tags", "vpcEndpointType"),
            "vpcId",
        }
    )
    replaces: ClassVar = {name: _FORCES.format(name) for name in ("serviceName", "vpcEndpointType", "vpcId")}
    # Terraform registry, aws_vpc_endpoint.
    defaults: ClassVar = {"privateDnsEnabled": False, "vpcEndpointType": "Gateway"}
    unordered: ClassVar = frozenset({"securityGroupIds", "subnetIds"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return kinds that are not modelled, and a service of another region."""
        del provider
        kind = inputs.get("vpcEndpointType", self.defaults["vpcEndpointType"])
        if isinstance(kind, str) and kind != _KIND:
            return [CheckFailure("vpcEndpointType", f"{kind} is not modelled by the local provider; {_KIND} is")]
        name, region = inputs.get("serviceName"), inputs.get("region")
        if isinstance(name, str) and isinstance(region, str) and not name.startswith(f"com.amazonaws.{region}."):
            return [CheckFailure("serviceName", f"{name!r} is not com.amazonaws.{region}.<service>")]
        return []

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Make an endpoint in subnets of the VPC, for a service that has one."""
        client = provider.client("ec2", inputs["region"])
        what = f"creating VPC endpoint {inputs['serviceName']}"
        for subnet_id in inputs.get("subnetIds", []):
            if ec2.existing(client, "subnet", subnet_id, what)["VpcId"] != inputs["vpcId"]:
                raise ProviderError(f"{what}: InvalidParameter: {subnet_id} is not of {inputs['vpcId']}")
        for group_id in inputs.get("securityGroupIds", []):
            ec2.existing(client, "security group", group_id, what)
        if inputs.get("privateDnsEnabled"):
            self._require_names(client, what, inputs)
        answer = call(
            what,
            client.create_vpc_endpoint,
            VpcEndpointType=_KIND,
            VpcId=inputs["vpcId"],
            ServiceName=inputs["serviceName"],
            SubnetIds=inputs.get("subnetIds", []),
            SecurityGroupIds=inputs.get("securityGroupIds", []),
            PrivateDnsEnabled=inputs.get("privateDnsEnabled", False),
            **ec2.tag_specifications("vpc-endpoint", provider.tags(inputs)),
        )
        return Created(answer["VpcEndpoint"]["VpcEndpointId"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live endpoint."""
        client = provider.client("ec2", state.get("region"))
        live = ec2.one(client, "VPC endpoint", resource_id)
        if live is None:
            return None
        account, region = provider.account_id, client.meta.region_name
        return {
            "arn": f"arn:{provider.partition}:ec2:{region}:{account}:vpc-endpoint/{resource_id}",
            "ownerId": account,
            "serviceName": live["ServiceName"],
            "state": live["State"],
            "subnetIds": live.get("SubnetIds", []),
            "tags": ec2.tags_of(live),
            "vpcEndpointType": live["VpcEndpointType"],
            "vpcId": live["VpcId"],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set the tags."""
        for name in ("privateDnsEnabled", "securityGroupIds", "subnetIds"):
            if old.get(name) != new.get(name):
                raise ProviderError(f"endpoint {resource_id}: a change of {name} is not modelled by the local provider")
        ec2.retag(provider.client("ec2", new["region"]), "VPC endpoint", resource_id, provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the endpoint."""
        client = provider.client("ec2", state["region"])
        if ec2.one(client, "VPC endpoint", resource_id) is not None:
            call(f"deleting endpoint {resource_id}", client.delete_vpc_endpoints, VpcEndpointIds=[resource_id])

    @staticmethod
    def _require_names(client: Any, what: str, inputs: Properties) -> None:
        """Refuse what EC2 refuses: private names need both DNS attributes, and only one endpoint of a VPC has them."""
        for attribute in ("enableDnsSupport", "enableDnsHostnames"):
            answer = call(what, client.describe_vpc_attribute, VpcId=inputs["vpcId"], Attribute=attribute)
            if not answer[attribute[0].upper() + attribute[1:]]["Value"]:
                raise ProviderError(f"{what}: InvalidParameter: privateDnsEnabled needs {attribute} of the VPC")
        for other in ec2.within(client, "VPC endpoint", inputs["vpcId"]):
            if other["ServiceName"] == inputs["serviceName"]:
                conflict = f"{other['VpcEndpointId']} has the private names of {inputs['serviceName']}"
                raise ProviderError(f"{what}: InvalidParameter: conflicting DNS domain: {conflict}")
