"""The copy itself: the source is read and ordered once; then tenant by tenant, range by range.

Nothing is recorded on the way: a row that is there is found there. That costs some microseconds per row of a run that
goes on where another was killed, and no record can disagree with the rows, whatever was restored, dropped or onboarded
again in between.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.errors import InsufficientPrivilege

from strata import sql
from strata.database import connected
from strata.errors import StrataError
from strata.lock_retry import with_lock_retries
from strata.partitions.backfill.access import denied
from strata.partitions.backfill.errors import backfill_failure
from strata.partitions.backfill.moved import find_moved, with_moved
from strata.partitions.backfill.plan import Plan, make_plan
from strata.partitions.backfill.results import BackfillProgress, TableBackfill, TenantBackfill
from strata.partitions.backfill.source import Source
from strata.partitions.backfill.source_map import mapped, source_key
from strata.partitions.errors import not_active
from strata.partitions.onboard import ensure_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from strata.database import Connection
    from strata.partitions.backfill.source_map import TenantRange
    from strata.partitions.layout import Layout

    Report = Callable[[BackfillProgress], None]

BATCH_ROWS: Final = 10_000
#: How long one batch tries while others hold locks.
BATCH_LOCK_BUDGET_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Options:
    """How a backfill works.

    Args:
        ensure: give a tenant that has no partition one, of every table; else its rows are reported as failed.
        batch_rows: rows per transaction, at least 1.
        report: called after each batch.
    """

    ensure: bool = False
    batch_rows: int = BATCH_ROWS
    report: Report = lambda _: None

    def __post_init__(self) -> None:
        """Refuse what would never come to an end.

        Raises:
            ValueError: a batch without rows.
        """
        if self.batch_rows < 1:
            raise ValueError(f"batch_rows is {self.batch_rows}; allowed: 1 or more")


def backfill_tenant(
    database: str | Connection,
    tenant_id: str,
    table: str,
    source: str | Source,
    layout: Layout,
    options: Options | None = None,
) -> TenantBackfill:
    """Copy one tenant's rows of a source into its partition; what is there already is counted.

    A tenant that has neither a row nor a partition has failed: its id is likely misspelt. Rows of the partition that
    the source gives to another tenant by now are counted too; those that it has no more are not told from the
    application's.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        tenant_id: whose.
        table: the partitioned table.
        source: ``schema.table``, or all that must be said of it.
        layout: of the stack.
        options: how.

    Raises:
        BackfillSourceError, UnmappedRowsError: nothing was copied.
        BackfillBusyError, BackfillFailedError, BackfillInterruptedError: what was copied stays.
    """
    (found,) = _run(database, tenant_id, table, source, layout, options).tenants
    return found


def backfill_table(
    database: str | Connection, table: str, source: str | Source, layout: Layout, options: Options | None = None
) -> TableBackfill:
    """Copy all tenants' rows of a source into their partitions, tenant by tenant; what fails for one stops no other.

    But for a value that an expression of the source refuses, as the source is read once for all. Rows of the partitions
    that the source gives to another tenant by now are counted too; those that it has no more are not told from the
    application's.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        table: the partitioned table.
        source: ``schema.table``, or all that must be said of it.
        layout: of the stack.
        options: how.

    Raises:
        BackfillSourceError, UnmappedRowsError: nothing was copied.
        BackfillBusyError, BackfillFailedError, BackfillInterruptedError: what was copied stays.
    """
    return _run(database, None, table, source, layout, options)


def _run(
    database: str | Connection,
    tenant_id: str | None,
    table: str,
    source: str | Source,
    layout: Layout,
    options: Options | None,
) -> TableBackfill:
    named = Source(source) if isinstance(source, str) else source
    with connected(database) as connection:
        try:
            plan = make_plan(connection, table, named)
            with mapped(connection, plan, tenant_id) as ranges:
                moved = find_moved(connection, plan, tenant_id)
                copied = Copy(connection, plan, layout, options or Options()).run(ranges, tenant_id)
                return TableBackfill(table, named.table, with_moved(copied, moved, table))
        except InsufficientPrivilege as error:
            raise denied(connection, named, table, error) from error
        except psycopg.Error as error:
            raise backfill_failure(named.table, table, error, lost=connection.broken) from error


@dataclass(frozen=True)
class _State:
    """What the registry knows of a tenant: its state, and the place of its archive if it has one."""

    name: str
    archive_uri: str


class _TenantFailedError(StrataError):
    """Why the rest of a tenant's rows is not copied."""


class Copy:
    """One run over the map.

    Args:
        connection: that has the map, in autocommit.
        plan: how rows become rows.
        layout: of the stack.
        options: how.
    """

    def __init__(self, connection: Connection, plan: Plan, layout: Layout, options: Options) -> None:
        self.connection = connection
        self.plan = plan
        self.layout = layout
        self.options = options

    def run(self, ranges: Sequence[TenantRange], tenant_id: str | None = None) -> tuple[TenantBackfill, ...]:
        """Copy every tenant's range of the map, and return what became of each.

        Args:
            ranges: in order.
            tenant_id: the one that was asked for, which has a result even when the map holds no row of it.
        """
        known = self._query("states", table=self.plan.table).fetchall()
        states = {whose: _State(name, str(archive_uri)) for whose, name, archive_uri in known}
        if tenant_id is not None and not ranges:
            return (self._without_rows(tenant_id, states.get(tenant_id)),)
        started = time.monotonic()
        total = sum(each.rows for each in ranges)

        def report(whose: str, position: int) -> None:
            elapsed = time.monotonic() - started
            self.options.report(BackfillProgress(whose, self.plan.table, position, total, elapsed))

        results = []
        for each in ranges:
            results.append(self._tenant(each, states.get(each.tenant_id), report))
            report(each.tenant_id, each.last)
        return tuple(results)

    def _without_rows(self, tenant_id: str, state: _State | None) -> TenantBackfill:
        """Return that there is nothing to copy; of a tenant that nobody knows, that its id is likely misspelt."""
        nothing = TenantBackfill(tenant_id, self.plan.table, 0)
        if state is not None:
            return nothing
        unknown = _TenantFailedError(
            f"the tenant has no row in the source and no partition of {self.plan.table}",
            allowed="a tenant that has one of them, its id byte by byte as it is there",
            next_command="check the id (strata tenant list shows those that have partitions), and run again",
        )
        return replace(nothing, failed=str(unknown))

    def _tenant(self, whose: TenantRange, state: _State | None, report: Callable[[str, int], None]) -> TenantBackfill:
        """Copy one tenant's range, in ever smaller batches once a row is refused, so that this row is named."""
        tenant_id, last = whose.tenant_id, whose.last
        done = TenantBackfill(tenant_id, self.plan.table, whose.rows)
        position, batch_rows = whose.first, self.options.batch_rows
        try:
            self._require_partition(tenant_id, state)
            while position < last:
                end = min(position + batch_rows, last)
                try:
                    copied, there, conflicting = self._retried(tenant_id, position, end)
                except (psycopg.IntegrityError, psycopg.DataError) as refusal:
                    if end - position == 1:
                        raise self._refused(refusal, f"at the row with {self._key(end)}") from refusal
                    batch_rows = (end - position) // 2
                    continue
                except psycopg.Error as refusal:
                    if self.connection.broken:
                        raise
                    raise self._refused(refusal, f"from the row with {self._key(position + 1)} on") from refusal
                done = replace(
                    done,
                    copied=done.copied + copied,
                    already_there=done.already_there + there,
                    conflicting=done.conflicting + conflicting,
                )
                position = end
                report(tenant_id, position)
        except StrataError as failure:
            return replace(done, failed=str(failure))
        return done

    def _require_partition(self, tenant_id: str, state: _State | None) -> None:
        if state is not None and state.name != "active":
            raise not_active(tenant_id, state.name, state.archive_uri)
        if state is not None:
            return
        if not self.options.ensure:
            raise _TenantFailedError(
                f"the tenant has no partition of {self.plan.table}",
                allowed="tenants that are active, or none yet when ensure is given",
                next_command="add it to the config and pulumi up; then run again",
            )
        ensure_tenant(self.connection, tenant_id, self.layout)

    def _retried(self, tenant_id: str, first: int, last: int) -> tuple[int, int, int]:
        return with_lock_retries(
            self.connection,
            lambda: self.batch(tenant_id, first, last),
            BATCH_LOCK_BUDGET_SECONDS,
            lambda error: self._refused(error, f"from the row with {self._key(first + 1)} on"),
        )

    def batch(self, tenant_id: str, first: int, last: int) -> tuple[int, int, int]:
        """Copy one range in one transaction and return how many rows are copied, were there, and are in conflict."""
        where = {"plan": self.plan, "tenant_id": tenant_id, "first": first, "last": last}
        with self.connection.transaction():
            ((copied, positions),) = self._query("copy_batch", **where).fetchall()
            if copied == last - first:
                return copied, 0, 0
            # A statement of its own sees what others have committed while the first one waited for them.
            ((there,),) = self._query("compare_batch", **where, copied=positions).fetchall()
            return copied, there, last - first - copied - there

    def _refused(self, error: psycopg.Error, where: str) -> _TenantFailedError:
        # The server's detail is left out: it quotes the row.
        return _TenantFailedError(
            f"{error.sqlstate}: {error.diag.message_primary or ' '.join(str(error).split())}, {where}",
            next_command="settle what it says, and run again: what is there is found there",
        )

    def _key(self, position: int) -> str:
        return source_key(self.connection, self.plan, position)

    def _query(self, template: str, **values: object) -> psycopg.Cursor[tuple[Any, ...]]:
        return self.connection.execute(sql.render(f"backfill/{template}.sql.j2", **values))
