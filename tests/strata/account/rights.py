"""The rights of the roles of an account with two environments, as tests ask for them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from strata.account.rights import roles
from strata.account.roles import wanted_roles
from strata.account.settings import AccountSettings, EnvironmentSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.account.rights.grant import Grant, Statement

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ZONE = "Z0123456789ABCDEFGHIJ"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/6a954d56-23b7-43ad-b16d-75b6c6853e69"
SETTINGS = AccountSettings(
    account_id=ACCOUNT,
    partition="aws",
    region=REGION,
    repository="acme/strata",
    branch="main",
    environments=(EnvironmentSettings("dev", REGION), EnvironmentSettings("prod", REGION, ZONE)),
)
NAMES = SETTINGS.names(KEY_ARN, SETTINGS.environments[1])


def statements_of(role: str, settings: AccountSettings = SETTINGS, key_arn: str = KEY_ARN) -> list[Statement]:
    """Return every statement of a role, by its name."""
    (wanted,) = [one for one in wanted_roles(settings, key_arn) if one.name == role]
    return [statement for document in wanted.policies.values() for statement in document["Statement"]]


def every_grant() -> Iterator[Grant]:
    """Yield the grants of all three roles."""
    yield from (*roles.READ_EVERY_STATE, *roles.READ_STATE, *roles.WRITE_STATE, *roles.PLANNING, *roles.INSIDE)
    yield from roles.DRIFT_LOGIN
    for types in roles.AREAS.values():
        for one in types:
            yield from (*one.reads, *one.writes)


def actions_by_resource() -> dict[str, set[str]]:
    """Return the ARN patterns of each action, filled in for one environment."""
    found = defaultdict(set)
    for grant in every_grant():
        for action in grant.actions:
            found[action].update(pattern.format_map(NAMES) for pattern in grant.on)
    return found


def fits(arn_format: str, pattern: str) -> bool:
    """Say whether an ARN pattern is of the reference's format, such as ``arn:${Partition}:s3:::${BucketName}``."""
    literals = (re.escape(part) for part in re.split(r"\$\{[^}]+\}", arn_format))
    return re.fullmatch(".*".join(literals), pattern) is not None


def condition_keys(grant: Grant) -> set[str]:
    """Return the keys of a grant's condition as the reference spells them."""
    keys = {key for _, key, _ in grant.when.entries} if grant.when else set()
    return {re.sub(r"^(aws:(?:Request|Resource)Tag)/.*", r"\1/${TagKey}", key) for key in keys}
