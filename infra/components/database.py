"""The database instance, or the one that is there: PostgreSQL on RDS, with the same outputs either way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.components import instance_class
from infra.components.database_logs import EXPORTED_LOGS
from infra.components.enhanced_monitoring import MONITORING_INTERVAL_SECONDS, monitoring_role
from infra.config import DatabaseConfig, ExistingDatabaseConfig
from strata.partitions.lock_table import USUAL_CONNECTIONS, max_locks_per_transaction
from strata.partitions.tables import PARTITIONED_TABLES

DATABASE_NAME: Final = "strata"
MASTER_USERNAME: Final = "strata_master"
_SLOW_STATEMENT_MILLISECONDS: Final = 1_000
#: Where the endpoints of DB instances are, each below its identifier.
_RDS_DOMAINS: Final = (".rds.amazonaws.com", ".rds.amazonaws.com.cn")
#: Days of Performance Insights that cost nothing.
_FREE_INSIGHTS_DAYS: Final = 7


@dataclass(frozen=True)
class DatabaseArgs:
    """Inputs of `Database`.

    Args:
        stack: the stack's name, for the name of the final snapshot.
        config: the instance to make, or the one that is there.
        capacity: how many tenants the lock table is sized for.
        subnet_ids: private subnets in two or more zones.
        security_group_id: the group that lets applications in.
        after: what must be there before the instance: the groups that its logs are exported to.
        insights_key_arn: the key of Performance Insights, which keeps statements; AWS's own by default.
    """

    stack: str
    config: DatabaseConfig
    capacity: int
    subnet_ids: pulumi.Input[Sequence[str]]
    security_group_id: pulumi.Input[str]
    after: Sequence[pulumi.Resource] = ()
    insights_key_arn: pulumi.Input[str] | None = None


class Database(pulumi.ComponentResource):
    """A PostgreSQL database on RDS.

    Outputs: ``host``, ``port``, ``database_name``, ``resource_id`` (what IAM policies name) and ``master_secret_arn``;
    ``instance`` is the resource that everything inside the database is deleted with, None where it is not the stack's.
    """

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    database_name: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]
    instance: aws.rds.Instance | None

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:Database", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        if args.config.existing:
            self._use(args.config.existing)
        else:
            self._make(args)
        self.register_outputs(
            {
                "host": self.host,
                "port": self.port,
                "database_name": self.database_name,
                "resource_id": self.resource_id,
                "master_secret_arn": self.master_secret_arn,
            }
        )

    def _use(self, existing: ExistingDatabaseConfig) -> None:
        self.instance = None
        self.host = pulumi.Output.from_input(existing.endpoint)
        self.port = pulumi.Output.from_input(existing.port)
        self.database_name = pulumi.Output.from_input(existing.database)
        self.resource_id = pulumi.Output.from_input(existing.resource_id)
        self.master_secret_arn = pulumi.Output.from_input(existing.master_secret_arn)

    def _make(self, args: DatabaseArgs) -> None:
        instance = self._make_instance(args, self._make_parameter_group(args), self._make_subnet_group(args))
        self.instance = instance
        self.host = instance.address
        self.port = instance.port
        self.database_name = instance.db_name
        self.resource_id = instance.resource_id
        self.master_secret_arn = instance.master_user_secrets.apply(lambda secrets: secrets[0].secret_arn)

    def _make_parameter_group(self, args: DatabaseArgs) -> aws.rds.ParameterGroup:
        parameter = aws.rds.ParameterGroupParameterArgs
        major = args.config.engine_version.split(".", maxsplit=1)[0]
        return aws.rds.ParameterGroup(
            f"{self._name}-parameters",
            family=f"postgres{major}",
            description="PostgreSQL with one partition per tenant",
            parameters=[
                # A generic plan locks every partition: 30 to 78 s at 10,000 tenants.
                parameter(name="plan_cache_mode", value="force_custom_plan"),
                # Static, so it needs a restart: sized from the capacity, in steps, and not from the tenants.
                parameter(
                    name="max_locks_per_transaction",
                    value=str(_locks_per_transaction(args)),
                    apply_method="pending-reboot",
                ),
                parameter(name="rds.force_ssl", value="0" if args.config.ssl_mode == "disable" else "1"),
                parameter(name="log_lock_waits", value="1"),
                parameter(name="log_min_duration_statement", value=str(_SLOW_STATEMENT_MILLISECONDS)),
                parameter(name="log_statement", value="ddl"),
            ],
            opts=self._child,
        )

    def _make_subnet_group(self, args: DatabaseArgs) -> aws.rds.SubnetGroup:
        return aws.rds.SubnetGroup(
            f"{self._name}-subnets",
            description="Private subnets of the database",
            subnet_ids=args.subnet_ids,
            opts=self._child,
        )

    def _make_instance(
        self, args: DatabaseArgs, parameter_group: aws.rds.ParameterGroup, subnet_group: aws.rds.SubnetGroup
    ) -> aws.rds.Instance:
        config = args.config
        role, rights = monitoring_role(f"{self._name}-monitoring", self._child)
        return aws.rds.Instance(
            f"{self._name}-instance",
            # Known before the instance is: its log groups and its alarms are named after it.
            identifier=instance_identifier(args.stack),
            engine="postgres",
            engine_version=config.engine_version,
            instance_class=config.instance_class,
            allocated_storage=config.allocated_storage_gib,
            storage_type="gp3",
            storage_encrypted=True,
            db_name=DATABASE_NAME,
            username=MASTER_USERNAME,
            manage_master_user_password=True,
            iam_database_authentication_enabled=True,
            parameter_group_name=parameter_group.name,
            db_subnet_group_name=subnet_group.name,
            vpc_security_group_ids=[args.security_group_id],
            publicly_accessible=False,
            multi_az=config.multi_az,
            backup_retention_period=config.backup_retention_days,
            copy_tags_to_snapshot=True,
            deletion_protection=config.deletion_protection,
            skip_final_snapshot=False,
            final_snapshot_identifier=final_snapshot_identifier(args.stack, args.security_group_id),
            auto_minor_version_upgrade=True,
            # RDS wants to be told that a major version is meant; here only a reviewed line of config asks for one.
            allow_major_version_upgrade=True,
            enabled_cloudwatch_logs_exports=list(EXPORTED_LOGS),
            performance_insights_enabled=True,
            performance_insights_retention_period=_FREE_INSIGHTS_DAYS,
            performance_insights_kms_key_id=args.insights_key_arn,
            monitoring_interval=MONITORING_INTERVAL_SECONDS,
            monitoring_role_arn=role.arn,
            opts=pulumi.ResourceOptions.merge(
                self._child,
                pulumi.ResourceOptions(protect=config.deletion_protection, depends_on=[*args.after, rights]),
            ),
        )


def instance_identifier(stack: str) -> str:
    """Return the identifier of the instance that a stack makes."""
    return f"strata-{stack}"


def known_identifier(stack: str, config: DatabaseConfig) -> str | None:
    """Return the identifier of a stack's instance, or None where another host name hides that of an existing one."""
    if config.existing is None:
        return instance_identifier(stack)
    name, _, rest = config.existing.endpoint.partition(".")
    return name if rest.endswith(_RDS_DOMAINS) else None


def final_snapshot_identifier(stack: str, security_group_id: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return a name for the last snapshot that no earlier life of the same stack has taken.

    A snapshot outlives its stack, and its name cannot be used twice in an account. The security group is made with the
    stack and never twice with one id, so its id tells the lives apart without a value that changes in each preview.
    """
    return pulumi.Output.from_input(security_group_id).apply(
        lambda group_id: f"strata-{stack}-final-{group_id.removeprefix('sg-')}"
    )


def _locks_per_transaction(args: DatabaseArgs) -> int:
    """Size the lock table for the class: a small one has few connections, and so few slots for each step.

    A large one is sized as a usual one, since somebody may have lowered its connections.
    """
    memory = instance_class.memory_bytes(args.config.instance_class)
    connections = USUAL_CONNECTIONS if memory is None else instance_class.max_connections(memory)
    return max_locks_per_transaction(args.capacity, len(PARTITIONED_TABLES), min(connections, USUAL_CONNECTIONS))
