"""Rights for the roles that a stack makes for AWS's own services: the jump host's, and that of enhanced monitoring.

The deployment may attach one policy of AWS's to each, and write none of its own; it may hand the roles to those two
services, and touch no other role.
"""

from __future__ import annotations

from typing import Final

from strata.account.rights.grant import NEW, OURS, Grant, TypeRights, When, to_tag

_AWS_POLICY: Final = "arn:{partition}:iam::aws:policy/"
#: What may be attached to which: what AWS's own policy for the service says, and nothing else.
JUMP_HOST_POLICY: Final = f"{_AWS_POLICY}AmazonSSMManagedInstanceCore"
MONITORING_POLICY: Final = f"{_AWS_POLICY}service-role/AmazonRDSEnhancedMonitoringRole"
_ARN: Final = "arn:{partition}:iam::{account}:"
_JUMP_HOST: Final = (f"{_ARN}role/jump-host-*",)
_MONITORING: Final = (f"{_ARN}role/database-monitoring-*",)
_ROLES: Final = (*_JUMP_HOST, *_MONITORING)
_PROFILE: Final = (f"{_ARN}instance-profile/jump-host-*",)


def _iam(*names: str) -> tuple[str, ...]:
    return tuple(f"iam:{name}" for name in names)


def _to(service: str) -> When:
    return When((("StringEquals", "iam:PassedToService", service),))


def _only(policy_arn: str) -> When:
    return When((("ArnEquals", "iam:PolicyARN", policy_arn),))


SERVICE_ROLES: Final = (
    TypeRights(
        "aws:iam/role:Role",
        (Grant(_iam("GetRole", "ListRolePolicies", "ListAttachedRolePolicies"), _ROLES),),
        (
            Grant(_iam("CreateRole"), _ROLES, NEW),
            Grant(_iam("DeleteRole", "UpdateRole", "UpdateAssumeRolePolicy"), _ROLES, OURS),
            Grant(_iam("ListInstanceProfilesForRole"), _ROLES),
            Grant(_iam("PassRole"), _JUMP_HOST, _to("ec2.amazonaws.com")),
            Grant(_iam("PassRole"), _MONITORING, _to("monitoring.rds.amazonaws.com")),
            *to_tag(_iam("TagRole"), _ROLES, _iam("UntagRole")),
        ),
    ),
    TypeRights(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        (Grant(_iam("ListAttachedRolePolicies"), _ROLES),),
        (
            Grant(_iam("AttachRolePolicy", "DetachRolePolicy"), _JUMP_HOST, _only(JUMP_HOST_POLICY)),
            Grant(_iam("AttachRolePolicy", "DetachRolePolicy"), _MONITORING, _only(MONITORING_POLICY)),
        ),
    ),
    TypeRights(
        "aws:iam/instanceProfile:InstanceProfile",
        (Grant(_iam("GetInstanceProfile"), _PROFILE),),
        (
            Grant(_iam("CreateInstanceProfile"), _PROFILE, NEW),
            Grant(_iam("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"), _PROFILE, OURS),
            Grant(_iam("DeleteInstanceProfile"), _PROFILE, OURS),
            *to_tag(_iam("TagInstanceProfile"), _PROFILE, _iam("UntagInstanceProfile")),
        ),
    ),
)
