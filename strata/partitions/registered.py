"""What the registry knows of tenants: which partitions they should have, how far each is, and where archives are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from strata.errors import StrataError
from strata.partitions.statistics import PartitionStats, read_partition_stats, total
from strata.tenant_command import tenant_command
from strata.tenants import tenant_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.database import Connection

#: Of a partition, in the order of a tenant's life.
STATES: Final = ("active", "offboarding", "detached", "verified", "archived", "restoring")
#: Those of a removal that has begun.
LEAVING: Final = frozenset({"offboarding", "detached", "verified"})


class UnknownTenantError(StrataError):
    """The registry knows no tenant of this id."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(
            "no such tenant in this database",
            where={"tenant": tenant_id},
            allowed="a tenant that strata tenant list names",
            next_command=f"{tenant_command('add', tenant_id)}, then pulumi up, to make it",
        )
        self.tenant_id = tenant_id


@dataclass(frozen=True)
class RegisteredTenant:
    """All that the registry knows of a tenant; at least one partition."""

    tenant_id: str
    partitions: tuple[PartitionStats, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """The states of its partitions, each once, in the order of a tenant's life."""
        found = {partition.state for partition in self.partitions}
        return tuple(state for state in STATES if state in found)

    @property
    def archive_uri(self) -> str | None:
        """Where its archive is."""
        return next((partition.archive_uri for partition in self.partitions if partition.archive_uri), None)

    @property
    def rows(self) -> int | None:
        """Rows of the partitions that are there; None when those of one are unknown, or when none is there."""
        return total(partition.rows for partition in self._present)

    @property
    def bytes(self) -> int | None:
        """Bytes of the partitions that are there; None when those of one are unknown, or when none is there."""
        return total(partition.bytes for partition in self._present)

    @property
    def _present(self) -> Iterator[PartitionStats]:
        return (partition for partition in self.partitions if partition.state != "archived")


def registered_tenants(connection: Connection, tenant_id: str | None = None) -> tuple[RegisteredTenant, ...]:
    """Return every tenant of the registry, or the one that is asked for, ordered by id."""
    stats = read_partition_stats(connection, tenant_id)
    return tuple(RegisteredTenant(found, tuple(each)) for found, each in groupby(stats, attrgetter("tenant_id")))


def registered_tenant(connection: Connection, tenant_id: str) -> RegisteredTenant:
    """Return what the registry knows of a tenant.

    Raises:
        TenantIdError: no tenant can have this id.
        UnknownTenantError: nothing.
    """
    tenant_bytes(tenant_id)
    found = registered_tenants(connection, tenant_id)
    if not found:
        raise UnknownTenantError(tenant_id)
    return found[0]
