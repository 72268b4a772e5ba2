"""The logs of the DB instance: log groups that the stack owns, made before RDS would make them without an end.

RDS exports a log to ``/aws/rds/instance/<identifier>/<log>`` and makes that group, kept for ever, where there is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.components.alarm_table import LOCK_WAITS_METRIC, log_namespace
from infra.components.encryption_key import EncryptionKeyArgs, encryption_key

EXPORTED_LOGS: Final = ("postgresql", "upgrade")
#: The statements that changed the schema are in it: an auditor asks about the last year.
_RETENTION_DAYS: Final = 365
#: What PostgreSQL logs of a wait that has lasted `deadlock_timeout` (log_lock_waits).
LOCK_WAIT: Final = '"still waiting for"'


@dataclass(frozen=True)
class DatabaseLogsArgs:
    """Inputs of `DatabaseLogs`.

    Args:
        stack: the stack's name.
        region: the stack's region, a part of the service's name in the key's policy.
        instance: identifier of the DB instance.
    """

    stack: str
    region: str
    instance: str


class DatabaseLogs(pulumi.ComponentResource):
    """Encrypted log groups with an end, and a metric that counts waits for locks.

    ``groups`` must be there before the instance; ``key_arn`` is the key of what the database says about itself.
    """

    groups: Sequence[pulumi.Resource]
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:DatabaseLogs", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        key = self._make_key(args)
        groups = {log: self._make_group(log, args.instance, key) for log in EXPORTED_LOGS}
        aws.cloudwatch.LogMetricFilter(
            f"{name}-lock-waits",
            name=f"strata-{args.stack}-lock-waits",
            log_group_name=groups["postgresql"].name,
            pattern=LOCK_WAIT,
            metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                name=LOCK_WAITS_METRIC, namespace=log_namespace(args.stack), value="1", default_value="0"
            ),
            opts=self._child,
        )
        self.groups = list(groups.values())
        self.key_arn = key.arn
        self.register_outputs({})

    def _make_key(self, args: DatabaseLogsArgs) -> aws.kms.Key:
        invoke = pulumi.InvokeOptions(parent=self)
        account_id = aws.get_caller_identity_output(opts=invoke).account_id
        partition = aws.get_partition_output(opts=invoke).partition
        groups = pulumi.Output.format(
            "arn:{0}:logs:{1}:{2}:log-group:/aws/rds/instance/{3}/*", partition, args.region, account_id, args.instance
        )
        may_encrypt = {
            "Sid": "LogsUseKey",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{args.region}.amazonaws.com"},
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        }
        key_args = EncryptionKeyArgs(
            f"strata-{args.stack}-database-logs", "Encrypts the database's logs", [may_encrypt]
        )
        return encryption_key(f"{self._name}-key", key_args, self._child)

    def _make_group(self, log: str, instance: str, key: aws.kms.Key) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-{log}",
            name=f"/aws/rds/instance/{instance}/{log}",
            retention_in_days=_RETENTION_DAYS,
            kms_key_id=key.arn,
            opts=self._child,
        )
