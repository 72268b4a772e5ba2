"""Enhanced monitoring: what the machine under PostgreSQL does, by process, which CloudWatch's own metrics do not show.

RDS writes it to the log group ``RDSOSMetrics`` of the account, as a role that the stack makes.
"""

from typing import Final

import pulumi
import pulumi_aws as aws

from infra.components.policy_document import policy_document

#: The coarsest and cheapest that RDS has; what it writes is charged as CloudWatch Logs (RDS User
#: Guide, "Overview of Enhanced Monitoring").
MONITORING_INTERVAL_SECONDS: Final = 60
_SERVICE: Final = "monitoring.rds.amazonaws.com"
#: Of AWS's own. A policy of ours would let whoever deploys give this role any right at all.
_MANAGED_POLICY: Final = "service-role/AmazonRDSEnhancedMonitoringRole"


def monitoring_role(name: str, opts: pulumi.ResourceOptions) -> tuple[aws.iam.Role, pulumi.Resource]:
    """Return the role that RDS writes as, and its rights, which must be there before the instance names it."""
    trust = {"Effect": "Allow", "Principal": {"Service": _SERVICE}, "Action": "sts:AssumeRole"}
    role = aws.iam.Role(
        name,
        description="RDS writes what the database's machine does",
        assume_role_policy=policy_document([trust]),
        opts=opts,
    )
    partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=opts.parent)).partition
    rights = aws.iam.RolePolicyAttachment(
        name, role=role.name, policy_arn=f"arn:{partition}:iam::aws:policy/{_MANAGED_POLICY}", opts=opts
    )
    return role, rights
