"""The operations of a tenant's life: how each is arranged, run, and what must be so when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.archives.abandon import abandon_restore
from strata.archives.errors import ArchivePausedError, NotArchivedError
from strata.archives.forget import forget_tenant
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.archives.restore_errors import NotRestoringError
from strata.database import connect_as_deployer
from strata.errors import StrataError
from strata.partitions.backfill.copy import Options, backfill_table
from strata.partitions.backfill.source import Source
from strata.partitions.offboard import drop_tenant
from strata.partitions.onboard import ensure_tenant
from strata.partitions.render import leaves
from strata.partitions.statistics import refresh_partition_stats
from tests.strata.faults.world import BACKFILLED, BEFORE, OTHER, REFERENCE, ROWS, TENANT, World

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Operation:
    """One operation.

    Args:
        name: as the report shows it.
        arrange: makes, in a world without the tenant, what the operation begins with.
        run: does it, by the reference that the world's database has; the number of the attempt.
        check: what must be so in the end.
    """

    name: str
    arrange: Callable[[World], None]
    run: Callable[[World, int], object]
    check: Callable[[World], None]


def _nothing(_world: World) -> None:
    """A tenant that is not there."""


def _ensure(world: World, _attempt: int) -> None:
    ensure_tenant(REFERENCE, TENANT, world.layout)


def _check_onboarded(world: World) -> None:
    """The new tenant has empty partitions, and they take rows."""
    world.before = world.rows(TENANT)
    assert all(rows.endswith(b"\xff\xff") and len(rows) == 21 for rows in world.before.values())  # header and trailer
    world.check({"active"})


def _to_be_adopted(world: World) -> None:
    """Partitions nearly as they should be: one missing, one detached, one without its CHECK, none registered."""
    world.onboard()
    payments, invoices, audit_logs, webhook_logs = leaves(TENANT, world.layout)
    world.sql.execute("DELETE FROM strata.tenant_partitions WHERE tenant_id = %s", (TENANT,))
    world.sql.execute(f"ALTER TABLE {payments.qualified_parent} DETACH PARTITION {payments.qualified_name}")
    if world.layout == "bucketed":
        world.sql.execute(f"ALTER TABLE {payments.qualified_name} DISABLE ROW LEVEL SECURITY")
    world.sql.execute(f"ALTER TABLE {invoices.qualified_name} DROP CONSTRAINT strata_tenant_ck")
    world.sql.execute(f"ALTER TABLE {audit_logs.qualified_name} DISABLE ROW LEVEL SECURITY")
    world.sql.execute(f"DROP TABLE {webhook_logs.qualified_name}")


def _drop(world: World, _attempt: int) -> None:
    drop_tenant(REFERENCE, TENANT, world.layout)


def _archive(world: World, attempt: int) -> None:
    archive_tenant(REFERENCE, TENANT, world.layout, world.place(attempt), _report)


def _check_archived(world: World) -> None:
    world.check({"archived"})
    world.check_archive()


def _archived(world: World) -> None:
    """An archived tenant; one archive serves all cases, since a restore only reads it."""
    if world.archive is None:
        world.onboard()
        world.archive = world.place(0)
        world.archived = world.before
        archive_tenant(world.sql, TENANT, world.layout, world.archive, _report)
        return
    world.before = world.archived
    for leaf in leaves(TENANT, world.layout):
        world.sql.execute(
            "INSERT INTO strata.tenant_partitions"
            " (tenant_id, table_name, partition_name, state, archived_at, archive_uri)"
            " VALUES (%s, %s, %s, 'archived', now(), %s)",
            (TENANT, leaf.table, leaf.name, world.archive.uri),
        )


def _restore(world: World, _attempt: int) -> None:
    restored = restore_tenant(REFERENCE, world.archive, world.layout, _report)
    assert restored.rows == {"webhook_logs": 0, **ROWS}


def _archived_before(world: World) -> None:
    """An archive of a tenant of another name, with the rows that ours is to have."""
    if world.archive_before is None:
        world.onboard()
        world.archive_before, world.renamed = world.place(0), world.before
        ensure_tenant(world.sql, BEFORE, world.layout)
        world.give_rows(BEFORE)
        archive_tenant(world.sql, BEFORE, world.layout, world.archive_before, _report)
        forget_tenant(world.sql, BEFORE)
        drop_tenant(world.sql, TENANT, world.layout)
    world.before = world.renamed


def _restore_renamed(world: World, _attempt: int) -> None:
    restored = restore_tenant(REFERENCE, world.archive_before, world.layout, _report, tenant_id=TENANT)
    assert restored.rows == {"webhook_logs": 0, **ROWS}


def _half_restored(world: World) -> None:
    """An archived tenant whose restore has begun."""
    _archived(world)
    try:
        restore_tenant(world.sql, world.archive, world.layout, _report, budget_seconds=0)
    except ArchivePausedError:
        return
    raise AssertionError("a restore without any time has ended")


def _abandon(world: World, attempt: int) -> None:
    """Whoever asks again, since no answer came, hears that there is nothing to give up."""
    try:
        abandon_restore(REFERENCE, TENANT, world.layout)
    except NotRestoringError:
        if attempt == 0:
            raise


def _check_abandoned(world: World) -> None:
    """The tenant is archived as before, and comes back as ever."""
    world.check({"archived"})
    _restore(world, 0)
    world.check({"active"})


def _forget(_world: World, attempt: int) -> None:
    """Whoever asks again, since no answer came, hears that there is nothing to forget."""
    try:
        forget_tenant(REFERENCE, TENANT)
    except NotArchivedError:
        if attempt == 0:
            raise


def _check_forgotten(world: World) -> None:
    """Nothing is known of the tenant any more, and its archive is read as ever."""
    world.check(set())
    restored = restore_tenant(world.sql, world.archive, world.layout, _report)
    assert restored.rows == {"webhook_logs": 0, **ROWS}
    assert world.rows(TENANT) == world.archived


class _LeftOverError(StrataError):
    """A backfill that has told of a failed tenant instead of raising."""


def _backfilled(world: World) -> None:
    """A source with rows of a tenant that has no partition yet."""
    if not world.backfilled:
        world.onboard()
        world.make_source()
        drop_tenant(world.sql, TENANT, world.layout)
        ensure_tenant(world.sql, TENANT, world.layout)
        world.backfilled = {**world.rows(TENANT), BACKFILLED: world.before[BACKFILLED]}
        drop_tenant(world.sql, TENANT, world.layout)
    world.before = world.backfilled


def _backfill(world: World, _attempt: int) -> None:
    done = backfill_table(
        REFERENCE, BACKFILLED, Source(f"legacy.{BACKFILLED}"), world.layout, Options(ensure=True, batch_rows=2)
    )
    (tenant,) = done.tenants
    if not done.is_complete:
        raise _LeftOverError(str(tenant.failed))
    assert (tenant.copied + tenant.already_there, tenant.rows) == (ROWS[BACKFILLED],) * 2


def _analyzed(world: World) -> None:
    """A tenant that the planner knows, and the registry does not yet."""
    world.onboard()
    for leaf in (*leaves(TENANT, world.layout), *leaves(OTHER, world.layout)):
        world.sql.execute(f"ANALYZE {leaf.qualified_name}")
    world.sql.execute("UPDATE strata.tenant_partitions SET row_estimate = NULL")


def _refresh(_world: World, _attempt: int) -> None:
    with connect_as_deployer(REFERENCE) as connection:
        refresh_partition_stats(connection, with_sizes=True)


def _check_refreshed(world: World) -> None:
    world.check({"active"})
    query = "SELECT table_name, row_estimate FROM strata.tenant_partitions WHERE tenant_id = %s"
    for tenant_id in (TENANT, OTHER):
        assert dict(world.sql.execute(query, (tenant_id,)).fetchall()) == {"webhook_logs": 0, **ROWS}


def _report(_table: str, _rows: int) -> None:
    """Nobody watches."""


OPERATIONS: Final = (
    Operation("onboard", _nothing, _ensure, _check_onboarded),
    Operation("adopt", _to_be_adopted, _ensure, lambda world: world.check({"active"})),
    Operation("offboard, drop", World.onboard, _drop, lambda world: world.check(set())),
    Operation("offboard, archive", World.onboard, _archive, _check_archived),
    Operation("restore", _archived, _restore, lambda world: world.check({"active"})),
    Operation("restore renamed", _archived_before, _restore_renamed, lambda world: world.check({"active"})),
    Operation("abandon a restore", _half_restored, _abandon, _check_abandoned),
    Operation("forget", _archived, _forget, _check_forgotten),
    Operation("backfill", _backfilled, _backfill, lambda world: world.check({"active"})),
    Operation("refresh statistics", _analyzed, _refresh, _check_refreshed),
)
