"""Find in the emulator what an interrupted creation may have made, by the properties that may exist only once.

AWS and the stand-in provider refuse a second subnet of the same range, a second association of a subnet and a second
rule of the same content, so that an unrecorded first one would be in the way for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Inputs = dict[str, Any]
#: Types whose id is a name that stands in their inputs, with that input.
NAMED: Final = {
    "aws:ssm/parameter:Parameter": "name",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:rds/instance:Instance": "identifier",
    "aws:rds/parameterGroup:ParameterGroup": "name",
    "aws:rds/subnetGroup:SubnetGroup": "name",
    "aws:kms/alias:Alias": "name",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": "name",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": "name",
    "aws:cloudfront/function:Function": "name",
    "aws:cloudfront/keyValueStore:KeyValueStore": "name",
    "postgresql:index/role:Role": "name",
}


def resource_id(resource_type: str, inputs: Inputs, environment: Mapping[str, str]) -> str | None:
    """Return the id under which a resource may exist, or None when a second one would be in nobody's way.

    Args:
        resource_type: Pulumi type token.
        inputs: as the engine records them, all known.
        environment: the variables that lead boto3 to the emulator.
    """
    name = inputs.get(NAMED.get(resource_type, ""))
    if isinstance(name, str):
        return name
    search = _SEARCHES.get(resource_type)
    return None if search is None else search(_Clients(environment, inputs.get("region")), inputs)


class _Clients:
    def __init__(self, environment: Mapping[str, str], region: str | None) -> None:
        self._environment = environment
        self._region = region or environment["AWS_REGION"]

    def __call__(self, service: str) -> Any:
        import boto3  # noqa: PLC0415 - only a run that was killed needs it

        return boto3.client(
            service,
            region_name=self._region,
            endpoint_url=self._environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self._environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._environment["AWS_SECRET_ACCESS_KEY"],
        )


def _subnet(clients: _Clients, inputs: Inputs) -> str | None:
    found = clients("ec2").describe_subnets(Filters=_filters({"vpc-id": inputs["vpcId"]}))["Subnets"]
    return next((str(one["SubnetId"]) for one in found if one["CidrBlock"] == inputs.get("cidrBlock")), None)


def _route_table_association(clients: _Clients, inputs: Inputs) -> str | None:
    tables = clients("ec2").describe_route_tables()["RouteTables"]
    found = (one for table in tables for one in table["Associations"] if one.get("SubnetId") == inputs.get("subnetId"))
    return next((str(one["RouteTableAssociationId"]) for one in found), None)


def _rule(clients: _Clients, inputs: Inputs, *, is_egress: bool) -> str | None:
    group = _filters({"group-id": inputs["securityGroupId"]})
    rules = clients("ec2").describe_security_group_rules(Filters=group)["SecurityGroupRules"]
    wanted = (is_egress, *(_comparable(inputs.get(name)) for name in _RULE.values()))
    found = (one for one in rules if (one["IsEgress"], *_described(one)) == wanted)
    return next((str(one["SecurityGroupRuleId"]) for one in found), None)


#: Members of a described rule, with the inputs that hold the same.
_RULE: Final = {
    "IpProtocol": "ipProtocol",
    "FromPort": "fromPort",
    "ToPort": "toPort",
    "CidrIpv4": "cidrIpv4",
    "CidrIpv6": "cidrIpv6",
    "ReferencedGroupInfo": "referencedSecurityGroupId",
}


def _described(rule: Mapping[str, Any]) -> list[str | None]:
    group = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    return [_comparable(group if name == "ReferencedGroupInfo" else rule.get(name)) for name in _RULE]


def _comparable(value: object) -> str | None:
    # A rule for every port has none in the program and -1 in the answer; the engine keeps numbers as floats.
    if value in (None, -1, ""):
        return None
    return str(int(value)) if isinstance(value, int | float) else str(value)


def _log_delivery(clients: _Clients, inputs: Inputs) -> str | None:
    found = clients("logs").describe_deliveries()["deliveries"]
    wanted = (inputs.get("deliverySourceName"), inputs.get("deliveryDestinationArn"))
    return next(
        (str(one["id"]) for one in found if (one["deliverySourceName"], one["deliveryDestinationArn"]) == wanted), None
    )


def _secret(clients: _Clients, inputs: Inputs) -> str | None:
    client = clients("secretsmanager")
    try:
        found = client.describe_secret(SecretId=inputs["name"])
    except client.exceptions.ResourceNotFoundException:
        return None
    return None if found.get("DeletedDate") else str(found["ARN"])


def _filters(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [value]} for name, value in values.items()]


_SEARCHES: Final[Mapping[str, Callable[[_Clients, Inputs], str | None]]] = {
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _route_table_association,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": lambda clients, inputs: _rule(
        clients, inputs, is_egress=False
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": lambda clients, inputs: _rule(
        clients, inputs, is_egress=True
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": _log_delivery,
    "aws:secretsmanager/secret:Secret": _secret,
}
