"""Taking a tenant's partitions out of service: writes refused, then detached, without making others wait.

Every step is decided from the catalog, so a run that was killed anywhere is gone on with by the next one.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import psycopg

from strata import sql
from strata.advisory_locks import DETACH_CLASS, ONBOARD_KEY, REMOVAL_CLASS
from strata.lock_retry import with_lock_retries
from strata.partitions import errors
from strata.partitions.blockers import find_blockers
from strata.partitions.compare import OFFBOARDING_TRIGGER, TENANT_CHECK, tenant_check
from strata.partitions.render import Leaf, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from strata.database import Connection
    from strata.deadline import Deadline
    from strata.partitions.layout import Layout


@dataclass(frozen=True)
class _LeafState:
    """How far a leaf is: attached, its detach begun and not finished, and the CHECK that says whose rows it holds."""

    attached: bool
    pending: bool
    tenant_check: str | None


# 55000: another detach from this parent was begun and not finished.
_DETACH_PENDING: Final = (psycopg.errors.ObjectNotInPrerequisiteState,)


class Removal:
    """One run of the removal of one tenant.

    Args:
        connection: in autocommit, as the owner of the tables.
        tenant_id: whose partitions.
        layout: of the stack.
        deadline: when to stop waiting for locks.
    """

    def __init__(self, connection: Connection, tenant_id: str, layout: Layout, deadline: Deadline) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.leaves = leaves(tenant_id, layout)
        self.deadline = deadline

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the removal lock of the tenant: another run of its removal waits, and then finds what this one has done.

        Raises:
            OffboardingTimeoutError: the other run held it until the deadline.
        """
        key = (REMOVAL_CLASS, self.tenant_id)
        take = partial(self.connection.execute, "SELECT pg_advisory_lock(%s, hashtext(%s))", key)
        self._retried(self.leaves[0], take)
        try:
            yield
        finally:
            if not self.connection.closed:
                self.connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)

    def take_out_of_service(self) -> tuple[Leaf, ...]:
        """Refuse the tenant's writes, detach its partitions, and return those that exist.

        Raises:
            PartitionMismatchError: nothing proves that a table of this name holds this tenant's rows only; nothing was
                changed.
            OffboardingTimeoutError: others held locks until the deadline; what was done stays done.
        """
        states = self._states()
        present = tuple(leaf for leaf in self.leaves if leaf.table in states)
        marked = {"onboard_key": ONBOARD_KEY, "tenant_id": self.tenant_id, "leaves": present}
        self.execute("offboarding/mark", self.leaves[0], **marked)
        written = [leaf for leaf in self.leaves if leaf.table in states and not states[leaf.table].pending]
        if written:
            self.execute("offboarding/stop_writes", written[0], leaves=written, trigger=OFFBOARDING_TRIGGER)
        for leaf in present:
            if states[leaf.table].attached:
                with self._alone_with_parent(leaf):
                    self._retried(leaf, partial(self._detach, leaf), also=_DETACH_PENDING)
            self.execute("offboarding/detached", leaf, leaf=leaf)
        return present

    def execute(self, template: str, at: Leaf, **values: object) -> None:
        """Run a script of a template, again while locks stand in its way."""
        script = sql.render(f"{template}.sql.j2", **values)
        self._retried(at, partial(self.connection.execute, script))

    def _states(self) -> dict[str, _LeafState]:
        """Return by table how far its leaf is, for those that exist.

        Raises:
            PartitionMismatchError: a leaf's own CHECK does not prove that all its rows are this tenant's.
        """
        query = sql.render("offboarding/leaf_state.sql.j2", leaves=self.leaves, tenant_check=TENANT_CHECK)
        by_name = {row[0]: _LeafState(*row[1:]) for row in self.connection.execute(query)}
        states = {leaf: by_name[leaf.qualified_name] for leaf in self.leaves if leaf.qualified_name in by_name}
        unproved = {
            leaf.table: [f"constraint {TENANT_CHECK} is {state.tenant_check} and not {tenant_check(leaf)}"]
            for leaf, state in states.items()
            if state.tenant_check != tenant_check(leaf)
        }
        if unproved:
            raise errors.PartitionMismatchError(self.tenant_id, unproved)
        return {leaf.table: state for leaf, state in states.items()}

    def _detach(self, leaf: Leaf) -> None:
        """Finish a detach that is pending on this parent, whosever it is, and detach the leaf if it is still there."""
        found = self.connection.execute(sql.render("offboarding/attached.sql.j2", leaf=leaf)).fetchall()
        for name, is_pending in found:
            if is_pending:
                self.connection.execute(sql.render("offboarding/finalize.sql.j2", leaf=leaf, pending=name))
        if (leaf.name, False) in found:
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

    def _retried(self, leaf: Leaf, work: Callable[[], object], also: tuple[type[psycopg.Error], ...] = ()) -> None:
        with_lock_retries(self.connection, work, self.deadline.left_seconds, partial(self._out_of_time, leaf), also)

    def _out_of_time(self, leaf: Leaf, error: psycopg.Error) -> Exception:
        blockers = find_blockers(self.connection, [leaf.qualified_parent, leaf.qualified_name], detaching=True)
        return errors.OffboardingTimeoutError(self.tenant_id, leaf.table, blockers, str(error))
