"""What a restore and its end before time have in common: nobody else changes the tenant meanwhile.

The removal lock of the tenant is held from the first step to the last, so that neither a removal nor another run takes
away beneath this one what it has decided from; the onboarding lock for as long as a change takes.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from strata import sql
from strata.advisory_locks import ONBOARD_KEY, REMOVAL_CLASS
from strata.archives.restore_errors import RestoreTimeoutError
from strata.lock_retry import roll_back, with_lock_retries
from strata.partitions.blockers import find_blockers
from strata.partitions.render import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

    from strata.database import Connection
    from strata.deadline import Deadline
    from strata.partitions.layout import Layout
    from strata.partitions.render import Leaf

Result = TypeVar("Result")

#: How long a run waits for another one of the same tenant, which may work for a day.
_OTHER_RUN_SECONDS: Final = 120.0


class Restoring:
    """The tenant and the locks of one run.

    Args:
        connection: in autocommit, as the owner of the tables.
        tenant_id: who is restored.
        layout: of the stack.
        deadline: when to stop waiting for locks.
        command: what begins the next run.
    """

    def __init__(
        self, connection: Connection, tenant_id: str, layout: Layout, deadline: Deadline, command: str
    ) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.leaves = leaves(tenant_id, layout)
        self.deadline = deadline
        self.command = command

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the removal lock of the tenant: a removal waits, and so does another run of a restore.

        Raises:
            RestoreTimeoutError: another run holds it.
        """
        key = (REMOVAL_CLASS, self.tenant_id)
        take = partial(self.connection.execute, "SELECT pg_advisory_lock(%s, hashtext(%s))", key)
        seconds = min(self.deadline.left_seconds, _OTHER_RUN_SECONDS)
        with_lock_retries(self.connection, take, seconds, partial(self._out_of_time, keys=[key]))
        try:
            yield
        finally:
            if not self.connection.closed:
                roll_back(self.connection)
                self.connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)

    def change(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns, in one transaction in which nobody else changes partitioned tables.

        Raises:
            RestoreTimeoutError: others held locks until the deadline.
        """
        whole, out_of_time = partial(self._in_transaction, work), partial(self._out_of_time, at=self.leaves)
        return with_lock_retries(self.connection, whole, self.deadline.left_seconds, out_of_time)

    def _in_transaction(self, work: Callable[[], Result]) -> Result:
        with self.connection.transaction():
            self.connection.execute(sql.render("archives/alone.sql.j2", onboard_key=ONBOARD_KEY))
            return work()

    def _out_of_time(
        self, error: psycopg.Error, at: Sequence[Leaf] = (), keys: Sequence[tuple[int, str]] = ()
    ) -> Exception:
        """Return the error with those who hold what was waited for: some of the partitions, or advisory locks."""
        blockers = find_blockers(
            self.connection,
            [leaf.qualified_parent for leaf in at],
            detaching=False,
            above=[leaf.top for leaf in at],
            exclusive=[leaf.qualified_name for leaf in at],
            keys=keys,
        )
        return RestoreTimeoutError(self.tenant_id, blockers, str(error), self.command)
