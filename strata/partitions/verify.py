"""Registry, catalog and wanted shape compared, for every tenant or for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.partitions.inspect import inspect_tenant
from strata.partitions.registry import RegistryDifference, find_registry_differences
from strata.partitions.statistics import read_partition_stats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from strata.database import Connection
    from strata.partitions.layout import Layout
    from strata.partitions.statistics import PartitionStats

    #: Called with how many tenants are done, and of how many.
    Report = Callable[[int, int], None]


def find_all_differences(
    connection: Connection, layout: Layout, report: Report, tenant_id: str | None = None
) -> tuple[RegistryDifference, ...]:
    """Return how registry, catalog and the shape that partitions should have differ, and how to settle each.

    Args:
        connection: as the owner of the tables.
        layout: of the stack.
        report: called after each tenant: a shape takes a query of its own.
        tenant_id: only this tenant's; then partitions that no tenant is known of are left out.
    """
    known = read_partition_stats(connection, tenant_id)
    found = [
        difference
        for difference in find_registry_differences(connection, layout)
        if tenant_id is None or difference.tenant_id == tenant_id
    ]
    told = {difference.partition for difference in found}
    compared = [one for one in known if one.state == "active" and one.partition not in told]
    found += _shapes(connection, layout, compared, report)
    return tuple(sorted(found, key=lambda difference: difference.partition))


def _shapes(
    connection: Connection, layout: Layout, compared: list[PartitionStats], report: Report
) -> Iterator[RegistryDifference]:
    """Yield how partitions in service differ from their parents."""
    partitions = {(one.tenant_id, one.table): one for one in compared}
    tenants = list(dict.fromkeys(one.tenant_id for one in compared))
    for done, tenant_id in enumerate(tenants, start=1):
        for table, differences in inspect_tenant(connection, tenant_id, layout).differences.items():
            one = partitions.get((tenant_id, table))
            if one is not None:
                yield from (_difference(one, difference) for difference in differences)
        report(done, len(tenants))


def _difference(one: PartitionStats, message: str) -> RegistryDifference:
    what, _, settle = message.partition("; settle: ")
    return RegistryDifference(one.partition, one.tenant_id, one.table, one.state, what, settle)
