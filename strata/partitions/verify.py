"""Registry, catalog and wanted shape compared, for every tenant or for one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from strata import sql
from strata.partitions.compare import TENANT_POLICIES, compare_row_level_security
from strata.partitions.inspect import compare_leaves, observe
from strata.partitions.layout import Layout, buckets, how_to_make_again
from strata.partitions.registry import RegistryDifference, find_registry_differences
from strata.partitions.render import leaves
from strata.partitions.statistics import read_partition_stats
from strata.partitions.tables import PARTITIONED_TABLES
from strata.tenants import partition_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from strata.database import Connection
    from strata.partitions.statistics import PartitionStats

    #: Called with how many tenants are done, and of how many.
    Report = Callable[[int, int], None]

#: A query for each tenant spends most of its time on the parents, which are the same for all.
_TENANTS_AT_ONCE: Final = 50


def find_all_differences(
    connection: Connection, layout: Layout, report: Report, tenant_id: str | None = None
) -> tuple[RegistryDifference, ...]:
    """Return how registry, catalog and the shape that partitions should have differ, and how to settle each.

    With all tenants, also row-level security of the tables and buckets that their partitions hang from.

    Args:
        connection: as the owner of the tables.
        layout: of the stack.
        report: called now and then.
        tenant_id: only this tenant's; then partitions that no tenant is known of are left out.
    """
    known = read_partition_stats(connection, tenant_id)
    found = [*find_registry_differences(connection, layout, tenant_id)]
    told = {difference.partition for difference in found}
    compared = [one for one in known if one.state == "active" and one.partition not in told]
    found += _shapes(connection, layout, compared, report)
    found += _missing(known)
    if tenant_id is None:
        found += _parents(connection, layout)
    return tuple(sorted(found, key=lambda difference: difference.partition))


def _missing(known: Sequence[PartitionStats]) -> Iterator[RegistryDifference]:
    """Yield the tables in which a tenant in service has no partition, and the registry knows of none."""
    tables: dict[str, set[str]] = defaultdict(set)
    for one in known:
        tables[one.tenant_id].add(one.table)
    leaving = {one.tenant_id for one in known if one.state != "active"}
    for tenant_id in tables.keys() - leaving:
        for table in set(PARTITIONED_TABLES) - tables[tenant_id]:
            name = partition_name(table, tenant_id)
            yield RegistryDifference(
                name, tenant_id, table, "active", "there is no such partition", "pulumi up --refresh creates it"
            )


def _parents(connection: Connection, layout: Layout) -> Iterator[RegistryDifference]:
    """Yield which of the partitioned tables and their buckets are not there, or not fenced as the migrations do it."""
    names = {
        f"{schema}.{sql.identifier(name)}": (schema, name, table, bucket)
        for table in PARTITIONED_TABLES
        for schema, name, bucket in (
            ("app", table, None),
            *(("partitions", one.name(table), one) for one in buckets(layout)),
        )
    }
    observed = observe(connection, names)
    for relation, (schema, name, table, bucket) in names.items():
        if relation not in observed:
            settle = how_to_make_again(table, bucket)
            yield RegistryDifference(name, None, table, None, "there is no such table", settle, schema)
            continue
        wanted = TENANT_POLICIES if schema == "app" else {}
        for found in compare_row_level_security(relation, observed[relation], wanted):
            yield RegistryDifference(name, None, table, None, found.what, found.settle, schema)


def _shapes(
    connection: Connection, layout: Layout, compared: list[PartitionStats], report: Report
) -> Iterator[RegistryDifference]:
    """Yield how partitions in service differ from their parents."""
    partitions = {(one.tenant_id, one.table): one for one in compared}
    tenants = list(dict.fromkeys(one.tenant_id for one in compared))
    for start in range(0, len(tenants), _TENANTS_AT_ONCE):
        some = tenants[start : start + _TENANTS_AT_ONCE]
        wanted = [leaf for tenant in some for leaf in leaves(tenant, layout) if (tenant, leaf.table) in partitions]
        for leaf, differences in compare_leaves(connection, wanted):
            one = partitions[leaf.tenant_id, leaf.table]
            for difference in differences or ():
                yield RegistryDifference(
                    one.partition, one.tenant_id, one.table, one.state, difference.what, difference.settle
                )
        report(start + len(some), len(tenants))
