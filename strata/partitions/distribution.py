"""How rows and bytes are spread over tenants: the figures that say whether one of them outgrows the others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strata.partitions.statistics import total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from strata.partitions.statistics import PartitionStats

#: How many tenants `Spread.top_share` is the share of.
TOP_TENANTS = 10


@dataclass(frozen=True)
class TenantShare:
    """One tenant's part of a table, or of all.

    Args:
        tenant_id: whose.
        rows: estimate; None when one of its partitions was never analyzed.
        bytes: None when one of its partitions has no known size.
        row_share: of all known rows, 0 to 1; None when `rows` is, or when there are none at all.
        byte_share: of all known bytes, likewise.
    """

    tenant_id: str
    rows: int | None
    bytes: int | None
    row_share: float | None
    byte_share: float | None


@dataclass(frozen=True)
class Spread:
    """How one quantity is spread over the tenants whose part of it is known.

    Args:
        total: of all known.
        known_tenants: how many it is known of.
        unknown_tenants: how many it is not known of; they are in no other figure.
        median: half of the tenants have at most this much; None when nothing is known.
        largest: the most that one tenant has; None when nothing is known.
        top_share: what the `TOP_TENANTS` largest have of the total, 0 to 1; None when the total is 0.
        gini: coefficient of Gini: 0 when all have the same, close to 1 when one has all; None when the total is 0.
    """

    total: int
    known_tenants: int
    unknown_tenants: int
    median: int | None
    largest: int | None
    top_share: float | None
    gini: float | None


@dataclass(frozen=True)
class SizeOrigin:
    """Where the sizes of partitions are from.

    Args:
        measured: how many are what a refresh found the files to have.
        not_measured: how many are the planner's own, or of a partition without a page.
        measured_since: when the first of the measured ones was found; None when there is none.
    """

    measured: int
    not_measured: int
    measured_since: datetime | None

    def __str__(self) -> str:
        since = "" if self.measured_since is None else f" since {self.measured_since:%Y-%m-%d %H:%M %Z}"
        return f"{self.measured:,} measured{since}, {self.not_measured:,} estimated or empty"


@dataclass(frozen=True)
class PartitionDistribution:
    """Who has how much of a table, or of all tables together.

    Args:
        table: the partitioned table; None for all together.
        rows: how rows are spread.
        bytes: how bytes are spread.
        tenants: each tenant that has partitions, the largest first; those without a known size last.
        sizes: where they are from.
    """

    table: str | None
    rows: Spread
    bytes: Spread
    tenants: tuple[TenantShare, ...]
    sizes: SizeOrigin


def distribution(table: str | None, stats: Iterable[PartitionStats]) -> PartitionDistribution:
    """Return the distribution of what the statistics tell, without partitions that are in an archive only."""
    by_tenant: dict[str, list[PartitionStats]] = defaultdict(list)
    for each in stats:
        if each.state != "archived":
            by_tenant[each.tenant_id].append(each)
    rows = {tenant_id: total(each.rows for each in group) for tenant_id, group in by_tenant.items()}
    sizes = {tenant_id: total(each.bytes for each in group) for tenant_id, group in by_tenant.items()}
    row_spread, byte_spread = spread(list(rows.values())), spread(list(sizes.values()))
    shares = [
        TenantShare(
            tenant_id,
            rows[tenant_id],
            sizes[tenant_id],
            _share(rows[tenant_id], row_spread.total),
            _share(sizes[tenant_id], byte_spread.total),
        )
        for tenant_id in by_tenant
    ]
    present = [each for group in by_tenant.values() for each in group]
    return PartitionDistribution(
        table, row_spread, byte_spread, tuple(sorted(shares, key=_largest_first)), size_origin(present)
    )


def size_origin(stats: Iterable[PartitionStats]) -> SizeOrigin:
    """Return where the known sizes of partitions are from."""
    found = [each.bytes_measured_at for each in stats if each.bytes is not None]
    measured = [when for when in found if when is not None]
    return SizeOrigin(len(measured), len(found) - len(measured), min(measured, default=None))


def spread(amounts: Sequence[int | None]) -> Spread:
    """Return how amounts of tenants are spread; None is an amount that nobody knows."""
    known = sorted(amount for amount in amounts if amount is not None)
    total = sum(known)
    return Spread(
        total,
        len(known),
        len(amounts) - len(known),
        known[(len(known) - 1) // 2] if known else None,
        known[-1] if known else None,
        sum(known[-TOP_TENANTS:]) / total if total else None,
        _gini(known, total) if total else None,
    )


def _gini(ascending: Sequence[int], total: int) -> float:
    """Return half of the relative mean difference, from amounts in ascending order (Dixon et al., 1987)."""
    count = len(ascending)
    weighted = sum(rank * amount for rank, amount in enumerate(ascending, start=1))
    return 2 * weighted / (count * total) - (count + 1) / count


def _share(amount: int | None, total: int) -> float | None:
    return None if amount is None or not total else amount / total


def _largest_first(share: TenantShare) -> tuple[bool, int, int, str]:
    return share.bytes is None, -(share.bytes or 0), -(share.rows or 0), share.tenant_id
