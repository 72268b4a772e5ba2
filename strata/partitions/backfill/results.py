"""What a backfill has done, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TenantBackfill:
    """One tenant's rows of one table.

    Args:
        tenant_id: whose.
        table: the partitioned table.
        rows: how many the source has.
        copied: by this run.
        already_there: equal in every copied column, from an earlier run or from another one at the same time.
        conflicting: not copied, because another row has the key, or a value that is unique; which one is left as it is.
        failed: why the rest was not copied; None when nothing stood in the way.
        moved: rows of the partition whose keys the source gives to other tenants alone, as it did not when they were
            copied; they are left as they are. Rows that the source has no more are not among them: nothing tells them
            from rows that the application has written.
        moved_example: the key of one of these.
    """

    tenant_id: str
    table: str
    rows: int
    copied: int = 0
    already_there: int = 0
    conflicting: int = 0
    failed: str | None = None
    moved: int = 0
    moved_example: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every row of the source is in the partition, as it is in the source, and none that is another's."""
        return self.failed is None and not self.conflicting and not self.moved


@dataclass(frozen=True)
class TableBackfill:
    """All tenants' rows of one table, in the order of their ids."""

    table: str
    source: str
    tenants: tuple[TenantBackfill, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every row of the source is in its partition, as it is in the source, and in no other tenant's."""
        return all(tenant.is_complete for tenant in self.tenants)


@dataclass(frozen=True)
class BackfillProgress:
    """How far a run is.

    Args:
        tenant_id: whose rows it is at.
        table: the partitioned table.
        rows: how many of the source it has behind it: copied, found there, in conflict or given up.
        total_rows: how many there are.
        elapsed_seconds: since the first batch.
    """

    tenant_id: str
    table: str
    rows: int
    total_rows: int
    elapsed_seconds: float

    @property
    def rows_per_second(self) -> float:
        """The pace so far."""
        return self.rows / self.elapsed_seconds if self.elapsed_seconds else 0.0
