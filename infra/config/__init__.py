"""A stack's config, parsed once into frozen values; every problem of the stack file is reported at once.

Only `read_pulumi_config` knows Pulumi, and nothing here knows the network.
"""

from infra.config.load import PulumiConfig, load, read_pulumi_config
from infra.config.problems import ConfigError, ConfigProblem
from infra.config.values import (
    AccessLogsConfig,
    AlarmsConfig,
    ApiConfig,
    CdnConfig,
    DatabaseConfig,
    ExistingDatabaseConfig,
    ExistingNetworkConfig,
    NetworkConfig,
    NewNetworkConfig,
    PartitionsConfig,
    StackConfig,
    Tenant,
)

__all__ = [
    "AccessLogsConfig",
    "AlarmsConfig",
    "ApiConfig",
    "CdnConfig",
    "ConfigError",
    "ConfigProblem",
    "DatabaseConfig",
    "ExistingDatabaseConfig",
    "ExistingNetworkConfig",
    "NetworkConfig",
    "NewNetworkConfig",
    "PartitionsConfig",
    "PulumiConfig",
    "StackConfig",
    "Tenant",
    "load",
    "read_pulumi_config",
]
