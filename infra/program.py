"""The stack, read from top to bottom as a list of what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

from infra.aws_provider import aws_provider
from infra.components.access_logs import AccessLogs, AccessLogsArgs
from infra.components.archive import Archive, ArchiveArgs
from infra.components.connection_parameter import ConnectionParameter, ConnectionParameterArgs
from infra.components.database import Database, DatabaseArgs, instance_identifier, known_identifier
from infra.components.database_address import DatabaseAddress
from infra.components.database_logs import DatabaseLogs, DatabaseLogsArgs
from infra.components.database_roles import DatabaseRoles, DatabaseRolesArgs
from infra.components.dns import EdgeCertificate, EdgeCertificateArgs, EdgeRecords, EdgeRecordsArgs
from infra.components.edge import Edge, EdgeArgs, function_code
from infra.components.edge_parameter import EdgeParameter, EdgeParameterArgs
from infra.components.edge_secrets import EdgeSecrets, EdgeSecretsArgs
from infra.components.jump_host import JumpHost, JumpHostArgs
from infra.components.network import Network, NetworkArgs
from infra.components.operations import Operations, OperationsArgs
from infra.components.schema import Schema, SchemaArgs
from infra.components.tenancy import Tenancy, TenancyArgs
from infra.config import ApiConfig, CdnConfig, NewNetworkConfig, StackConfig, Tenant, load, read_pulumi_config
from strata.caching.contract import CacheContract, current_contract, differences, read_lock
from strata.caching.contract_problems import require_sound
from strata.errors import StrataError
from strata.preview_report.contract_change import contract_warning
from strata.tenants import RESERVED_TENANT

#: Rows that belong to no customer have partitions in every stack.
_RESERVED: Final = Tenant(RESERVED_TENANT)


def deploy() -> None:
    """Describe the whole stack to the engine.

    Raises:
        pulumi.RunError: the stack file or the cache contract has problems; no resource is registered then.
    """
    source = read_pulumi_config()
    try:
        config = load(source.stack, source.raw, source.stack_file)
        plan = _planned_edge(config)
    except StrataError as error:
        raise pulumi.RunError(str(error)) from None
    on_aws = pulumi.ResourceOptions(provider=aws_provider(config.stack, config.region))
    archive = Archive("archive", ArchiveArgs(config.stack, config.database.deletion_protection), on_aws)
    database = _data_layer(config, archive, on_aws)
    pulumi.export("archive_bucket", archive.bucket_name)
    edge = _edge(config, plan, on_aws) if plan else None
    _operations(config, database, edge, on_aws)


@dataclass(frozen=True)
class _EdgePlan:
    """What the edge is made of, with nothing left that could be refused."""

    api: ApiConfig
    cdn: CdnConfig
    contract: CacheContract
    function_code: Mapping[str, str]


def _planned_edge(config: StackConfig) -> _EdgePlan | None:
    """Return the edge's plan, or None for a stack without one.

    Raises:
        StrataError: the cache contract has problems, its lock cannot be read, or the function cannot be deployed.
    """
    if not config.api or not config.cdn.enabled:
        return None
    contract = current_contract()
    require_sound(contract)
    if changed := differences(read_lock(), contract):
        pulumi.warn(contract_warning(changed))
    return _EdgePlan(config.api, config.cdn, contract, function_code(contract, config.cdn))


def _data_layer(config: StackConfig, archive: Archive, on_aws: pulumi.ResourceOptions) -> Database:
    """Describe PostgreSQL with the schema, the roles and the partitions of every tenant."""
    network = Network(
        "network", NetworkArgs(config.network, config.database.port, config.database.is_protected), on_aws
    )
    logs = None
    if config.database.existing is None:
        identifier = instance_identifier(config.stack)
        logs = DatabaseLogs("database-logs", DatabaseLogsArgs(config.stack, config.region, identifier), on_aws)
    database = Database(
        "database",
        DatabaseArgs(
            stack=config.stack,
            config=config.database,
            capacity=config.partitions.capacity,
            subnet_ids=network.database_subnet_ids,
            security_group_id=network.database_security_group_id,
            after=logs.groups if logs else (),
            insights_key_arn=logs.key_arn if logs else None,
        ),
        on_aws,
    )
    address = DatabaseAddress(
        region=config.region,
        host=database.host,
        port=database.port,
        database_name=database.database_name,
        ssl_mode=config.database.ssl_mode,
        ca_bundle=config.database.ca_bundle,
    )
    connection = ConnectionParameter(
        "connection",
        ConnectionParameterArgs(
            stack=config.stack,
            address=address,
            master_secret_arn=database.master_secret_arn,
            layout=config.partitions.layout,
            archive_bucket=archive.bucket_name,
            jump_host_id=_jump_host_id(config, network, on_aws),
        ),
        on_aws,
    )
    _inside_database(config, database, address, connection)
    pulumi.export("database_reference", connection.reference)
    pulumi.export("database_endpoint", pulumi.Output.format("{0}:{1}", database.host, database.port))
    pulumi.export("database_resource_id", database.resource_id)
    pulumi.export("database_security_group_id", network.database_security_group_id)
    return database


def _jump_host_id(config: StackConfig, network: Network, on_aws: pulumi.ResourceOptions) -> pulumi.Output[str] | None:
    """Describe the way in from outside the network, where the stack file asks for one."""
    if config.database.reach == "direct":
        return None
    jump_host = JumpHost(
        "jump-host",
        JumpHostArgs(
            region=config.region,
            vpc_id=network.vpc_id,
            subnet_id=network.database_subnet_ids.apply(lambda ids: ids[0]),
            database_security_group_id=network.database_security_group_id,
            database_port=config.database.port,
            makes_endpoints=isinstance(config.network, NewNetworkConfig),
        ),
        on_aws,
    )
    return jump_host.instance_id


def _inside_database(
    config: StackConfig, database: Database, address: DatabaseAddress, connection: ConnectionParameter
) -> None:
    """Describe the logins, then the schema, then who may use it, then the tenants."""
    schema = Schema(
        "schema",
        SchemaArgs(
            connection=connection.reference,
            resource_id=database.resource_id,
            layout=config.partitions.layout,
            deployed_with=database.instance,
            after=[connection.parameter],
        ),
    )
    roles = DatabaseRoles(
        "roles",
        DatabaseRolesArgs(
            address=address,
            deployed_with=database.instance,
            after=[schema.migrations],
        ),
    )
    Tenancy(
        "tenants",
        TenancyArgs(
            connection=connection.reference,
            layout=config.partitions.layout,
            tenants=[_RESERVED, *config.tenants],
            deployed_with=database.instance,
            after=[schema.migrations, roles.last],
        ),
    )


def _edge(config: StackConfig, plan: _EdgePlan, on_aws: pulumi.ResourceOptions) -> Edge:
    """Describe the distribution with its secrets, its certificate, its records and its logs."""
    cdn = plan.cdn
    certificate_arn: pulumi.Input[str] | None = cdn.certificate_arn
    if cdn.hosted_zone_id and not certificate_arn:
        certificate_arn = EdgeCertificate(
            "certificate", EdgeCertificateArgs(cdn.aliases, cdn.hosted_zone_id), on_aws
        ).certificate_arn
    secrets = None
    if cdn.key_value_store:
        secrets = EdgeSecrets("edge-secrets", EdgeSecretsArgs(config.stack, cdn.secrets_version), on_aws)
    edge = Edge(
        "edge",
        EdgeArgs(
            stack=config.stack,
            region=config.region,
            api=plan.api,
            cdn=cdn,
            contract=plan.contract,
            function_code=plan.function_code,
            secrets=secrets,
            certificate_arn=certificate_arn,
        ),
        on_aws,
    )
    if cdn.hosted_zone_id:
        EdgeRecords(
            "records",
            EdgeRecordsArgs(cdn.aliases, cdn.hosted_zone_id, edge.domain_name, edge.hosted_zone_id),
            on_aws,
        )
    logs = AccessLogs(
        "access-logs", AccessLogsArgs(config.stack, edge.distribution_arn, config.access_logs.retention_days), on_aws
    )
    parameter = EdgeParameter(
        "edge-parameter",
        EdgeParameterArgs(
            stack=config.stack,
            distribution_id=edge.distribution_id,
            domain_name=edge.domain_name,
            aliases=cdn.aliases,
            key_value_store_arn=secrets.key_value_store_arn if secrets else None,
            secret_arn=secrets.secret_arn if secrets else None,
            access_log_bucket=logs.bucket_name,
            region=config.region,
        ),
        on_aws,
    )
    _export_edge(edge, secrets, logs, parameter)
    return edge


def _export_edge(edge: Edge, secrets: EdgeSecrets | None, logs: AccessLogs, parameter: EdgeParameter) -> None:
    pulumi.export("cdn_distribution_id", edge.distribution_id)
    pulumi.export("cdn_domain_name", edge.domain_name)
    pulumi.export("cdn_hosted_zone_id", edge.hosted_zone_id)
    pulumi.export("access_log_bucket", logs.bucket_name)
    pulumi.export("edge_reference", parameter.reference)
    if secrets:
        pulumi.export("edge_key_value_store_arn", secrets.key_value_store_arn)
        pulumi.export("edge_secret_arn", secrets.secret_arn)


def _operations(config: StackConfig, database: Database, edge: Edge | None, on_aws: pulumi.ResourceOptions) -> None:
    """Describe what the stack is watched with."""
    operations = Operations(
        "operations",
        OperationsArgs(
            config=config,
            instance=known_identifier(config.stack, config.database),
            instance_resource=database.instance,
            distribution_id=edge.distribution_id if edge else None,
        ),
        on_aws,
    )
    pulumi.export("dashboard_url", operations.dashboard_url)
    if operations.topic_arn:
        pulumi.export("alarm_topic_arn", operations.topic_arn)
    if operations.cloudfront_topic_arn:
        pulumi.export("edge_alarm_topic_arn", operations.cloudfront_topic_arn)
