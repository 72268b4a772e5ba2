"""Onboarding: one transaction that gives a tenant its partitions, or verifies and adopts what is there.

Two round trips: the first takes the lock and looks, the second creates and commits. Nothing in it waits for, or makes
wait, another tenant's readers and writers.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import psycopg

from strata import sql
from strata.advisory_locks import ONBOARD_KEY
from strata.database import connected
from strata.lock_retry import roll_back, with_lock_retries
from strata.partitions import errors
from strata.partitions.blockers import find_blockers
from strata.partitions.inspect import find_differences, wanted_digests
from strata.partitions.layout import BUCKETS, Layout, bucket_of
from strata.partitions.render import Leaf, leaves, render_onboarding, render_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from strata.database import Connection

#: How long one tenant's onboarding tries in all; the engine's queued calls end at 30 minutes.
ONBOARDING_BUDGET_SECONDS: Final = 300.0


@dataclass(frozen=True)
class TenantPartitions:
    """A tenant's partitions, all as they should be.

    Args:
        tenant_id: whose.
        partitions: name by table.
        digests: digest by table, equal to `strata.partitions.inspect.wanted_digests`.
    """

    tenant_id: str
    partitions: dict[str, str]
    digests: dict[str, str]


@dataclass(frozen=True)
class _Onboarding:
    """All that is known before the database is asked, and which leaves the attempts have found in need of a mend."""

    tenant_id: str
    leaves: tuple[Leaf, ...]
    begin: str
    statements: Mapping[str, str]
    mended: set[Leaf] = field(default_factory=set)


def ensure_tenant(
    database: str | Connection, tenant_id: str, layout: Layout, budget_seconds: float = ONBOARDING_BUDGET_SECONDS
) -> TenantPartitions:
    """Give the tenant a partition of every table, all or none; what exists is verified, mended and adopted.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        tenant_id: whose partitions.
        layout: of the stack.
        budget_seconds: how long to try in all while others hold locks.

    Raises:
        TenantIdError: the id cannot be a partition key.
        PartitionMismatchError: something exists that only a person can settle; nothing was changed.
        TenantOffboardingError: the tenant is on its way out.
        TenantArchivedError: the tenant is in an archive, or on its way back from there.
        OnboardingTimeoutError: others held locks for the whole budget; nothing was changed.
        OnboardingFailedError: PostgreSQL refused; nothing was changed.
        ConnectionLostError: the connection broke; all or nothing was made.
    """
    onboarding = _prepared(tenant_id, layout)
    with connected(database) as connection:
        try:
            with_lock_retries(
                connection,
                partial(_onboard, connection, onboarding),
                budget_seconds,
                partial(_out_of_time, connection, onboarding, budget_seconds),
            )
        except psycopg.Error as error:
            raise errors.onboarding_failure(tenant_id, error, lost=connection.broken) from error
    return TenantPartitions(
        tenant_id, {leaf.table: leaf.name for leaf in onboarding.leaves}, wanted_digests(tenant_id, layout)
    )


def _prepared(tenant_id: str, layout: Layout) -> _Onboarding:
    wanted = leaves(tenant_id, layout)
    begin = sql.render(
        "partitions/begin_onboarding.sql.j2",
        onboard_key=ONBOARD_KEY,
        tenant_id=tenant_id,
        leaves=wanted,
        modulus=len(BUCKETS) if layout == "bucketed" else None,
        remainder=bucket_of(tenant_id).remainder,
    )
    return _Onboarding(tenant_id, wanted, begin, render_onboarding(tenant_id, layout))


def _onboard(connection: Connection, onboarding: _Onboarding) -> None:
    with _rolled_back_on_failure(connection):
        exists, state, archive_uri, routed = _last_row(connection.execute(onboarding.begin))
        if state is not None:
            raise errors.not_active(onboarding.tenant_id, str(state), str(archive_uri))
        if not routed:
            raise errors.BucketRoutingError(onboarding.tenant_id, onboarding.leaves[0].parent)
        script = _adoption(connection, onboarding) if exists else onboarding.statements.values()
        connection.execute("\n".join([*script, "COMMIT;"]))


@contextmanager
def _rolled_back_on_failure(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        roll_back(connection)
        raise


def _adoption(connection: Connection, onboarding: _Onboarding) -> Sequence[str]:
    """Return the statements that complete what exists.

    Raises:
        PartitionMismatchError: of what exists, something only a person can settle.
    """
    differences = find_differences(connection, onboarding.leaves)
    unsettled = {
        table: [str(difference) for difference in found or () if difference.mended_by is None]
        for table, found in differences.items()
    }
    if any(unsettled.values()):
        raise errors.PartitionMismatchError(onboarding.tenant_id, {t: d for t, d in unsettled.items() if d})
    script = []
    for leaf in onboarding.leaves:
        found = differences[leaf.table]
        if found is None:
            script.append(onboarding.statements[leaf.table])
        else:
            mends = [difference.mended_by for difference in found if difference.mended_by]
            if mends:
                onboarding.mended.add(leaf)
            script += [render_part(part, leaf) for part in (*mends, "register_leaf")]
    return script


def _last_row(cursor: psycopg.Cursor[tuple[object, ...]]) -> tuple[object, ...]:
    """Return the only row of the last of several statements."""
    while cursor.nextset():
        pass
    (row,) = cursor.fetchall()
    return row


def _out_of_time(
    connection: Connection, onboarding: _Onboarding, budget_seconds: float, error: psycopg.Error
) -> Exception:
    blockers = find_blockers(
        connection,
        [leaf.qualified_parent for leaf in onboarding.leaves],
        detaching=False,
        above=[leaf.top for leaf in onboarding.leaves],
        exclusive=[leaf.qualified_name for leaf in onboarding.mended],
    )
    return errors.OnboardingTimeoutError(onboarding.tenant_id, budget_seconds, blockers, str(error))
