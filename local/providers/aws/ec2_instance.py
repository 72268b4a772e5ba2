"""Instances: recorded by the emulator, and never started."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from local.providers.aws import ec2_calls as ec2
from local.providers.aws.calls import call
from local.providers.aws.shapes import paths
from local.providers.resource import CheckFailure, Created, Properties, ProviderError, ResourceType

_IMAGE: Final = re.compile(r"ami-[0-9a-f]{8}([0-9a-f]{9})?")
_TYPE: Final = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_CHOICES: Final = {
    ("metadataOptions", "httpTokens"): ("optional", "required"),
    ("metadataOptions", "httpEndpoint"): ("disabled", "enabled"),
    ("rootBlockDevice", "volumeType"): ("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"),
}
_HOPS: Final = range(1, 65)
_FORCES: Final = "Terraform registry, aws_instance: {} forces a new resource"


class Instance(ResourceType):
    """``aws:ec2/instance:Instance``.

    The emulator keeps no metadata options and no encryption of volumes, so a refresh cannot see them drift, and it has
    no call that changes an instance: a change of anything but tags is refused.
    """

    token = "aws:ec2/instance:Instance"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = paths(
        {
            "": "ami associatePublicIpAddress ebsOptimized iamInstanceProfile instanceType subnetId tags "
            "vpcSecurityGroupIds",
            "metadataOptions": "httpEndpoint httpPutResponseHopLimit httpTokens",
            "rootBlockDevice": "deleteOnTermination encrypted volumeSize volumeType",
        }
    )
    replaces: ClassVar = {
        name: _FORCES.format(name)
        for name in ("ami", "associatePublicIpAddress", "rootBlockDevice.encrypted", "subnetId")
    }
    computed: ClassVar = frozenset({"associatePublicIpAddress", "metadataOptions", "rootBlockDevice"})
    unordered: ClassVar = frozenset({"vpcSecurityGroupIds"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of image, type and enumerations, and what a launch needs here."""
        del provider
        found = [
            CheckFailure(name, f"missing; {why}")
            for name, why in (
                ("ami", "launch templates are not modelled"),
                ("instanceType", "launch templates are not modelled"),
                ("subnetId", "the default VPC is not modelled"),
                ("vpcSecurityGroupIds", "the default group is not modelled"),
            )
            if inputs.get(name) is None
        ]
        for name, pattern, example in (("ami", _IMAGE, "ami-0a1b2c3d"), ("instanceType", _TYPE, "t4g.nano")):
            if isinstance(inputs.get(name), str) and not pattern.fullmatch(inputs[name]):
                found.append(CheckFailure(name, f"{inputs[name]!r} is not of the form {example}"))
        for (parent, name), allowed in _CHOICES.items():
            value = _nested(inputs, parent).get(name)
            if isinstance(value, str) and value not in allowed:
                found.append(CheckFailure(f"{parent}.{name}", f"allowed are {', '.join(allowed)}, not {value!r}"))
        hops = _nested(inputs, "metadataOptions").get("httpPutResponseHopLimit")
        if isinstance(hops, int | float) and int(hops) not in _HOPS:
            found.append(CheckFailure("metadataOptions.httpPutResponseHopLimit", f"is {hops}; EC2 takes 1 to 64"))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Record an instance in a subnet, with groups of its VPC and a profile that exists."""
        client = provider.client("ec2", inputs["region"])
        what = f"launching {inputs['instanceType']}"
        subnet = ec2.existing(client, "subnet", inputs["subnetId"], what)
        for group_id in inputs["vpcSecurityGroupIds"]:
            group = ec2.existing(client, "security group", group_id, what)
            if group["VpcId"] != subnet["VpcId"]:
                raise ProviderError(f"{what}: InvalidParameter: {group_id} is not of {subnet['VpcId']}")
        profile = {}
        if inputs.get("iamInstanceProfile"):
            name = inputs["iamInstanceProfile"]
            call(what, provider.client("iam").get_instance_profile, InstanceProfileName=name)
            profile = {"IamInstanceProfile": {"Name": name}}
        answer = call(
            what,
            client.run_instances,
            ImageId=inputs["ami"],
            InstanceType=inputs["instanceType"],
            MinCount=1,
            MaxCount=1,
            SubnetId=inputs["subnetId"],
            SecurityGroupIds=inputs["vpcSecurityGroupIds"],
            **profile,
            **ec2.tag_specifications("instance", provider.tags(inputs)),
        )
        return Created(answer["Instances"][0]["InstanceId"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live instance; without an address of its own it has no public one."""
        client = provider.client("ec2", state.get("region"))
        live = ec2.one(client, "instance", resource_id)
        if live is None:
            return None
        public = bool(state.get("associatePublicIpAddress"))
        profile = live.get("IamInstanceProfile", {}).get("Arn", "").rpartition("/")[2]
        account, region = provider.account_id, client.meta.region_name
        return {
            "ami": live["ImageId"],
            "arn": f"arn:{provider.partition}:ec2:{region}:{account}:instance/{resource_id}",
            "iamInstanceProfile": profile or None,
            "instanceState": live["State"]["Name"],
            "instanceType": live["InstanceType"],
            "privateIp": live["PrivateIpAddress"],
            "publicIp": live["PublicIpAddress"] if public else "",
            "subnetId": live["SubnetId"],
            "tags": ec2.tags_of(live),
            "vpcSecurityGroupIds": [group["GroupId"] for group in live["SecurityGroups"]],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set the tags."""
        for name in sorted(path for path in self.modelled if "." not in path and path != "tags"):
            if name in new and old.get(name) != new[name]:
                raise ProviderError(f"instance {resource_id}: a change of {name} is not modelled by the local provider")
        ec2.retag(provider.client("ec2", new["region"]), "instance", resource_id, provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Terminate the instance."""
        client = provider.client("ec2", state["region"])
        if ec2.one(client, "instance", resource_id) is not None:
            call(f"terminating {resource_id}", client.terminate_instances, InstanceIds=[resource_id])


def _nested(inputs: Properties, name: str) -> Properties:
    value = inputs.get(name)
    return value if isinstance(value, dict) else {}
