"""IAM: a policy that is a part of one role."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from local.providers.aws import policy_documents
from local.providers.aws.calls import call, find
from local.providers.aws.shapes import known
from local.providers.resource import Autoname, CheckFailure, Created, Properties, ResourceType

# IAM API reference, PutRolePolicy.
_NAME: Final = re.compile(r"[\w+=,.@-]{1,128}")
_FORCES: Final = "Terraform registry, aws_iam_role_policy: {} forces a new resource"


class RolePolicy(ResourceType):
    """``aws:iam/rolePolicy:RolePolicy``; its id is the role's name and its own."""

    token = "aws:iam/rolePolicy:RolePolicy"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset({"name", "policy.*", "role"})
    replaces: ClassVar = {name: _FORCES.format(name) for name in ("name", "role")}
    autoname = Autoname("name", max_length=128)

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the name and of the document, which names no principal."""
        del provider
        found = []
        name, policy = inputs.get("name"), inputs.get("policy")
        if isinstance(name, str) and not _NAME.fullmatch(name):
            found.append(CheckFailure("name", f"{name!r} is not 1 to 128 letters, digits and +=,.@-_"))
        if policy is not None and known(policy):
            found += [CheckFailure("policy", reason) for reason in _failures(policy)]
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Put the policy on a role that must exist."""
        self._put(provider, inputs)
        return Created(f"{inputs['role']}:{inputs['name']}")

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live policy, in the program's words when it says the same."""
        role, _, name = resource_id.partition(":")
        client, what = provider.client("iam"), f"reading policy {name} of role {role}"
        answer = find(what, client.get_role_policy, RoleName=role, PolicyName=name)
        if answer is None:
            return None
        live, said = answer["PolicyDocument"], state.get("policy")
        policy = said if policy_documents.same(live, said) else policy_documents.text(live)
        return {"name": name, "policy": policy, "role": role}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put the policy again; a put replaces the whole of it."""
        del resource_id, old
        self._put(provider, new)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the policy; a role that is gone took it along."""
        del state
        role, _, name = resource_id.partition(":")
        client, what = provider.client("iam"), f"deleting policy {name} of role {role}"
        find(what, client.delete_role_policy, RoleName=role, PolicyName=name)

    @staticmethod
    def _put(provider: Any, inputs: Properties) -> None:
        role, name = inputs["role"], inputs["name"]
        call(
            f"putting policy {name} of role {role}",
            provider.client("iam").put_role_policy,
            RoleName=role,
            PolicyName=name,
            PolicyDocument=policy_documents.text(inputs["policy"]),
        )


def _failures(policy: Any) -> list[str]:
    """Return what is malformed in a policy of a role, which names no principal: the role is it.

    All its actions are of one service here: the one of its first action.
    """
    document = policy_documents.parse(policy)
    if document is None:
        return ["MalformedPolicyDocument: is not a JSON object"]
    statements = policy_documents.statements(document)
    if any("Principal" in one or "NotPrincipal" in one for one in statements):
        return ["MalformedPolicyDocument: Policy document should not specify a principal"]
    actions = [action for one in statements for action in policy_documents.listed(one.get("Action"))]
    service = str(actions[0]).partition(":")[0] if actions else ""
    anybody = [{**one, "Principal": "*"} for one in statements]
    return list(policy_documents.failures({**document, "Statement": anybody}, service, ("*",)))
