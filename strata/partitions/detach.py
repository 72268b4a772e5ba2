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
from strata.lock_retry import roll_back, with_lock_retries
from strata.partitions import errors
from strata.partitions.blockers import find_blockers
from strata.partitions.compare import OFFBOARDING_TRIGGER, TENANT_CHECK, tenant_check
from strata.partitions.render import Leaf, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from strata.database import Connection
    from strata.deadline import Deadline
    from strata.partitions.layout import Layout


@dataclass(frozen=True)
class _LeafState:
    """How far a leaf is.

    Args:
        is_table: a plain one.
        parent: what it is attached to, as PostgreSQL writes it; None for nothing.
        attached: to the parent that it should have.
        pending: its detach was begun and not finished.
        tenant_check: the CHECK that says whose rows it holds; None when it has none.
        dependents: what was made upon it, and would keep it from being dropped.
    """

    is_table: bool
    parent: str | None
    attached: bool
    pending: bool
    tenant_check: str | None
    dependents: list[str]


@dataclass(frozen=True)
class Registered:
    """What the registry says of one of the tenant's tables: how far it is, and where its archive is, or was begun."""

    state: str
    archive_uri: str | None


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
        self._retried(self.leaves, take)
        try:
            yield
        finally:
            if not self.connection.closed:
                self.connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)

    def registered(self) -> dict[str, Registered]:
        """Return by table what the registry says of the tenant.

        Raises:
            TenantArchivedError: its partitions hold a part of an archive, which is being restored: that would pass for
                the whole when it is archived again, and be forgotten when it is dropped.
        """
        query = sql.render("offboarding/registered.sql.j2", tenant_id=self.tenant_id)
        found = {table: Registered(state, uri) for table, state, uri in self.connection.execute(query)}
        for one in found.values():
            if one.state == "restoring":
                raise errors.TenantArchivedError(self.tenant_id, one.state, str(one.archive_uri))
        return found

    def find_present(self) -> tuple[Leaf, ...]:
        """Return the partitions that exist.

        Raises:
            PartitionMismatchError: as `take_out_of_service`.
        """
        states = self._states()
        return tuple(leaf for leaf in self.leaves if leaf.table in states)

    def take_out_of_service(self) -> tuple[Leaf, ...]:
        """Refuse the tenant's writes, detach its partitions, and return those that exist.

        Raises:
            PartitionMismatchError: a partition hangs from another parent, something else depends on it, or nothing
                proves that a table of its name holds this tenant's rows only; nothing was changed.
            OffboardingTimeoutError: others held locks until the deadline; what was done stays done.
        """
        states = self._states()
        present = tuple(leaf for leaf in self.leaves if leaf.table in states)
        marked = {"onboard_key": ONBOARD_KEY, "tenant_id": self.tenant_id, "leaves": present}
        self.execute("offboarding/mark", self.leaves, **marked)
        written = [leaf for leaf in self.leaves if leaf.table in states and not states[leaf.table].pending]
        if written:
            self.execute("offboarding/stop_writes", written, leaves=written, trigger=OFFBOARDING_TRIGGER)
        for leaf in present:
            if states[leaf.table].attached:
                with self._alone_with_parent(leaf):
                    self._retried([leaf], partial(self._detach, leaf), also=_DETACH_PENDING)
            self.execute("offboarding/detached", [leaf], leaf=leaf)
        return present

    def drop(self, template: str, present: Sequence[Leaf], **values: object) -> None:
        """Run a script of a template that drops the partitions, all or none.

        Raises:
            PartitionMismatchError: something was made upon one of them since the run began.
        """
        try:
            self.execute(template, present, leaves=present, tenant_id=self.tenant_id, **values)
        except psycopg.errors.DependentObjectsStillExist as error:
            roll_back(self.connection)
            dependents = (error.diag.message_detail or str(error.diag.message_primary)).splitlines()
            settle = "settle: drop that, or let it use the partitioned table"
            found = [f"{dependent}; {settle}" for dependent in dependents]
            raise errors.PartitionMismatchError(self.tenant_id, {"partitions": found}) from error

    def execute(self, template: str, at: Sequence[Leaf], **values: object) -> None:
        """Run a script of a template that locks some leaves, again while others hold what it needs."""
        script = sql.render(f"{template}.sql.j2", **values)
        self._retried(at, partial(self.connection.execute, script))

    def _states(self) -> dict[str, _LeafState]:
        """Return by table how far its leaf is, for those that exist.

        Raises:
            PartitionMismatchError: a leaf is not where it should be, something depends on it, or its own CHECK does
                not prove that all its rows are this tenant's.
        """
        query = sql.render("offboarding/leaf_state.sql.j2", leaves=self.leaves, tenant_check=TENANT_CHECK)
        by_name = {row[0]: _LeafState(*row[1:]) for row in self.connection.execute(query)}
        states = {leaf: by_name[leaf.qualified_name] for leaf in self.leaves if leaf.qualified_name in by_name}
        doubts = {leaf.table: found for leaf, state in states.items() if (found := list(_doubts(leaf, state)))}
        if doubts:
            raise errors.PartitionMismatchError(self.tenant_id, doubts)
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
        self._retried([leaf], take)
        try:
            yield
        finally:
            if not self.connection.closed:
                self.connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)
                self.connection.execute("RESET lock_timeout")

    def _retried(
        self, at: Sequence[Leaf], work: Callable[[], object], also: tuple[type[psycopg.Error], ...] = ()
    ) -> None:
        with_lock_retries(self.connection, work, self.deadline.left_seconds, partial(self._out_of_time, at), also)

    def _out_of_time(self, at: Sequence[Leaf], error: psycopg.Error) -> Exception:
        relations = [name for leaf in at for name in (leaf.qualified_parent, leaf.qualified_name)]
        parents = {leaf.qualified_parent for leaf in at}
        keys = [(REMOVAL_CLASS, self.tenant_id), *((DETACH_CLASS, parent) for parent in sorted(parents))]
        blockers = find_blockers(self.connection, relations, detaching=True, keys=keys)
        return errors.OffboardingTimeoutError(self.tenant_id, [leaf.table for leaf in at], blockers, str(error))


def _doubts(leaf: Leaf, state: _LeafState) -> Iterator[str]:
    """Yield why a relation with a leaf's name must not be removed."""
    if not state.is_table:
        yield f"{leaf.qualified_name} is not a plain table"
        return
    yield from _unproved(leaf, state.tenant_check)
    if state.parent is not None and not state.attached:
        settle = f"ALTER TABLE {state.parent} DETACH PARTITION {leaf.qualified_name} CONCURRENTLY"
        yield f"attached to {state.parent} and not to {leaf.qualified_parent}; settle: {settle}"
    for dependent in state.dependents:
        yield f"{dependent} depends on it; settle: drop that, or let it use {leaf.top}"


def _unproved(leaf: Leaf, found: str | None) -> Iterator[str]:
    """Yield why the CHECK of a leaf does not prove whose rows it holds."""
    wanted = tenant_check(leaf)
    table, add = f"ALTER TABLE {leaf.qualified_name}", f"ADD CONSTRAINT {TENANT_CHECK} {wanted}"
    if found is None:
        yield f"no constraint {TENANT_CHECK} proves whose rows {leaf.qualified_name} holds; settle: {table} {add}"
    elif found == f"{wanted} NOT VALID":
        yield f"constraint {TENANT_CHECK} is not validated; settle: {table} VALIDATE CONSTRAINT {TENANT_CHECK}"
    elif found != wanted:
        settle = f"find out whose rows it holds; {table} DROP CONSTRAINT {TENANT_CHECK}, {add}"
        yield f"constraint {TENANT_CHECK} is {found} and not {wanted}; settle: {settle}"
