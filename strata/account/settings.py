"""What an account is set up for, and the names that follow from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The Pulumi project's name, a part of every path in the state bucket (`Pulumi.yaml`).
PROJECT: Final = "strata"
KEY_ALIAS: Final = "alias/strata-state"
PROVIDER_HOST: Final = "token.actions.githubusercontent.com"
AUDIENCE: Final = "sts.amazonaws.com"
#: On everything that the bootstrap makes: what lacks them was made by somebody else.
TAGS: Final = {"Project": "strata", "ManagedBy": "strata-account-bootstrap"}
#: An organisation's or user's name and a repository's, each with its number where GitHub puts it into the subject.
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9-]{1,39}(@\d+)?/[A-Za-z0-9._-]{1,100}(@\d+)?")
#: A part of role and policy names, of which IAM allows 64 and 128 characters.
_ENVIRONMENT: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_BRANCH: Final = re.compile(r"[A-Za-z0-9._/-]{1,200}")


class AccountSettingsError(StrataError):
    """What the account should be set up for cannot be."""


@dataclass(frozen=True)
class EnvironmentSettings:
    """An environment of the account.

    Args:
        name: of the environment, which is the stack's and GitHub's.
        region: of the stack.
        hosted_zone_id: the zone that the stack makes records in; None where it makes none.
    """

    name: str
    region: str
    hosted_zone_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse a name that would be another one in a role's."""
        _require(_ENVIRONMENT, self.name, "an environment's name", "lower-case letters, digits and hyphens, at most 40")


@dataclass(frozen=True)
class AccountSettings:
    """What the account should have.

    Args:
        account_id: the account, 12 digits.
        partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
        region: where the state bucket and its key are.
        repository: ``OWNER/NAME`` as GitHub's OIDC tokens spell it in their subject: with ``@<number>`` after each name
            for repositories made after 18 June 2026 (GitHub Docs, "Immutable subject claims").
        branch: whose pushes are deployed.
        environments: those that this account holds.
    """

    account_id: str
    partition: str
    region: str
    repository: str
    branch: str
    environments: tuple[EnvironmentSettings, ...]

    def __post_init__(self) -> None:
        """Refuse what could widen a trust, such as a wildcard in the repository's name."""
        _require(_REPOSITORY, self.repository, "a repository", "OWNER/NAME or OWNER@NUMBER/NAME@NUMBER")
        _require(_BRANCH, self.branch, "a branch", "letters, digits and . _ / -")
        if repeated := _repeated(one.name for one in self.environments):
            raise AccountSettingsError(f"the environment {repeated} is named twice", allowed="each once")

    @property
    def bucket(self) -> str:
        """The state bucket's name: one per account and region, and nobody else's."""
        return f"strata-state-{self.account_id}-{self.region}"

    @property
    def provider_arn(self) -> str:
        """The OIDC provider's ARN, of which an account can have one."""
        return f"arn:{self.partition}:iam::{self.account_id}:oidc-provider/{PROVIDER_HOST}"

    @property
    def backend_url(self) -> str:
        """What ``pulumi login`` takes."""
        return f"s3://{self.bucket}?region={self.region}"

    @property
    def secrets_provider(self) -> str:
        """What ``pulumi stack init --secrets-provider`` takes."""
        return f"awskms://{KEY_ALIAS}?region={self.region}"

    def role_arn(self, role: str) -> str:
        """Return the ARN of a role of this account."""
        return f"arn:{self.partition}:iam::{self.account_id}:role/{role}"

    def policy_arn(self, policy: str) -> str:
        """Return the ARN of a policy of this account."""
        return f"arn:{self.partition}:iam::{self.account_id}:policy/{policy}"

    def names(self, key_arn: str, environment: EnvironmentSettings | None = None) -> dict[str, str]:
        """Return what the placeholders of rights stand for."""
        return {
            "partition": self.partition,
            "account": self.account_id,
            "project": PROJECT,
            "bucket": self.bucket,
            "key_arn": key_arn,
            "region": environment.region if environment else self.region,
            "stack": environment.name if environment else "",
            "hosted_zone": (environment.hosted_zone_id or "") if environment else "",
        }


def _require(pattern: re.Pattern[str], value: str, what: str, allowed: str) -> None:
    if not pattern.fullmatch(value):
        raise AccountSettingsError(f"not {what}: {value!r}", allowed=allowed)


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), None)  # type: ignore[func-returns-value]  # add returns None
