"""What operators do with partitions between deploys, behind one door; each method is a function of its own module."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from strata.database import connected
from strata.errors import StrataError
from strata.partitions import distribution, metrics, offboard, onboard, registry, statistics
from strata.partitions.backfill import copy
from strata.partitions.layout import require_layout
from strata.tenants import tenant_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.database import Connection
    from strata.partitions.backfill.results import TableBackfill, TenantBackfill
    from strata.partitions.backfill.source import Source
    from strata.partitions.layout import Layout


class DropNotConfirmedError(StrataError):
    """A drop without the tenant's id beside it: its rows would be gone for good."""

    def __init__(self, tenant_id: str, confirm: str | None) -> None:
        super().__init__(
            "dropping a tenant's partitions drops all its rows, and keeps no archive",
            where={"tenant": tenant_id, "confirm": confirm},
            allowed=f"confirm={tenant_id!r}",
            next_command="say it again with its id, or archive the tenant instead",
        )
        self.tenant_id = tenant_id
        self.confirm = confirm


class PartitionManager:
    """The partitions of one stack; every method is safe to call twice, and from several threads and processes at once.

    Args:
        database: a reference, for which each call has a connection of its own; or a connection in autocommit that acts
            as the owner of the tables, for one thread at a time; another one is a
            `strata.callers_connection.ConnectionNotFreeError`.
        layout: of the stack.
    """

    def __init__(self, database: str | Connection, layout: Layout) -> None:
        self.database = database
        self.layout = layout

    def ensure_partitions_for_tenant(self, tenant: str) -> onboard.TenantPartitions:
        """Give the tenant a partition of every table, all or none; what exists is verified, mended and adopted.

        Raises:
            StrataError: as `strata.partitions.onboard.ensure_tenant`.
        """
        with self._opened() as connection:
            return onboard.ensure_tenant(connection, tenant, self.layout)

    def drop_tenant_partitions(self, tenant: str, *, confirm: str | None = None) -> offboard.DroppedTenant:
        """Drop the tenant's partitions and all their rows, without making others wait; what is gone is no error.

        Args:
            tenant: whose.
            confirm: the same id again. `strata.archives.remove.archive_tenant` keeps the rows, and asks for none.

        Raises:
            DropNotConfirmedError: `confirm` is not the tenant's id; nothing was changed.
            StrataError: as `strata.partitions.offboard.drop_tenant`.
        """
        if confirm != tenant:
            raise DropNotConfirmedError(tenant, confirm)
        with self._opened() as connection:
            return offboard.drop_tenant(connection, tenant, self.layout)

    def refresh_partition_stats(self, *, with_sizes: bool = False) -> int:
        """Copy the catalog's figures into the registry and return how many of its rows changed.

        Args:
            with_sizes: measure every partition's files too, which is 20 times dearer.

        Raises:
            StatisticsBusyError: another refresh is not done, or a partition is locked against all.
            StatisticsFailedError: PostgreSQL refused, or the connection broke; the same again is safe.
        """
        with connected(self.database) as connection:
            return statistics.refresh_partition_stats(connection, with_sizes=with_sizes)

    def get_partition_stats(
        self, tenant: str | None = None, table: str | None = None, *, refresh: bool = True
    ) -> tuple[statistics.PartitionStats, ...]:
        """Return rows, bytes and state of each partition, ordered by tenant and table.

        Args:
            tenant: only this tenant's.
            table: only of this partitioned table.
            refresh: bring the registry up to date first, without measuring sizes; else as of the last refresh.

        Raises:
            TenantIdError: the id cannot be a partition key.
            StatisticsBusyError, StatisticsFailedError: as `refresh_partition_stats`.
        """
        with connected(self.database) as connection:
            if refresh:
                statistics.refresh_partition_stats(connection)
            return statistics.read_partition_stats(connection, tenant, table)

    def get_partition_distribution(
        self, table: str | None = None, *, refresh: bool = True
    ) -> distribution.PartitionDistribution:
        """Return how rows and bytes are spread over the tenants.

        Args:
            table: of this partitioned table; of all together when None.
            refresh: as for `get_partition_stats`.

        Raises:
            StatisticsBusyError, StatisticsFailedError: as `refresh_partition_stats`.
        """
        return distribution.distribution(table, self.get_partition_stats(table=table, refresh=refresh))

    def get_query_metrics(self, tenant: str, table: str) -> metrics.TableQueryMetrics:
        """Return how the tenant's typical queries of a table are planned and answered; nothing is ever written.

        Raises:
            TenantIdError: the id cannot be a partition key.
            UnknownTableError: the table is none of the partitioned ones.
            QueryMetricsTimeoutError: a partition is locked against all, or planning took longer than the limit.
            QueryMetricsFailedError: PostgreSQL refused, or the connection broke.
        """
        with connected(self.database) as connection:
            return metrics.query_metrics(connection, tenant, table)

    def find_registry_differences(self) -> tuple[registry.RegistryDifference, ...]:
        """Return all that the registry and the catalog do not agree on; nothing when they agree."""
        with self._opened() as connection:
            return registry.find_registry_differences(connection, self.layout)

    def migrate_existing_tenant_data(
        self, tenant: str, table: str, *, source: str | Source, options: copy.Options | None = None
    ) -> TenantBackfill:
        """Copy one tenant's rows of an unpartitioned table into its partition; what is there already is counted.

        A tenant that has neither a row nor a partition has failed: its id is likely misspelt. Rows of its partition
        that the source gives to another tenant now are counted as moved, and stay where they are.

        Args:
            tenant: whose.
            table: the partitioned table.
            source: ``schema.table``, or all that must be said of it.
            options: rows per batch, progress, and whether a tenant without partitions is given some.

        Raises:
            TenantIdError: the id cannot be a partition key.
            BackfillSourceError, UnmappedRowsError: nothing was copied.
            BackfillBusyError, BackfillFailedError, BackfillInterruptedError: what was copied stays.
        """
        tenant_bytes(tenant)
        with self._opened() as connection:
            return copy.backfill_tenant(connection, tenant, table, source, self.layout, options)

    def migrate_all_tenants(
        self, table: str, *, source: str | Source, options: copy.Options | None = None
    ) -> TableBackfill:
        """Copy all tenants' rows of an unpartitioned table into their partitions, tenant by tenant.

        What fails for one tenant stops no other, and is in that tenant's result; but for a value that an expression of
        the source refuses, as the source is read once for all. A row that the source gives to another tenant now is
        counted as moved, in the result of the tenant that still has it.

        Args:
            table: the partitioned table.
            source: ``schema.table``, or all that must be said of it.
            options: as for `migrate_existing_tenant_data`.

        Raises:
            BackfillSourceError, UnmappedRowsError: nothing was copied.
            BackfillBusyError, BackfillFailedError, BackfillInterruptedError: what was copied stays.
        """
        with self._opened() as connection:
            return copy.backfill_table(connection, table, source, self.layout, options)

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        """Give a connection to tables that are made in this layout.

        Raises:
            LayoutMismatchError: they are made in the other one.
            LayoutUnreadableError: PostgreSQL refused, or the connection broke.
        """
        with connected(self.database) as connection:
            require_layout(connection, self.layout)
            yield connection
