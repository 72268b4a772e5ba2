"""What each role may do and may not: action by resource by role, as IAM decides it."""

from __future__ import annotations

import json

import pytest

from strata.account.roles import wanted_roles
from tests.strata.account.authorization import allows
from tests.strata.account.rights import ACCOUNT, KEY_ARN, REGION, SETTINGS, ZONE, statements_of

PREVIEW, DEPLOY, DRIFT = "strata-preview", "strata-deploy-prod", "strata-drift-prod"
ROLES = {"p": PREVIEW, "d": DEPLOY, "r": DRIFT}
STATE = f"arn:aws:s3:::{SETTINGS.bucket}"
MASTER_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-0a1b2c3d-AbCdEf"
EDGE_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:edge-secrets-secret-0a1b2c3-AbCdEf"
INSTANCE = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:strata-prod"
OURS = {"aws:ResourceTag/Stack": "prod"}
THEIRS = {"aws:ResourceTag/Stack": "dev"}
NEW = {"aws:RequestTag/Stack": "prod"}
THROUGH_RDS = {"kms:ViaService": f"rds.{REGION}.amazonaws.com"}
THROUGH_SECRETS = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
THROUGH_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}


def ec2(kind: str) -> str:
    return f"arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}/id-1"


def user(name: str) -> str:
    return f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-ABC/{name}"


def key(name: str) -> str:
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}"


def parameter(name: str) -> str:
    return f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}"


#: Action, resource, what is known of the request, and who may: p is preview, d deploy, r drift (the last two of prod).
MATRIX = [
    # State: everybody reads, one environment's deployment writes, and nobody deletes but a lock.
    ("s3:ListBucket", STATE, {}, "pdr"),
    ("s3:GetObject", f"{STATE}/.pulumi/meta.yaml", {}, "pdr"),
    ("s3:GetObject", f"{STATE}/.pulumi/stacks/strata/prod.json", {}, "pdr"),
    ("s3:GetObject", f"{STATE}/.pulumi/stacks/strata/prod.pulumi-tags", {}, "pdr"),
    ("s3:GetObject", f"{STATE}/.pulumi/stacks/strata/dev.json", {}, "p"),
    ("s3:GetObject", f"{STATE}/.pulumi/backups/strata/prod/prod.1.json", {}, ""),
    ("s3:GetObject", f"{STATE}/.pulumi/locks/organization/strata/prod/1.json", {}, "d"),
    ("s3:PutObject", f"{STATE}/.pulumi/stacks/strata/prod.json", {}, "d"),
    ("s3:PutObject", f"{STATE}/.pulumi/stacks/strata/prod.json.bak", {}, "d"),
    ("s3:PutObject", f"{STATE}/.pulumi/stacks/strata/prod-eu.json", {}, ""),
    ("s3:PutObject", f"{STATE}/.pulumi/stacks/strata/dev.json", {}, ""),
    ("s3:PutObject", f"{STATE}/.pulumi/locks/organization/strata/prod/1.json", {}, "d"),
    ("s3:PutObject", f"{STATE}/.pulumi/locks/organization/strata/dev/1.json", {}, ""),
    ("s3:PutObject", f"{STATE}/.pulumi/history/strata/prod/prod-1.history.json", {}, "d"),
    ("s3:PutObject", f"{STATE}/.pulumi/backups/strata/prod/prod.1.json", {}, "d"),
    ("s3:PutObject", f"{STATE}/.pulumi/meta.yaml", {}, ""),
    ("s3:DeleteObject", f"{STATE}/.pulumi/locks/organization/strata/prod/1.json", {}, "d"),
    ("s3:DeleteObject", f"{STATE}/.pulumi/stacks/strata/prod.json", {}, ""),
    ("s3:DeleteObject", f"{STATE}/.pulumi/history/strata/prod/prod-1.history.json", {}, ""),
    ("s3:DeleteObjectVersion", f"{STATE}/.pulumi/locks/organization/strata/prod/1.json", {}, ""),
    ("s3:GetObjectVersion", f"{STATE}/.pulumi/stacks/strata/prod.json", {}, ""),
    ("s3:PutBucketPolicy", STATE, {}, ""),
    ("s3:PutBucketVersioning", STATE, {}, ""),
    ("s3:PutLifecycleConfiguration", STATE, {}, ""),
    ("s3:DeleteBucket", STATE, {}, ""),
    # The state's key, and others.
    ("kms:Decrypt", KEY_ARN, {}, "pdr"),
    ("kms:GenerateDataKey", KEY_ARN, {}, "d"),
    ("kms:Encrypt", KEY_ARN, {}, ""),
    ("kms:ScheduleKeyDeletion", KEY_ARN, OURS, ""),
    ("kms:PutKeyPolicy", KEY_ARN, OURS, ""),
    ("kms:Decrypt", key("archive"), {**OURS, **THROUGH_S3}, "d"),
    ("kms:Decrypt", key("edge-secrets"), {**OURS, **THROUGH_SECRETS}, "d"),
    ("kms:CreateGrant", key("insights"), {**OURS, **THROUGH_RDS}, "d"),
    ("kms:CreateGrant", key("insights"), OURS, ""),
    ("kms:Decrypt", key("archive"), OURS, ""),
    ("kms:Decrypt", key("archive"), {**THEIRS, **THROUGH_S3}, ""),
    ("kms:ScheduleKeyDeletion", key("archive"), OURS, "d"),
    ("kms:ScheduleKeyDeletion", key("archive"), THEIRS, ""),
    ("kms:CreateKey", "*", NEW, "d"),
    ("kms:CreateKey", "*", {}, ""),
    ("kms:DescribeKey", key("archive"), {}, "dr"),
    ("kms:CreateAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/strata-prod-archive", {}, "d"),
    ("kms:UpdateAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/strata-state", {}, ""),
    # Secrets and logins.
    ("secretsmanager:GetSecretValue", MASTER_SECRET, {}, "d"),
    ("secretsmanager:GetSecretValue", EDGE_SECRET, OURS, "d"),
    ("secretsmanager:GetSecretValue", EDGE_SECRET, THEIRS, ""),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:other-AbCdEf", OURS, ""),
    ("secretsmanager:DescribeSecret", EDGE_SECRET, {}, "dr"),
    ("secretsmanager:PutSecretValue", EDGE_SECRET, OURS, "d"),
    ("rds-db:connect", user("strata_deployer"), {}, "d"),
    ("rds-db:connect", user("strata_readonly"), {}, "r"),
    ("rds-db:connect", user("strata_app"), {}, ""),
    ("rds-db:connect", user("strata_master"), {}, ""),
    ("ssm:GetParameter", parameter("/strata/prod/database"), {}, "dr"),
    ("ssm:GetParameter", parameter("/strata/dev/database"), {}, ""),
    ("ssm:GetParameter", parameter("/other"), {}, ""),
    ("ssm:PutParameter", parameter("/strata/prod/edge"), {}, "d"),
    ("ssm:GetParameter", f"arn:aws:ssm:{REGION}::parameter/aws/service/ami-amazon-linux-latest/al2023", {}, "pdr"),
    ("cloudfront-keyvaluestore:GetKey", f"arn:aws:cloudfront::{ACCOUNT}:key-value-store/1", {}, "d"),
    # Buckets of the stack, and of others.
    ("s3:GetObject", "arn:aws:s3:::archive-bucket-0a1b2c3/acme/payments.gz", {}, "d"),
    ("s3:GetObject", "arn:aws:s3:::access-logs-bucket-0a1b2c3/AWSLogs/1.gz", {}, ""),
    ("s3:GetObject", "arn:aws:s3:::somebody-elses/file", {}, ""),
    ("s3:PutBucketPolicy", "arn:aws:s3:::archive-bucket-0a1b2c3", {}, "d"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::somebody-elses", {}, ""),
    ("s3:GetBucketPolicy", "arn:aws:s3:::archive-bucket-0a1b2c3", {}, "dr"),
    # The instance and its network, told apart by the stack's tag.
    ("rds:DescribeDBInstances", INSTANCE, {}, "dr"),
    ("rds:CreateDBInstance", INSTANCE, NEW, "d"),
    ("rds:CreateDBInstance", INSTANCE, {"aws:RequestTag/Stack": "dev"}, ""),
    ("rds:ModifyDBInstance", INSTANCE, OURS, "d"),
    ("rds:ModifyDBInstance", INSTANCE, THEIRS, ""),
    ("rds:DeleteDBInstance", INSTANCE, THEIRS, ""),
    ("rds:DeleteDBInstance", f"arn:aws:rds:{REGION}:{ACCOUNT}:db:somebody-elses", OURS, ""),
    ("rds:AddTagsToResource", INSTANCE, NEW, "d"),
    ("rds:AddTagsToResource", INSTANCE, {**NEW, **THEIRS}, ""),
    ("rds:DeleteDBSnapshot", f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:strata-prod-final-1", {}, ""),
    ("ec2:DescribeAvailabilityZones", "*", {}, "pdr"),
    ("ec2:DescribeSecurityGroups", "*", {}, "dr"),
    ("ec2:CreateVpc", ec2("vpc"), NEW, "d"),
    ("ec2:DeleteVpc", ec2("vpc"), OURS, "d"),
    ("ec2:DeleteVpc", ec2("vpc"), THEIRS, ""),
    ("ec2:DeleteVpc", ec2("vpc"), {}, ""),
    ("ec2:AuthorizeSecurityGroupIngress", ec2("security-group"), OURS, "d"),
    ("ec2:AuthorizeSecurityGroupIngress", ec2("security-group"), THEIRS, ""),
    ("ec2:CreateTags", ec2("security-group"), NEW, "d"),
    ("ec2:CreateTags", ec2("security-group"), {**NEW, **THEIRS}, ""),
    ("ec2:RunInstances", ec2("instance"), NEW, "d"),
    ("ec2:RunInstances", ec2("instance"), {}, ""),
    ("ec2:TerminateInstances", ec2("instance"), THEIRS, ""),
    ("ssm:StartSession", ec2("instance"), OURS, "d"),
    ("ssm:StartSession", ec2("instance"), THEIRS, ""),
    ("ssm:StartSession", f"arn:aws:ssm:{REGION}::document/AWS-StartPortForwardingSessionToRemoteHost", {}, "d"),
    ("ssm:StartSession", f"arn:aws:ssm:{REGION}::document/SSM-SessionManagerRunShell", {}, ""),
    # The edge.
    ("cloudfront:ListCachePolicies", "*", {}, "pdr"),
    ("cloudfront:GetCachePolicy", f"arn:aws:cloudfront::{ACCOUNT}:cache-policy/1", {}, "pdr"),
    ("cloudfront:UpdateDistribution", f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1", OURS, "d"),
    ("cloudfront:UpdateDistribution", f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1", THEIRS, ""),
    ("route53:ChangeResourceRecordSets", f"arn:aws:route53:::hostedzone/{ZONE}", {}, "d"),
    ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/ZOTHER", {}, ""),
    ("route53:ListResourceRecordSets", f"arn:aws:route53:::hostedzone/{ZONE}", {}, "dr"),
    # Rights: the jump host's role, with one policy, for one service; never a role that workflows take.
    ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/jump-host-0a1b2c3", NEW, "d"),
    ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/admin", NEW, ""),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/jump-host-1", {"iam:PassedToService": "ec2.amazonaws.com"}, "d"),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/jump-host-1", {"iam:PassedToService": "lambda.amazonaws.com"}, ""),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", {"iam:PassedToService": "ec2.amazonaws.com"}, ""),
    ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/jump-host-1", OURS, ""),
    ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/database-monitoring-1", OURS, ""),
    ("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/database-monitoring-1", OURS, ""),
    # Alarms, topics and logs, by the stack's name in theirs.
    ("sns:SetTopicAttributes", f"arn:aws:sns:us-east-1:{ACCOUNT}:strata-prod-edge-alarms", OURS, "d"),
    ("sns:SetTopicAttributes", f"arn:aws:sns:{REGION}:{ACCOUNT}:strata-dev-alarms", OURS, ""),
    ("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/strata-prod", {}, "d"),
    ("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/strata-dev", {}, ""),
    ("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:strata-prod-memory", {}, "dr"),
    ("logs:DeleteLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/rds/instance/strata-prod/x", OURS, "d"),
    ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/strata-deploy-dev", OURS, ""),
    ("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/strata-deploy-prod", {}, ""),
    ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/strata-deploy-prod-state", {}, ""),
    ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/me", {}, ""),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin", {}, ""),
]


@pytest.mark.parametrize(("action", "resource", "context", "who"), MATRIX)
def test_matrix(action: str, resource: str, context: dict[str, str], who: str) -> None:
    allowed = "".join(
        letter for letter, role in ROLES.items() if allows(statements_of(role), action, resource, context)
    )
    assert allowed == who


@pytest.mark.parametrize(
    ("role", "policies"),
    [
        ("jump-host-1", {"AmazonSSMManagedInstanceCore"}),
        ("database-monitoring-1", {"service-role/AmazonRDSEnhancedMonitoringRole"}),
    ],
)
def test_a_services_role_gets_one_policy_and_no_other(role: str, policies: set[str]) -> None:
    known = {"AmazonSSMManagedInstanceCore", "service-role/AmazonRDSEnhancedMonitoringRole", "AdministratorAccess"}
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    attachable = {
        policy
        for policy in known
        if allows(
            statements_of(DEPLOY),
            "iam:AttachRolePolicy",
            arn,
            {"iam:PolicyARN": f"arn:aws:iam::aws:policy/{policy}"},
        )
    }
    assert attachable == policies


@pytest.mark.parametrize("role", [PREVIEW, DRIFT])
def test_who_looks_stays_blind_and_harmless_whatever_else_is_attached(role: str) -> None:
    """The denials hold beside an administrator's policy too."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    statements = [*statements_of(role), everything]
    assert allows(statements, "ec2:CreateVpc", ec2("vpc"))
    for action, resource in (
        ("secretsmanager:GetSecretValue", MASTER_SECRET),
        ("secretsmanager:BatchGetSecretValue", "*"),
        ("rds-db:connect", user("strata_deployer")),
        ("rds-db:connect", user("strata_app")),
        ("s3:GetObject", "arn:aws:s3:::archive-bucket-0a1b2c3/acme/payments.gz"),
        ("s3:PutObject", f"{STATE}/.pulumi/stacks/strata/prod.json"),
        ("s3:DeleteObject", f"{STATE}/.pulumi/stacks/strata/prod.json"),
        ("kms:Decrypt", key("archive")),
    ):
        assert not allows(statements, action, resource), action


def test_a_stack_without_a_zone_has_no_rights_in_route_53() -> None:
    found = json.dumps(statements_of("strata-deploy-dev"))
    assert "hostedzone/" not in found
    assert "route53:ChangeResourceRecordSets" not in found


def test_policies_have_room_for_what_they_say() -> None:
    """A managed policy takes 6,144 characters without white space, and a role ten policies (IAM quotas)."""
    longest = SETTINGS.__class__(
        **{**SETTINGS.__dict__, "region": "ap-southeast-2", "environments": SETTINGS.environments[1:]}
    )
    for role in wanted_roles(longest, KEY_ARN.replace(REGION, "ap-southeast-2")):
        assert len(role.policies) <= 10
        for name, document in role.policies.items():
            assert len(json.dumps(document, separators=(",", ":"))) <= 6_144, name
            assert len(name) <= 128
        assert len(role.name) <= 64
