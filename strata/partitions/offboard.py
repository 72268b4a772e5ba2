"""Offboarding: a tenant's partitions are taken out of service, detached and dropped, without making others wait.

Every step is decided from the catalog, so a run that was killed anywhere is gone on with by the next one.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg

from strata import sql
from strata.advisory_locks import DETACH_CLASS, ONBOARD_KEY
from strata.database import connected
from strata.lock_retry import with_lock_retries
from strata.partitions import errors
from strata.partitions.blockers import find_blockers
from strata.partitions.compare import OFFBOARDING_TRIGGER, TENANT_CHECK, tenant_check
from strata.partitions.render import Leaf, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from strata.database import Connection
    from strata.partitions.layout import Layout

#: How long one run works; the engine's queued calls end at 30 minutes.
OFFBOARDING_BUDGET_SECONDS: Final = 1200.0


def drop_tenant(
    database: str | Connection, tenant_id: str, layout: Layout, budget_seconds: float = OFFBOARDING_BUDGET_SECONDS
) -> None:
    """Drop the tenant's partitions and all their rows; what is gone already is no error.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        tenant_id: whose partitions.
        layout: of the stack.
        budget_seconds: how long to work in all; a later run goes on from there.

    Raises:
        TenantIdError: the id cannot be a partition key.
        PartitionMismatchError: nothing proves that a table of this name holds this tenant's rows only; nothing was
            changed.
        OffboardingTimeoutError: others held locks for the rest of the budget.
        OffboardingFailedError: PostgreSQL refused; what was done stays done.
        ConnectionLostError: the connection broke; what was done stays done.
    """
    with connected(database) as connection:
        try:
            _Offboarding(connection, tenant_id, leaves(tenant_id, layout), time.monotonic() + budget_seconds).run()
        except psycopg.Error as error:
            raise errors.offboarding_failure(tenant_id, error, lost=connection.broken) from error


class _Offboarding:
    """One run for one tenant."""

    def __init__(self, connection: Connection, tenant_id: str, wanted: Sequence[Leaf], deadline: float) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.leaves = wanted
        self.deadline = deadline

    def run(self) -> None:
        attached = self._attached_by_table()
        present = [leaf for leaf in self.leaves if leaf.table in attached]
        self._execute("mark", self.leaves[0], onboard_key=ONBOARD_KEY, tenant_id=self.tenant_id)
        if present:
            self._execute("stop_writes", present[0], leaves=present, trigger=OFFBOARDING_TRIGGER)
        for leaf in self.leaves:
            if attached.get(leaf.table):
                with self._alone_with_parent(leaf):
                    self._retried(leaf, partial(self._detach, leaf))
            self._execute("drop_leaf", leaf, leaf=leaf)

    def _attached_by_table(self) -> dict[str, bool]:
        """Return by table whether its leaf is attached, for those that exist.

        Raises:
            PartitionMismatchError: a leaf's own CHECK does not prove that all its rows are this tenant's.
        """
        query = sql.render("offboarding/leaf_state.sql.j2", leaves=self.leaves, tenant_check=TENANT_CHECK)
        states: dict[str, Any] = {row[0]: row[1:] for row in self.connection.execute(query)}
        present = {leaf: states[leaf.qualified_name] for leaf in self.leaves if leaf.qualified_name in states}
        unproved = {
            leaf.table: [f"constraint {TENANT_CHECK} is {check} and not {tenant_check(leaf)}"]
            for leaf, (_, check) in present.items()
            if check != tenant_check(leaf)
        }
        if unproved:
            raise errors.PartitionMismatchError(self.tenant_id, unproved)
        return {leaf.table: attached for leaf, (attached, _) in present.items()}

    def _detach(self, leaf: Leaf) -> None:
        """Finish a detach that is pending on this parent, whosever it is, and detach the leaf if it is still there."""
        pending = self.connection.execute(sql.render("offboarding/pending.sql.j2", leaf=leaf)).fetchone()
        if pending is not None:
            self.connection.execute(sql.render("offboarding/finalize.sql.j2", leaf=leaf, pending=pending[0]))
        if self._attached_by_table().get(leaf.table):
            self.connection.execute(sql.render("offboarding/detach.sql.j2", leaf=leaf))

    @contextmanager
    def _alone_with_parent(self, leaf: Leaf) -> Iterator[None]:
        """Hold the detach lock of the parent, with the short lock timeout of a detach."""
        key = (DETACH_CLASS, leaf.qualified_parent)
        self.connection.execute("SET lock_timeout = '2s'")
        take = partial(self.connection.execute, "SELECT pg_advisory_lock(%s, hashtext(%s))", key)
        self._retried(leaf, take)
        try:
            yield
        finally:
            if not self.connection.closed:
                self.connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)
                self.connection.execute("RESET lock_timeout")

    def _execute(self, step: str, at: Leaf, **values: object) -> None:
        script = sql.render(f"offboarding/{step}.sql.j2", **values)
        self._retried(at, partial(self.connection.execute, script))

    def _retried(self, leaf: Leaf, work: Callable[[], object]) -> None:
        with_lock_retries(
            self.connection,
            work,
            self.deadline - time.monotonic(),
            partial(self._out_of_time, leaf),
            # 55000: a detach is pending on this parent.
            also=(psycopg.errors.ObjectNotInPrerequisiteState,),
        )

    def _out_of_time(self, leaf: Leaf, error: psycopg.Error) -> Exception:
        blockers = find_blockers(self.connection, [leaf.qualified_parent, leaf.qualified_name], detaching=True)
        return errors.OffboardingTimeoutError(self.tenant_id, leaf.table, blockers, str(error))
