"""What a stack file says, as frozen values with its defaults filled in."""

from dataclasses import dataclass
from typing import Literal

from infra.config.sections.alarms import AlarmsConfig
from infra.config.sections.database import DatabaseConfig
from infra.config.sections.edge import AccessLogsConfig, ApiConfig, CdnConfig
from infra.config.sections.network import NetworkConfig
from infra.config.sections.partitions import PartitionsConfig
from strata.environments.names import Purpose


@dataclass(frozen=True)
class Tenant:
    """A tenant of the stack.

    Args:
        id: the tenant's id.
        state: ``active`` protects its partitions, ``offboarding`` lifts that.
        on_remove: what removing the entry does with the rows: ``archive`` or ``drop``.
    """

    id: str
    state: Literal["active", "offboarding"] = "active"
    on_remove: Literal["archive", "drop"] = "archive"


@dataclass(frozen=True)
class StackConfig:
    """All that a stack file says, with its defaults filled in."""

    stack: str
    region: str
    purpose: Purpose
    tenants: tuple[Tenant, ...]
    partitions: PartitionsConfig
    database: DatabaseConfig
    network: NetworkConfig
    api: ApiConfig | None
    cdn: CdnConfig
    access_logs: AccessLogsConfig
    alarms: AlarmsConfig
