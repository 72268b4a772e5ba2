"""The roles that workflows take: one for previews, and for each environment one that deploys and one that looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from strata.account import trust
from strata.account.calls import Call
from strata.account.part import ITSELF, Part, require_owned, text
from strata.account.rights import roles as rights
from strata.account.rights.grant import policy
from strata.account.settings import TAGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from strata.account.calls import Account
    from strata.account.rights.grant import Document
    from strata.account.settings import AccountSettings

_MISSING: Final = ("NoSuchEntity", "NoSuchEntityException")
#: Making or upgrading an instance in two zones takes longer than the hour that roles have by default.
_DEPLOY_SECONDS: Final = 4 * 3600
_LOOK_SECONDS: Final = 3600
#: A managed policy keeps five versions.
_MOST_VERSIONS: Final = 5


@dataclass(frozen=True)
class WantedRole:
    """A role as it should be.

    Args:
        name: of the role; its policies are named after it.
        description: what AWS shows beside it.
        session_seconds: the longest that credentials of it last.
        trust: who may take it.
        policies: its rights, by the name of the policy.
    """

    name: str
    description: str
    session_seconds: int
    trust: Document
    policies: Mapping[str, Document]


PREVIEW: Final = "strata-preview"
#: Of the GitHub environment that looks for drift, after the name of the one that is looked at.
DRIFT_SUFFIX: Final = "-drift"


def deploy_role(environment: str) -> str:
    """Return the name of the role that deploys an environment."""
    return f"strata-deploy-{environment}"


def drift_role(environment: str) -> str:
    """Return the name of the role that looks for drift in an environment."""
    return f"strata-drift-{environment}"


def wanted_roles(settings: AccountSettings, key_arn: str) -> Iterator[WantedRole]:
    """Yield the roles of an account.

    A plan is shown before an approval, so pushes to the deployed branch preview too. Drift is looked for at night, when
    nobody is there to approve anything, so it has a GitHub environment of its own.
    """
    on_branch = trust.of_branch(settings.branch)
    preview_names = settings.names(key_arn)
    yield _role(
        PREVIEW,
        f"Previews of {settings.repository}: reads the state of stacks, and nothing that is deployed",
        _LOOK_SECONDS,
        trust.trust_policy(settings, trust.PULL_REQUEST, on_branch),
        rights.preview_policies(preview_names),
    )
    for environment in settings.environments:
        names = settings.names(key_arn, environment)
        yield _role(
            deploy_role(environment.name),
            f"Deployments of {environment.name} by {settings.repository}",
            _DEPLOY_SECONDS,
            trust.trust_policy(settings, trust.of_environment(environment.name)),
            rights.deploy_policies(names),
        )
        yield _role(
            drift_role(environment.name),
            f"Looks for drift in {environment.name} for {settings.repository}: reads, and changes nothing",
            _LOOK_SECONDS,
            trust.trust_policy(settings, trust.of_environment(f"{environment.name}{DRIFT_SUFFIX}")),
            rights.drift_policies(names),
        )


def _role(name: str, description: str, seconds: int, trusted: Document, policies: rights.Policies) -> WantedRole:
    documents = {f"{name}-{area}": policy(found) for area, found in policies.items()}
    return WantedRole(name, description, seconds, trusted, documents)


def parts(account: Account, settings: AccountSettings, key_arn: str) -> Iterator[Part]:
    """Yield the parts of every role: its trust, each policy, and that it has no other."""
    for role in wanted_roles(settings, key_arn):
        yield from _Role(account, settings, role).parts()


class _Role:
    """A role and its policies as they are."""

    def __init__(self, account: Account, settings: AccountSettings, wanted: WantedRole) -> None:
        self._account = account
        self._settings = settings
        self._wanted = wanted
        self._thing = f"role {wanted.name}"

    def parts(self) -> Iterator[Part]:
        wanted = self._wanted
        by_name = {"RoleName": wanted.name}
        described = {"Description": wanted.description, "MaxSessionDuration": wanted.session_seconds}
        yield Part(self._thing, ITSELF, wanted=True, read=self._exists, settle=lambda _: [self._create(described)])
        yield Part(
            self._thing,
            "trust",
            wanted.trust,
            lambda: self._read("AssumeRolePolicyDocument"),
            lambda _: [_iam("UpdateAssumeRolePolicy", **by_name, PolicyDocument=text(wanted.trust))],
            comes_with_thing=True,
        )
        yield Part(
            self._thing,
            "description and session",
            described,
            lambda: {key: self._read(key) for key in described} if self._get() else None,
            lambda _: [_iam("UpdateRole", **by_name, **described)],
            comes_with_thing=True,
        )
        for name, document in wanted.policies.items():
            yield self._policy(name, document)
        yield Part(self._thing, "policies", [*wanted.policies], self._attached, self._settle_attached)
        yield Part(self._thing, "inline policies", [], self._inline, self._settle_inline)

    def _get(self) -> dict[str, Any] | None:
        answer = self._account.ask("iam", "GetRole", _MISSING, RoleName=self._wanted.name)
        return answer["Role"] if answer else None

    def _read(self, key: str) -> Any:
        return (self._get() or {}).get(key)

    def _exists(self) -> bool | None:
        role = self._get()
        if role is None:
            return None
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        require_owned(self._thing, tags, f"aws iam tag-role --role-name {self._wanted.name} --tags ...")
        return True

    def _create(self, described: Mapping[str, Any]) -> Call:
        trusted = text(self._wanted.trust)
        return _iam(
            "CreateRole", RoleName=self._wanted.name, AssumeRolePolicyDocument=trusted, Tags=_tags(), **described
        )

    # -- policies ------------------------------------------------------------------------------------------------

    def _policy(self, name: str, document: Document) -> Part:
        arn = self._settings.policy_arn(name)

        def read() -> Document | None:
            answer = self._account.ask("iam", "GetPolicy", _MISSING, PolicyArn=arn)
            if answer is None:
                return None
            found = answer["Policy"]
            tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
            require_owned(f"policy {name}", tags, f"aws iam tag-policy --policy-arn {arn} --tags ...")
            version = self._account.answer(
                "iam", "GetPolicyVersion", PolicyArn=arn, VersionId=found["DefaultVersionId"]
            )
            return dict(version["PolicyVersion"]["Document"])

        def settle(found: Document | None) -> list[Call]:
            if found is None:
                return [_iam("CreatePolicy", PolicyName=name, PolicyDocument=text(document), Tags=_tags())]
            new = _iam("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=text(document), SetAsDefault=True)
            return [*self._make_room(arn), new]

        return Part(f"policy {name}", ITSELF, document, read, settle)

    def _make_room(self, arn: str) -> list[Call]:
        """Return the call that deletes the oldest version, when there is no room for one more."""
        versions = self._account.pages("iam", "ListPolicyVersions", "Versions", PolicyArn=arn)
        if len(versions) < _MOST_VERSIONS:
            return []
        oldest = min((one for one in versions if not one["IsDefaultVersion"]), key=lambda one: one["CreateDate"])
        return [_iam("DeletePolicyVersion", PolicyArn=arn, VersionId=oldest["VersionId"])]

    def _attached(self) -> list[str] | None:
        """Return the names of our policies that are attached, and the ARNs of others."""
        if self._get() is None:
            return None
        found = self._account.pages("iam", "ListAttachedRolePolicies", "AttachedPolicies", RoleName=self._wanted.name)
        ours = {self._settings.policy_arn(name): name for name in self._wanted.policies}
        return [ours.get(one["PolicyArn"], one["PolicyArn"]) for one in found] or None

    def _settle_attached(self, found: list[str] | None) -> list[Call]:
        attached, wanted = set(found or ()), self._wanted.policies
        by_role = {"RoleName": self._wanted.name}
        # What is too much goes first.
        return [
            *(_iam("DetachRolePolicy", **by_role, PolicyArn=arn) for arn in sorted(attached - wanted.keys())),
            *(
                _iam("AttachRolePolicy", **by_role, PolicyArn=self._settings.policy_arn(name))
                for name in wanted
                if name not in attached
            ),
        ]

    def _inline(self) -> list[str]:
        if self._get() is None:
            return []
        return self._account.pages("iam", "ListRolePolicies", "PolicyNames", RoleName=self._wanted.name)

    def _settle_inline(self, found: list[str]) -> list[Call]:
        return [_iam("DeleteRolePolicy", RoleName=self._wanted.name, PolicyName=name) for name in found]


def _iam(operation: str, **parameters: Any) -> Call:
    return Call("iam", operation, parameters)


def _tags() -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in TAGS.items()]
