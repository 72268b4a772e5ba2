"""IAM: roles, what is attached to them, and instance profiles. The emulator evaluates no policy."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from local.providers.aws import policy_documents
from local.providers.aws.calls import call, find
from local.providers.aws.shapes import known
from local.providers.aws.tags import as_list, as_map, changes
from local.providers.resource import Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType, finishing

# IAM API reference, CreateRole and CreateInstanceProfile.
_ROLE_NAME: Final = re.compile(r"[\w+=,.@-]{1,64}")
_PROFILE_NAME: Final = re.compile(r"[\w+=,.@-]{1,128}")
_POLICY_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy/.+")
_FORCES: Final = "Terraform registry, {}: {} forces a new resource"


class Role(ResourceType):
    """``aws:iam/role:Role``; its id is its name."""

    token = "aws:iam/role:Role"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"assumeRolePolicy", "description", "name", "tags"})
    replaces: ClassVar = {"name": _FORCES.format("aws_iam_role", "name")}
    autoname = Autoname("name", max_length=64)

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the name and of the trust policy."""
        del provider
        found = _name_failures(inputs, _ROLE_NAME)
        policy = inputs.get("assumeRolePolicy")
        if policy is not None and known(policy):
            found += [CheckFailure("assumeRolePolicy", reason) for reason in _trust_failures(policy)]
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the role."""
        call(
            f"creating role {inputs['name']}",
            provider.client("iam").create_role,
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=policy_documents.text(inputs["assumeRolePolicy"]),
            Description=inputs.get("description", ""),
            Tags=as_list(provider.tags(inputs)),
        )
        return Created(inputs["name"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live role; a trust policy in other words than the program's is the program's."""
        client = provider.client("iam")
        answer = find(f"reading role {resource_id}", client.get_role, RoleName=resource_id)
        if answer is None:
            return None
        live, said = answer["Role"], state.get("assumeRolePolicy")
        policy = live["AssumeRolePolicyDocument"]
        return {
            "arn": live["Arn"],
            "assumeRolePolicy": said if policy_documents.same(policy, said) else policy_documents.text(policy),
            "description": live.get("Description") or None,
            "name": live["RoleName"],
            "tags": _tags(client.list_role_tags, RoleName=resource_id),
            "uniqueId": live["RoleId"],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set trust policy, description and tags."""
        client = provider.client("iam")
        if old.get("description") and not new.get("description"):
            # The emulator drops an empty text from the request.
            raise ProviderError(f"role {resource_id}: a description without text is not modelled by the local provider")
        call(
            f"updating role {resource_id}",
            client.update_assume_role_policy,
            RoleName=resource_id,
            PolicyDocument=policy_documents.text(new["assumeRolePolicy"]),
        )
        if new.get("description"):
            what = {"RoleName": resource_id, "Description": new["description"]}
            call(f"updating role {resource_id}", client.update_role, **what)
        added, removed = changes(_tags(client.list_role_tags, RoleName=resource_id), provider.tags(new))
        if added:
            call(f"tagging role {resource_id}", client.tag_role, RoleName=resource_id, Tags=as_list(added))
        if removed:
            call(f"untagging role {resource_id}", client.untag_role, RoleName=resource_id, TagKeys=removed)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the role, from which everything has been detached."""
        del state
        find(f"deleting role {resource_id}", provider.client("iam").delete_role, RoleName=resource_id)


class RolePolicyAttachment(ResourceType):
    """``aws:iam/rolePolicyAttachment:RolePolicyAttachment``."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"policyArn", "role"})
    replaces: ClassVar = {
        name: _FORCES.format("aws_iam_role_policy_attachment", name) for name in ("policyArn", "role")
    }

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return an ARN that names no policy."""
        del provider
        arn = inputs.get("policyArn")
        if isinstance(arn, str) and not _POLICY_ARN.fullmatch(arn):
            return [CheckFailure("policyArn", f"{arn!r} is not the ARN of a policy")]
        return []

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Attach a policy that exists."""
        role, arn = inputs["role"], inputs["policyArn"]
        client = provider.client("iam")
        if ":iam::aws:" not in arn:
            # The emulator would attach a policy that is not there; of AWS's own it knows a few.
            call(f"attaching {arn} to {role}", client.get_policy, PolicyArn=arn)
        call(f"attaching {arn} to {role}", client.attach_role_policy, RoleName=role, PolicyArn=arn)
        return Created(f"{role}/{arn}")

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the attachment while it holds."""
        del state
        role, _, arn = resource_id.partition("/")
        listing = find(
            f"reading role {role}", provider.client("iam").list_attached_role_policies, RoleName=role, MaxItems=1000
        )
        attached = [one["PolicyArn"] for one in (listing or {}).get("AttachedPolicies", [])]
        return {"policyArn": arn, "role": role} if arn in attached else None

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Detach the policy."""
        del state
        role, _, arn = resource_id.partition("/")
        client = provider.client("iam")
        find(f"detaching {arn} from {role}", client.detach_role_policy, RoleName=role, PolicyArn=arn)


class InstanceProfile(ResourceType):
    """``aws:iam/instanceProfile:InstanceProfile``; its id is its name."""

    token = "aws:iam/instanceProfile:InstanceProfile"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"name", "role", "tags"})
    replaces: ClassVar = {"name": _FORCES.format("aws_iam_instance_profile", "name")}
    autoname = Autoname("name", max_length=128)

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the name."""
        del provider
        return _name_failures(inputs, _PROFILE_NAME)

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the profile and put its role in."""
        client, name = provider.client("iam"), inputs["name"]
        tags = as_list(provider.tags(inputs))
        call(f"creating profile {name}", client.create_instance_profile, InstanceProfileName=name, Tags=tags)
        with finishing(name):
            self._put_role(client, name, None, inputs.get("role"))
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live profile."""
        del state
        client = provider.client("iam")
        answer = find(f"reading profile {resource_id}", client.get_instance_profile, InstanceProfileName=resource_id)
        if answer is None:
            return None
        live = answer["InstanceProfile"]
        return {
            "arn": live["Arn"],
            "name": live["InstanceProfileName"],
            "role": next((role["RoleName"] for role in live["Roles"]), None),
            "tags": _tags(client.list_instance_profile_tags, InstanceProfileName=resource_id),
            "uniqueId": live["InstanceProfileId"],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put another role in, and set the tags."""
        client = provider.client("iam")
        self._put_role(client, resource_id, old.get("role"), new.get("role"))
        profile = {"InstanceProfileName": resource_id}
        added, removed = changes(_tags(client.list_instance_profile_tags, **profile), provider.tags(new))
        if added:
            call(f"tagging profile {resource_id}", client.tag_instance_profile, **profile, Tags=as_list(added))
        if removed:
            call(f"untagging profile {resource_id}", client.untag_instance_profile, **profile, TagKeys=removed)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Take the role out and delete the profile."""
        live = self.read(provider, resource_id, state)
        if live is not None:
            client = provider.client("iam")
            self._put_role(client, resource_id, live["role"], None)
            call(f"deleting profile {resource_id}", client.delete_instance_profile, InstanceProfileName=resource_id)

    @staticmethod
    def _put_role(client: Any, name: str, old: str | None, new: str | None) -> None:
        """Bring the one role of a profile in line."""
        what = f"setting the role of profile {name}"
        if old and old != new:
            call(what, client.remove_role_from_instance_profile, InstanceProfileName=name, RoleName=old)
        if new and old != new:
            call(what, client.add_role_to_instance_profile, InstanceProfileName=name, RoleName=new)


def _name_failures(inputs: Properties, pattern: re.Pattern[str]) -> list[CheckFailure]:
    name = inputs.get("name")
    if isinstance(name, str) and not pattern.fullmatch(name):
        return [CheckFailure("name", f"{name!r} is not of letters, digits and _+=,.@-, or too long")]
    return []


def _trust_failures(policy: Any) -> list[str]:
    """Return what is malformed in a trust policy, which names no resource: the role itself is it."""
    document = policy_documents.parse(policy)
    if document is None:
        return ["MalformedPolicyDocument: is not a JSON object"]
    named = [one for one in policy_documents.statements(document) if "Resource" in one or "NotResource" in one]
    if named:
        return ["MalformedPolicyDocument: Has prohibited field Resource"]
    with_role = [{**one, "Resource": "*"} for one in policy_documents.statements(document)]
    return list(policy_documents.failures({**document, "Statement": with_role}, "sts", ("*",)))


def _tags(method: Any, **which: str) -> dict[str, str]:
    return as_map(call("reading tags", method, **which)["Tags"])


RESOURCES: Final = (InstanceProfile, Role, RolePolicyAttachment)
