"""Rights for the types of the data layer: the instance, the closed buckets with their keys, secrets, parameters."""

from __future__ import annotations

from typing import Final

from strata.account.rights.grant import EVERYTHING, NEW, OURS, Grant, TypeRights, When, to_tag

INSTANCE: Final = ("arn:{partition}:rds:{region}:{account}:db:strata-{stack}",)
PARAMETER_GROUP: Final = ("arn:{partition}:rds:{region}:{account}:pg:database-parameters*",)
SUBNET_GROUP: Final = ("arn:{partition}:rds:{region}:{account}:subgrp:database-subnets*",)
SNAPSHOT: Final = ("arn:{partition}:rds:{region}:{account}:snapshot:strata-{stack}-final-*",)
#: RDS puts an instance without an option group of its own into the engine's default one.
_OPTION_GROUP: Final = ("arn:{partition}:rds:{region}:{account}:og:default*",)
#: The secret that RDS keeps for the master of an instance.
MASTER_SECRET: Final = ("arn:{partition}:secretsmanager:{region}:{account}:secret:rds!db-*",)
SECRET: Final = ("arn:{partition}:secretsmanager:{region}:{account}:secret:edge-secrets-secret-*",)
PARAMETERS: Final = ("arn:{partition}:ssm:{region}:{account}:parameter/strata/{stack}/*",)
ARCHIVE: Final = ("arn:{partition}:s3:::archive-bucket-*",)
BUCKETS: Final = (*ARCHIVE, "arn:{partition}:s3:::access-logs-bucket-*")
#: Of the stack's region, and of us-east-1, where what CloudFront measures is watched.
KEYS: Final = ("arn:{partition}:kms:{region}:{account}:key/*", "arn:{partition}:kms:us-east-1:{account}:key/*")
ALIASES: Final = (
    "arn:{partition}:kms:{region}:{account}:alias/strata-{stack}-*",
    "arn:{partition}:kms:us-east-1:{account}:alias/strata-{stack}-*",
)
_SERVICE_ROLE: Final = ("arn:{partition}:iam::{account}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",)
_THROUGH_RDS: Final = When((*OURS.entries, ("StringLike", "kms:ViaService", "rds.*.amazonaws.com")))
_FOR_RDS: Final = When((("StringEquals", "iam:AWSServiceName", "rds.amazonaws.com"),))


def _rds(*names: str) -> tuple[str, ...]:
    return tuple(f"rds:{name}" for name in names)


def rds_tags(on: tuple[str, ...]) -> tuple[Grant, ...]:
    """Return the right to tag something of RDS."""
    return to_tag(_rds("AddTagsToResource"), on, _rds("RemoveTagsFromResource"))


def _s3(*names: str) -> tuple[str, ...]:
    return tuple(f"s3:{name}" for name in names)


def _bucket_setting(type_name: str, reads: tuple[str, ...], writes: tuple[str, ...]) -> TypeRights:
    token = f"aws:s3/{type_name[0].lower()}{type_name[1:]}:{type_name}"
    return TypeRights(token, (Grant(_s3(*reads), BUCKETS),), (Grant(_s3(*writes), BUCKETS),))


DATABASE: Final = (
    TypeRights(
        "aws:rds/instance:Instance",
        (Grant(_rds("DescribeDBInstances", "ListTagsForResource"), INSTANCE),),
        (
            Grant(_rds("CreateDBInstance"), INSTANCE, NEW),
            Grant(_rds("CreateDBInstance", "ModifyDBInstance"), (*PARAMETER_GROUP, *SUBNET_GROUP, *_OPTION_GROUP)),
            Grant(_rds("ModifyDBInstance", "DeleteDBInstance", "RebootDBInstance"), INSTANCE, OURS),
            # The final snapshot of an instance that goes.
            Grant(_rds("CreateDBSnapshot"), INSTANCE, OURS),
            Grant(_rds("CreateDBSnapshot", "AddTagsToResource"), SNAPSHOT),
            *rds_tags(INSTANCE),
            # RDS makes the master's secret in the name of who makes the instance (RDS User Guide, "Password
            # management with Amazon RDS and AWS Secrets Manager").
            Grant(("secretsmanager:CreateSecret", "secretsmanager:TagResource"), MASTER_SECRET),
            # Performance Insights has a key of the stack, which RDS is granted the use of.
            Grant(("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"), KEYS, _THROUGH_RDS),
            # The first instance of an account.
            Grant(("iam:CreateServiceLinkedRole",), _SERVICE_ROLE, _FOR_RDS),
        ),
    ),
    TypeRights(
        "aws:rds/parameterGroup:ParameterGroup",
        (Grant(_rds("DescribeDBParameterGroups", "DescribeDBParameters", "ListTagsForResource"), PARAMETER_GROUP),),
        (
            Grant(_rds("CreateDBParameterGroup"), PARAMETER_GROUP, NEW),
            Grant(
                _rds("ModifyDBParameterGroup", "ResetDBParameterGroup", "DeleteDBParameterGroup"), PARAMETER_GROUP, OURS
            ),
            *rds_tags(PARAMETER_GROUP),
        ),
    ),
    TypeRights(
        "aws:rds/subnetGroup:SubnetGroup",
        (Grant(_rds("DescribeDBSubnetGroups", "ListTagsForResource"), SUBNET_GROUP),),
        (
            Grant(_rds("CreateDBSubnetGroup"), SUBNET_GROUP, NEW),
            Grant(_rds("ModifyDBSubnetGroup", "DeleteDBSubnetGroup"), SUBNET_GROUP, OURS),
            *rds_tags(SUBNET_GROUP),
        ),
    ),
    TypeRights(
        "aws:ssm/parameter:Parameter",
        (
            Grant(("ssm:DescribeParameters",), EVERYTHING),
            # They say where things are, and hold no secret: a preview shows their content.
            Grant(("ssm:GetParameter", "ssm:ListTagsForResource"), PARAMETERS),
        ),
        (
            Grant(
                (
                    "ssm:PutParameter",
                    "ssm:DeleteParameter",
                    "ssm:AddTagsToResource",
                    "ssm:RemoveTagsFromResource",
                ),
                PARAMETERS,
            ),
        ),
    ),
    TypeRights(
        "aws:secretsmanager/secret:Secret",
        (Grant(("secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"), SECRET),),
        (
            Grant(("secretsmanager:CreateSecret",), SECRET, NEW),
            Grant(
                ("secretsmanager:UpdateSecret", "secretsmanager:DeleteSecret", "secretsmanager:RestoreSecret"),
                SECRET,
                OURS,
            ),
            *to_tag(("secretsmanager:TagResource",), SECRET, ("secretsmanager:UntagResource",)),
        ),
    ),
)

BUCKETS_AND_KEYS: Final = (
    TypeRights(
        "aws:s3/bucket:Bucket",
        # The provider reads every setting that a bucket ever had a property for.
        (
            Grant(
                _s3(
                    "ListBucket",
                    "GetAccelerateConfiguration",
                    "GetBucketAcl",
                    "GetBucketCORS",
                    "GetBucketLogging",
                    "GetBucketObjectLockConfiguration",
                    "GetBucketPolicy",
                    "GetBucketRequestPayment",
                    "GetBucketTagging",
                    "GetBucketVersioning",
                    "GetBucketWebsite",
                    "GetEncryptionConfiguration",
                    "GetLifecycleConfiguration",
                    "GetReplicationConfiguration",
                    "ListTagsForResource",
                ),
                BUCKETS,
            ),
        ),
        (Grant(_s3("CreateBucket", "DeleteBucket", "PutBucketTagging", "TagResource", "UntagResource"), BUCKETS),),
    ),
    _bucket_setting("BucketOwnershipControls", ("GetBucketOwnershipControls",), ("PutBucketOwnershipControls",)),
    _bucket_setting("BucketPublicAccessBlock", ("GetBucketPublicAccessBlock",), ("PutBucketPublicAccessBlock",)),
    _bucket_setting(
        "BucketServerSideEncryptionConfiguration", ("GetEncryptionConfiguration",), ("PutEncryptionConfiguration",)
    ),
    _bucket_setting("BucketVersioning", ("GetBucketVersioning",), ("PutBucketVersioning",)),
    _bucket_setting("BucketNotification", ("GetBucketNotification",), ("PutBucketNotification",)),
    _bucket_setting("BucketPolicy", ("GetBucketPolicy",), ("PutBucketPolicy", "DeleteBucketPolicy")),
    _bucket_setting("BucketLifecycleConfiguration", ("GetLifecycleConfiguration",), ("PutLifecycleConfiguration",)),
    TypeRights(
        "aws:kms/key:Key",
        (Grant(("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"), KEYS),),
        (
            Grant(("kms:CreateKey",), EVERYTHING, NEW),
            Grant(
                (
                    "kms:PutKeyPolicy",
                    "kms:EnableKey",
                    "kms:EnableKeyRotation",
                    "kms:UpdateKeyDescription",
                    "kms:ScheduleKeyDeletion",
                ),
                KEYS,
                OURS,
            ),
            *to_tag(("kms:TagResource",), KEYS, ("kms:UntagResource",)),
        ),
    ),
    TypeRights(
        "aws:kms/alias:Alias",
        (Grant(("kms:ListAliases",), EVERYTHING),),
        (
            Grant(("kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"), ALIASES),
            Grant(("kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"), KEYS, OURS),
        ),
    ),
)
