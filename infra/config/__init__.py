"""A stack's config, parsed once into frozen values; every problem of the stack file is reported at once.

Only `read_pulumi_config` knows Pulumi, and nothing here knows the network.
"""

from infra.config.load import PulumiConfig, load, read_pulumi_config
from infra.config.problems import ConfigError, ConfigProblem
from infra.config.sections.alarms import AlarmsConfig
from infra.config.sections.database import DatabaseConfig, ExistingDatabaseConfig
from infra.config.sections.edge import AccessLogsConfig, ApiConfig, CdnConfig
from infra.config.sections.network import ExistingNetworkConfig, NetworkConfig, NewNetworkConfig
from infra.config.sections.partitions import PartitionsConfig
from infra.config.values import StackConfig, Tenant

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
