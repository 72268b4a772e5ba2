"""Security groups; their rules are resources of their own (`local.providers.aws.vpc`)."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from local.providers.aws import ec2_calls as ec2
from local.providers.aws.calls import call
from local.providers.resource import Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType, finishing

# EC2 API, CreateSecurityGroup: characters of a VPC's group, at most 255 for name and description.
_TEXT: Final = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}\Z")


class SecurityGroup(ResourceType):
    """``aws:ec2/securityGroup:SecurityGroup``, made without any rule as pulumi-aws does: AWS's own is revoked."""

    token = "aws:ec2/securityGroup:SecurityGroup"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"description", "name", "revokeRulesOnDelete", "tags", "vpcId"})
    replaces: ClassVar = {
        "description": "EC2 API: no call changes it; Terraform registry, aws_security_group",
        "name": "EC2 API: no call changes it; Terraform registry, aws_security_group",
        "vpcId": "EC2 API: no call moves it; Terraform registry, aws_security_group",
    }
    autoname = Autoname("name", max_length=255)
    defaults: ClassVar = {"description": "Managed by Pulumi", "revokeRulesOnDelete": False}
    computed: ClassVar = frozenset({"vpcId"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the texts."""
        del provider
        failures = [
            CheckFailure(
                name, f"{inputs[name]!r} is not of 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{{}}!$*"
            )
            for name in ("name", "description")
            if isinstance(inputs.get(name), str) and not _TEXT.match(inputs[name])
        ]
        name = inputs.get("name")
        if isinstance(name, str) and name.startswith("sg-"):
            failures.append(CheckFailure("name", f"{name!r} starts with sg-, which EC2 keeps for ids"))
        return failures

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the group and revoke the rule that lets everything out."""
        client = provider.client("ec2", inputs["region"])
        what = f"creating security group {inputs['name']}"
        vpc_id = inputs.get("vpcId") or _default_vpc(client, what)
        ec2.existing(client, "VPC", vpc_id, what)
        answer = call(
            what,
            client.create_security_group,
            GroupName=inputs["name"],
            Description=inputs.get("description", self.defaults["description"]),
            VpcId=vpc_id,
            **ec2.tag_specifications("security-group", provider.tags(inputs)),
        )
        with finishing(answer["GroupId"]):
            revoke_all(client, answer["GroupId"])
        return Created(answer["GroupId"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live group without its rules, which are other resources'."""
        client = provider.client("ec2", state.get("region"))
        group = ec2.one(client, "security group", resource_id)
        return None if group is None else _outputs(provider, client, group)

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set the tags."""
        del old
        ec2.retag(provider.client("ec2", new["region"]), "security group", resource_id, provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the group, unless a rule of another group or a DB instance names it."""
        client = provider.client("ec2", state["region"])
        if ec2.one(client, "security group", resource_id) is None:
            return
        if state.get("revokeRulesOnDelete"):
            revoke_all(client, resource_id)
        users = [
            f"a rule of {rule['GroupId']}"
            for rule in ec2.every(client, "security group rule")
            if rule.get("ReferencedGroupInfo", {}).get("GroupId") == resource_id and rule["GroupId"] != resource_id
        ]
        users += ec2.database_instances(provider, state["region"], lambda each: resource_id in _group_ids(each))
        users += ec2.instances(client, lambda each: resource_id in _groups_of(each))
        ec2.refuse_while_used(f"deleting security group {resource_id}", users)
        call(f"deleting security group {resource_id}", client.delete_security_group, GroupId=resource_id)


class DefaultSecurityGroup(ResourceType):
    """``aws:ec2/defaultSecurityGroup:DefaultSecurityGroup``: adopts a VPC's own group and takes all rules from it.

    Rules of its own are not modelled. Deleting the resource leaves the group: it goes with its VPC.
    """

    token = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"tags", "vpcId"})
    replaces: ClassVar = {"vpcId": "Terraform registry, aws_default_security_group: another VPC has another group"}
    computed: ClassVar = frozenset({"vpcId"})

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Adopt the group, revoke its rules and tag it."""
        client = provider.client("ec2", inputs["region"])
        what = "adopting a default security group"
        vpc_id = inputs.get("vpcId") or _default_vpc(client, what)
        ec2.existing(client, "VPC", vpc_id, what)
        group = next(g for g in ec2.within(client, "security group", vpc_id) if g["GroupName"] == "default")
        revoke_all(client, group["GroupId"])
        ec2.retag(client, "security group", group["GroupId"], provider.tags(inputs))
        return Created(group["GroupId"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live group with its rules, so that one added by somebody shows."""
        client = provider.client("ec2", state.get("region"))
        group = ec2.one(client, "security group", resource_id)
        if group is None:
            return None
        rules = rules_of(client, resource_id)
        return {
            **_outputs(provider, client, group),
            "ingress": [_inline(rule) for rule in rules if not rule["IsEgress"]],
            "egress": [_inline(rule) for rule in rules if rule["IsEgress"]],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Revoke what was added and set the tags."""
        del old
        client = provider.client("ec2", new["region"])
        revoke_all(client, resource_id)
        ec2.retag(client, "security group", resource_id, provider.tags(new))
        return {"ingress": [], "egress": []}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Leave the group where it is, as AWS demands."""


def rules_of(client: Any, group_id: str) -> list[Properties]:
    """Return the rules of a group."""
    return [rule for rule in ec2.every(client, "security group rule") if rule["GroupId"] == group_id]


def revoke_all(client: Any, group_id: str) -> None:
    """Revoke every rule of a group."""
    for rule in rules_of(client, group_id):
        revoke = client.revoke_security_group_egress if rule["IsEgress"] else client.revoke_security_group_ingress
        rule_id = rule["SecurityGroupRuleId"]
        call(f"revoking {rule_id} of {group_id}", revoke, GroupId=group_id, SecurityGroupRuleIds=[rule_id])


def _default_vpc(client: Any, what: str) -> str:
    default = next((vpc["VpcId"] for vpc in ec2.every(client, "VPC") if vpc.get("IsDefault")), None)
    if default is None:
        raise ProviderError(f"{what}: VPCIdNotSpecified: no default VPC in {client.meta.region_name}; name vpcId")
    return str(default)


def _outputs(provider: Any, client: Any, group: Properties) -> Properties:
    owner, group_id = group["OwnerId"], group["GroupId"]
    return {
        "arn": f"arn:{provider.partition}:ec2:{client.meta.region_name}:{owner}:security-group/{group_id}",
        "description": group["Description"],
        "name": group["GroupName"],
        "ownerId": owner,
        "tags": ec2.tags_of(group),
        "vpcId": group["VpcId"],
    }


def _inline(rule: Properties) -> Properties:
    """Return a rule in the shape of a group's inline one."""
    source = {
        "cidrBlocks": rule.get("CidrIpv4"),
        "ipv6CidrBlocks": rule.get("CidrIpv6"),
        "prefixListIds": rule.get("PrefixListId"),
        "securityGroups": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
    }
    ports = {"fromPort": rule.get("FromPort", 0), "toPort": rule.get("ToPort", 0), "protocol": rule["IpProtocol"]}
    return {**ports, **{key: [value] for key, value in source.items() if value}}


def _groups_of(user: Properties) -> list[str]:
    """Return the groups of an instance or of a VPC endpoint."""
    return [group["GroupId"] for group in user.get("SecurityGroups") or user.get("Groups") or []]


def _group_ids(instance: Properties) -> list[str]:
    return [group["VpcSecurityGroupId"] for group in instance.get("VpcSecurityGroups", [])]
