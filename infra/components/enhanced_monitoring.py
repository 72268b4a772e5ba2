"""Enhanced monitoring: what the machine under PostgreSQL does, by process, which CloudWatch's own metrics do not show.

RDS writes it to the log group ``RDSOSMetrics`` of the account, as a role that the stack makes.
"""

from typing import Final

import pulumi
import pulumi_aws as aws

from infra.components.policy_document import Statement, policy_document

#: The coarsest and cheapest that RDS has; what it writes is charged as CloudWatch Logs (RDS User
#: Guide, "Overview of Enhanced Monitoring").
MONITORING_INTERVAL_SECONDS: Final = 60
_SERVICE: Final = "monitoring.rds.amazonaws.com"
#: What RDS logs to, in every account.
_LOG_GROUPS: Final = "log-group:RDS*"


def monitoring_role(name: str, opts: pulumi.ResourceOptions) -> tuple[aws.iam.Role, pulumi.Resource]:
    """Return the role that RDS writes as, and its rights, which must be there before the instance names it."""
    trust = {"Effect": "Allow", "Principal": {"Service": _SERVICE}, "Action": "sts:AssumeRole"}
    role = aws.iam.Role(
        name,
        description="RDS writes what the database's machine does",
        assume_role_policy=policy_document([trust]),
        opts=opts,
    )
    rights = aws.iam.RolePolicy(name, role=role.name, policy=policy_document(_statements(opts)), opts=opts)
    return role, rights


def _statements(opts: pulumi.ResourceOptions) -> list[Statement]:
    """Return the rights of AWS's managed policy AmazonRDSEnhancedMonitoringRole, in this account only."""
    invoke = pulumi.InvokeOptions(parent=opts.parent)
    account_id = aws.get_caller_identity_output(opts=invoke).account_id
    partition = aws.get_partition_output(opts=invoke).partition
    groups = pulumi.Output.format("arn:{0}:logs:*:{1}:{2}", partition, account_id, _LOG_GROUPS)
    streams = pulumi.Output.format("{0}:log-stream:*", groups)
    return [
        {
            "Sid": "MakeGroups",
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
            "Resource": groups,
        },
        {
            "Sid": "WriteStreams",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"],
            "Resource": streams,
        },
    ]
