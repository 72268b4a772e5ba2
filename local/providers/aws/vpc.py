"""Rules of security groups (tokens ``aws:vpc/...``)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Any, ClassVar, Final

from local.providers.aws import ec2_calls as ec2
from local.providers.aws.calls import call
from local.providers.resource import UNKNOWN, CheckFailure, Created, Properties, ProviderError, ResourceType

# The one other end of a rule: property to member of the API's rule. Prefix lists are not modelled: the emulator
# forgets them when a rule is made.
_ENDS: Final = {
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "referencedSecurityGroupId": "ReferencedGroupId",
}
_ALL_PROTOCOLS: Final = "-1"
# EC2 API, IpPermission: names, or a protocol number.
_NAMED_PROTOCOLS: Final = ("tcp", "udp", "icmp", "icmpv6", _ALL_PROTOCOLS)
_LARGEST_PROTOCOL: Final = 255
_LARGEST_PORT: Final = 65535
_PORT_PROTOCOLS: Final = ("tcp", "udp", "6", "17")


class _Rule(ResourceType):
    """What both directions share; the id is the rule's own."""

    modelled: ClassVar = frozenset(
        {*_ENDS, "description", "fromPort", "ipProtocol", "securityGroupId", "tags", "toPort"}
    )
    replaces: ClassVar = {
        "securityGroupId": "EC2 API: a rule stays in its group; Terraform registry, aws_vpc_security_group_*_rule"
    }
    is_egress: ClassVar[bool]

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of protocol, ports and the other end."""
        del provider
        return [*_protocol_failures(inputs), *_port_failures(inputs), *_end_failures(inputs)]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Add the rule to its group, unless the group has an equal one."""
        client = provider.client("ec2", inputs["region"])
        what = f"adding {_label(inputs)} to {inputs['securityGroupId']}"
        self._refuse_bad_references(client, what, inputs)
        authorize = (
            client.authorize_security_group_egress if self.is_egress else client.authorize_security_group_ingress
        )
        with provider.checking:
            self._refuse_duplicate(client, what, inputs, rule_id=None)
            answer = call(
                what,
                authorize,
                GroupId=inputs["securityGroupId"],
                IpPermissions=[_permission(inputs)],
                **ec2.tag_specifications("security-group-rule", provider.tags(inputs)),
            )
        return Created(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live rule."""
        client = provider.client("ec2", state.get("region"))
        rule = ec2.one(client, "security group rule", resource_id)
        if rule is None:
            return None
        has_ports = rule["IpProtocol"] != _ALL_PROTOCOLS
        return {
            "arn": rule["SecurityGroupRuleArn"],
            "securityGroupId": rule["GroupId"],
            "securityGroupRuleId": resource_id,
            "ipProtocol": rule["IpProtocol"],
            "fromPort": rule.get("FromPort") if has_ports else None,
            "toPort": rule.get("ToPort") if has_ports else None,
            "description": rule.get("Description") or None,
            "tags": ec2.tags_of(rule),
            **{name: _end(rule, name) for name in _ENDS},
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Write the whole rule and its tags."""
        del old
        client = provider.client("ec2", new["region"])
        what = f"changing {resource_id} of {new['securityGroupId']} to {_label(new)}"
        self._refuse_bad_references(client, what, new)
        client.meta.events.register(
            "before-call.ec2.ModifySecurityGroupRules", _name_group_twice, unique_id="referenced-group"
        )
        with provider.checking:
            self._refuse_duplicate(client, what, new, rule_id=resource_id)
            call(
                what,
                client.modify_security_group_rules,
                GroupId=new["securityGroupId"],
                SecurityGroupRules=[{"SecurityGroupRuleId": resource_id, "SecurityGroupRule": _rule(new)}],
            )
        ec2.retag(client, "security group rule", resource_id, provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Revoke the rule."""
        client = provider.client("ec2", state["region"])
        rule = ec2.one(client, "security group rule", resource_id)
        if rule is None:
            return
        revoke = client.revoke_security_group_egress if self.is_egress else client.revoke_security_group_ingress
        call(f"revoking {resource_id}", revoke, GroupId=rule["GroupId"], SecurityGroupRuleIds=[resource_id])

    @staticmethod
    def _refuse_bad_references(client: Any, what: str, inputs: Properties) -> None:
        ec2.existing(client, "security group", inputs["securityGroupId"], what)
        if inputs.get("referencedSecurityGroupId"):
            ec2.existing(client, "security group", inputs["referencedSecurityGroupId"], what)

    def _refuse_duplicate(self, client: Any, what: str, inputs: Properties, rule_id: str | None) -> None:
        """Refuse a rule that the group has already; the description does not tell two rules apart."""
        wanted = {**_rule(inputs), "Description": None}
        for rule in ec2.every(client, "security group rule"):
            same_group = rule["GroupId"] == inputs["securityGroupId"] and rule["IsEgress"] is self.is_egress
            if same_group and rule["SecurityGroupRuleId"] != rule_id and _comparable(rule) == wanted:
                raise ProviderError(
                    f"{what}: InvalidPermission.Duplicate: {rule['SecurityGroupRuleId']} is the same rule"
                )


class SecurityGroupIngressRule(_Rule):
    """``aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule``."""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"  # noqa: S105 - a type token, no secret
    is_egress = False


class SecurityGroupEgressRule(_Rule):
    """``aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule``."""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"  # noqa: S105 - a type token, no secret
    is_egress = True


def _label(inputs: Properties) -> str:
    ports = f" {inputs['fromPort']}-{inputs['toPort']}" if "fromPort" in inputs and "toPort" in inputs else ""
    end = next(inputs[name] for name in _ENDS if inputs.get(name) is not None)
    return f"rule {inputs['ipProtocol']}{ports} {end}"


def _ports(inputs: Properties) -> tuple[int, int]:
    """Return the ports as the API has them: -1 where the protocol has none."""
    return inputs.get("fromPort", -1), inputs.get("toPort", -1)


def _rule(inputs: Properties) -> Properties:
    """Return the API's SecurityGroupRuleRequest."""
    from_port, to_port = _ports(inputs)
    end = {member: inputs[name] for name, member in _ENDS.items() if inputs.get(name) is not None}
    rule = {"IpProtocol": inputs["ipProtocol"], "FromPort": from_port, "ToPort": to_port, **end}
    return {**rule, "Description": inputs.get("description", "")}


def _name_group_twice(params: Properties, **_: Any) -> None:
    """Send a changed group under the emulator's name for it too: it does not read the API's own."""
    body = params["body"]
    for name in [name for name in body if name.endswith(".ReferencedGroupId")]:
        body[name.replace(".ReferencedGroupId", ".ReferencedGroupInfo.GroupId")] = body[name]


def _comparable(rule: Properties) -> Properties:
    """Return a described rule in the shape of `_rule`, without its description."""
    end = {member: value for name, member in _ENDS.items() if (value := _end(rule, name)) is not None}
    ports = {"FromPort": rule.get("FromPort", -1), "ToPort": rule.get("ToPort", -1)}
    return {"IpProtocol": rule["IpProtocol"], **ports, **end, "Description": None}


def _end(rule: Properties, name: str) -> str | None:
    if name == "referencedSecurityGroupId":
        return (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    return rule.get(_ENDS[name])


def _permission(inputs: Properties) -> Properties:
    """Return the API's IpPermission with its one range, list or group."""
    described = {"Description": inputs["description"]} if inputs.get("description") else {}
    places = {
        "cidrIpv4": ("IpRanges", "CidrIp"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    name = next(name for name in _ENDS if inputs.get(name) is not None)
    listing, member = places[name]
    from_port, to_port = _ports(inputs)
    permission: Properties = {"IpProtocol": inputs["ipProtocol"], listing: [{member: inputs[name], **described}]}
    return {**permission, "FromPort": from_port, "ToPort": to_port}


def _protocol_failures(inputs: Properties) -> list[CheckFailure]:
    protocol = inputs.get("ipProtocol")
    if not isinstance(protocol, str) or protocol in _NAMED_PROTOCOLS:
        return []
    if protocol.isdecimal() and int(protocol) <= _LARGEST_PROTOCOL:
        return []
    allowed = f"{', '.join(_NAMED_PROTOCOLS)} and numbers up to {_LARGEST_PROTOCOL}"
    return [CheckFailure("ipProtocol", f"{protocol!r} is no protocol; allowed are {allowed}")]


def _port_failures(inputs: Properties) -> list[CheckFailure]:
    protocol, from_port, to_port = (inputs.get(name) for name in ("ipProtocol", "fromPort", "toPort"))
    if UNKNOWN in (protocol, from_port, to_port):
        return []
    if protocol == _ALL_PROTOCOLS:
        given = [name for name in ("fromPort", "toPort") if inputs.get(name) is not None]
        return [CheckFailure(name, "not with ipProtocol -1, which means every port") for name in given]
    if protocol not in _PORT_PROTOCOLS:
        return []
    missing = [name for name in ("fromPort", "toPort") if inputs.get(name) is None]
    if missing:
        return [CheckFailure(name, f"missing; {protocol} needs both ports") for name in missing]
    if not 0 <= int(str(from_port)) <= int(str(to_port)) <= _LARGEST_PORT:
        return [CheckFailure("fromPort", f"ports {from_port} to {to_port} are no range within 0 to {_LARGEST_PORT}")]
    return []


def _end_failures(inputs: Properties) -> list[CheckFailure]:
    given = [name for name in _ENDS if inputs.get(name) is not None]
    if len(given) != 1:
        names = ", ".join(_ENDS)
        return [CheckFailure(given[0] if given else "cidrIpv4", f"exactly one of {names} is needed, not {len(given)}")]
    text, network = inputs[given[0]], {"cidrIpv4": IPv4Network, "cidrIpv6": IPv6Network}.get(given[0])
    if network is None or not isinstance(text, str):
        return []
    try:
        network(text)
    except ValueError as error:
        return [CheckFailure(given[0], str(error))]
    return []


RESOURCES: Final = (SecurityGroupEgressRule, SecurityGroupIngressRule)
