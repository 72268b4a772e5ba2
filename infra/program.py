"""The stack, read from top to bottom as a list of what it holds."""

from typing import Final

import pulumi

from infra.aws_provider import aws_provider
from infra.components.access_logs import AccessLogs, AccessLogsArgs
from infra.components.archive import Archive, ArchiveArgs
from infra.components.connection_parameter import ConnectionParameter, ConnectionParameterArgs
from infra.components.database import Database, DatabaseArgs
from infra.components.database_address import DatabaseAddress
from infra.components.database_roles import DatabaseRoles, DatabaseRolesArgs
from infra.components.dns import EdgeCertificate, EdgeCertificateArgs, EdgeRecords, EdgeRecordsArgs
from infra.components.edge import Edge, EdgeArgs
from infra.components.network import Network, NetworkArgs
from infra.components.schema import Schema, SchemaArgs
from infra.components.tenancy import Tenancy, TenancyArgs
from infra.config import ApiConfig, CdnConfig, ConfigError, StackConfig, Tenant, load, read_pulumi_config
from strata.tenants import RESERVED_TENANT

#: Rows that belong to no customer have partitions in every stack.
_RESERVED: Final = Tenant(RESERVED_TENANT)


def deploy() -> None:
    """Describe the whole stack to the engine.

    Raises:
        pulumi.RunError: the stack file has problems; no resource is registered then.
    """
    source = read_pulumi_config()
    try:
        config = load(source.stack, source.raw, source.stack_file)
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None
    on_aws = pulumi.ResourceOptions(provider=aws_provider(config.stack, config.region))
    _data_layer(config, on_aws)
    pulumi.export("archive_bucket", Archive("archive", ArchiveArgs(config.stack), on_aws).bucket_name)
    if config.api and config.cdn.enabled:
        _edge(config, config.api, config.cdn, on_aws)


def _data_layer(config: StackConfig, on_aws: pulumi.ResourceOptions) -> None:
    """Describe PostgreSQL with the schema, the roles and the partitions of every tenant."""
    network = Network("network", NetworkArgs(config.network, config.database.port), on_aws)
    database = Database(
        "database",
        DatabaseArgs(
            stack=config.stack,
            config=config.database,
            capacity=config.partitions.capacity,
            subnet_ids=network.database_subnet_ids,
            security_group_id=network.database_security_group_id,
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
        ),
        on_aws,
    )
    _inside_database(config, database, address, connection)
    pulumi.export("database_reference", connection.reference)
    pulumi.export("database_endpoint", pulumi.Output.format("{0}:{1}", database.host, database.port))
    pulumi.export("database_resource_id", database.resource_id)
    pulumi.export("database_security_group_id", network.database_security_group_id)


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


def _edge(config: StackConfig, api: ApiConfig, cdn: CdnConfig, on_aws: pulumi.ResourceOptions) -> None:
    """Describe the distribution with its certificate, its records and its logs."""
    certificate_arn: pulumi.Input[str] | None = cdn.certificate_arn
    if cdn.hosted_zone_id and not certificate_arn:
        certificate_arn = EdgeCertificate(
            "certificate", EdgeCertificateArgs(cdn.aliases, cdn.hosted_zone_id), on_aws
        ).certificate_arn
    edge = Edge("edge", EdgeArgs(config.stack, config.region, api, cdn, certificate_arn), on_aws)
    if cdn.hosted_zone_id:
        EdgeRecords(
            "records",
            EdgeRecordsArgs(cdn.aliases, cdn.hosted_zone_id, edge.domain_name, edge.hosted_zone_id),
            on_aws,
        )
    logs = AccessLogs(
        "access-logs", AccessLogsArgs(config.stack, edge.distribution_arn, config.access_logs.retention_days), on_aws
    )
    pulumi.export("cdn_distribution_id", edge.distribution_id)
    pulumi.export("cdn_domain_name", edge.domain_name)
    pulumi.export("cdn_hosted_zone_id", edge.hosted_zone_id)
    pulumi.export("access_log_bucket", logs.bucket_name)
