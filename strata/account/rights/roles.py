"""What each of the three roles may do: preview reads state, drift reads what is there, deploy changes one stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.account.rights.data import ARCHIVE, BUCKETS_AND_KEYS, DATABASE, KEYS, MASTER_SECRET, SECRET
from strata.account.rights.edge import EDGE, HOSTED_ZONE, MANAGED_POLICIES, STORE
from strata.account.rights.grant import OURS, Grant, Statement, When, statements
from strata.account.rights.jump_host import AMI_PARAMETER, JUMP_HOST
from strata.account.rights.network import NETWORK, describes, ec2
from strata.account.rights.operations import OPERATIONS
from strata.account.rights.service_roles import SERVICE_ROLES
from strata.account.rights.state import READ_EVERY_STATE, READ_STATE, WRITE_STATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from strata.account.rights.grant import TypeRights

#: Statements by the name of the policy that holds them; a policy of IAM has room for 6,144 characters.
Policies = dict[str, list[Statement]]

#: Every AWS type that the program may register, with what it needs.
AREAS: Final[Mapping[str, tuple[TypeRights, ...]]] = {
    "network": (*NETWORK, *JUMP_HOST),
    "service-roles": SERVICE_ROLES,
    "database": DATABASE,
    "storage": BUCKETS_AND_KEYS,
    "edge": EDGE,
    "operations": OPERATIONS,
}
DEPLOYER_LOGIN: Final = "strata_deployer"
READONLY_LOGIN: Final = "strata_readonly"
_DATABASE_USER: Final = "arn:{partition}:rds-db:{region}:{account}:dbuser:*/"

#: A refresh of what is inside the database.
DRIFT_LOGIN: Final = (Grant(("rds-db:connect",), (f"{_DATABASE_USER}{READONLY_LOGIN}",)),)
#: What the program asks AWS while it is planned, whether or not anything changes.
PLANNING: Final = (
    *describes("AvailabilityZones"),
    *MANAGED_POLICIES,
    Grant(("ssm:GetParameter",), AMI_PARAMETER),
)
#: The keys of the archive and of the edge's secret, only through what they encrypt.
_THROUGH_SERVICES: Final = When(
    (
        *OURS.entries,
        ("StringLike", "kms:ViaService", ("s3.*.amazonaws.com", "secretsmanager.*.amazonaws.com")),
    )
)
#: What the stack's own providers do beside resources: the database, the edge's secrets, archives, the tunnel.
INSIDE: Final = (
    Grant(("rds-db:connect",), (f"{_DATABASE_USER}{DEPLOYER_LOGIN}",)),
    Grant(("secretsmanager:GetSecretValue",), MASTER_SECRET),
    Grant(("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"), SECRET, OURS),
    Grant(
        tuple(
            f"cloudfront-keyvaluestore:{name}" for name in ("DescribeKeyValueStore", "GetKey", "ListKeys", "UpdateKeys")
        ),
        STORE,
    ),
    Grant(
        ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
        tuple(f"{bucket}/*" for bucket in ARCHIVE),
    ),
    Grant(("kms:Decrypt", "kms:GenerateDataKey"), KEYS, _THROUGH_SERVICES),
    Grant(("ssm:StartSession",), ec2("instance"), OURS),
    Grant(
        ("ssm:StartSession",), ("arn:{partition}:ssm:{region}::document/AWS-StartPortForwardingSessionToRemoteHost",)
    ),
    Grant(
        ("ssm:TerminateSession",),
        ("arn:{partition}:ssm:{region}:{account}:session/*",),
        When((("StringLike", "ssm:resourceTag/aws:ssmmessages:session-id", "${{aws:userid}}"),)),
    ),
)


def preview_policies(names: Mapping[str, str]) -> Policies:
    """Return the rights of previews: state and planning, and no word with what is deployed.

    The database reference is not among them: check and diff are pure.
    """
    return {"state": [*statements((*READ_EVERY_STATE, *PLANNING), names), *_never_read(names)]}


def drift_policies(names: Mapping[str, str]) -> Policies:
    """Return the rights of a refresh of one stack, which writes nothing: its state, and a read of every type.

    Reads are not narrowed to the stack's tag, since a tag that was taken away is a drift to be seen.
    """
    reads = [grant for types in AREAS.values() for one in types for grant in one.reads]
    return {
        "state": [*statements((*READ_STATE, *PLANNING, *DRIFT_LOGIN), names), *_never_read(names, may_log_in=True)],
        "reads": statements(_of_this_stack(reads, names), names),
    }


def deploy_policies(names: Mapping[str, str]) -> Policies:
    """Return the rights of an update of one stack: its state, what is inside its resources, and each area of types."""
    return {
        "state": [*statements((*WRITE_STATE, *PLANNING, *INSIDE), names), *_never_changed(names)],
        **{area: statements(_of_this_stack(_all_rights(types), names), names) for area, types in AREAS.items()},
    }


def _all_rights(types: Iterable[TypeRights]) -> Iterator[Grant]:
    for one in types:
        yield from (*one.reads, *one.writes)


def _of_this_stack(grants: Iterable[Grant], names: Mapping[str, str]) -> Iterator[Grant]:
    """Leave out what is about a hosted zone where the stack file names none."""
    return (grant for grant in grants if names["hosted_zone"] or grant.on != HOSTED_ZONE)


def _never_read(names: Mapping[str, str], *, may_log_in: bool = False) -> list[Statement]:
    """Return what stays refused whatever else the role is given one day."""
    state_objects = "arn:{partition}:s3:::{bucket}/.pulumi/*".format_map(names)
    secrets = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"]
    found: list[Statement] = [
        {"Effect": "Deny", "Action": secrets, "Resource": "*"},
        {"Effect": "Deny", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "NotResource": state_objects},
        {"Effect": "Deny", "Action": ["kms:Decrypt"], "NotResource": names["key_arn"]},
        {
            "Effect": "Deny",
            "Action": ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutBucketPolicy"],
            "Resource": "*",
        },
    ]
    if may_log_in:
        reader = f"{_DATABASE_USER}{READONLY_LOGIN}".format_map(names)
        return [*found, {"Effect": "Deny", "Action": ["rds-db:connect"], "NotResource": reader}]
    return [*found, {"Effect": "Deny", "Action": ["rds-db:connect"], "Resource": "*"}]


def _never_changed(names: Mapping[str, str]) -> list[Statement]:
    """Return what keeps a deployment from its own rights, and from the history of its state."""
    own = [f"arn:{names['partition']}:iam::{names['account']}:role/strata-*"]
    bucket = f"arn:{names['partition']}:s3:::{names['bucket']}"
    return [
        {"Effect": "Deny", "Action": ["iam:*"], "Resource": own},
        {
            "Effect": "Deny",
            "Action": ["s3:DeleteObjectVersion", "s3:PutBucket*", "s3:PutLifecycleConfiguration", "s3:DeleteBucket*"],
            "Resource": [bucket, f"{bucket}/*"],
        },
        {
            "Effect": "Deny",
            "Action": ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:CreateGrant"],
            "Resource": names["key_arn"],
        },
    ]
