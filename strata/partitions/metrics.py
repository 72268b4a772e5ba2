"""How the server answers a tenant's typical queries: partitions, time, locks, and what a generic plan would lock.

Everything runs in transactions that may not write and that end without a commit. Reads are executed, with a limit on
their time; writes are planned only. The session is the owner's, which row-level security does not filter: as it is
measured, the second fence costs 0.01 ms of planning for a query that names its tenant.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg

from strata import sql
from strata.errors import StrataError
from strata.lock_retry import is_lock_failure
from strata.partitions.typical_queries import TYPICAL_QUERIES, TypicalQuery
from strata.tenants import tenant_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.database import Connection

#: How long one statement of a measurement may take.
STATEMENT_TIMEOUT_MILLISECONDS: Final = 5_000
# A generic plan over all partitions is not made when it would fill more of the lock table than this: whoever else needs
# a lock at that moment would fail.
_SHARE_OF_LOCK_TABLE: Final = 0.25


class UnknownTableError(StrataError):
    """A table that is not partitioned by tenant."""

    def __init__(self, table: str) -> None:
        super().__init__("not a partitioned table", where={"table": table}, allowed=", ".join(TYPICAL_QUERIES))
        self.table = table


class QueryMetricsTimeoutError(StrataError):
    """Somebody held a lock that the query needs, or it was not planned within the limit; nothing was written."""

    def __init__(self, tenant_id: str, table: str, error: psycopg.Error) -> None:
        super().__init__(
            f"a typical query was not planned in time: {' '.join(str(error).split())}",
            where={"tenant": tenant_id, "table": table},
            allowed=f"a plan within {STATEMENT_TIMEOUT_MILLISECONDS} ms, while nobody locks the partition against all",
            next_command="let the session that holds a lock end, or the server have less to do, and run again",
        )


class QueryMetricsFailedError(StrataError):
    """PostgreSQL refused, or the connection broke; nothing was written."""

    def __init__(self, tenant_id: str, table: str, error: psycopg.Error) -> None:
        super().__init__(
            f"a typical query was not planned: {error.sqlstate or 'no answer'}: {' '.join(str(error).split())}",
            where={"tenant": tenant_id, "table": table},
            next_command="run again",
        )
        self.sqlstate = error.sqlstate


@dataclass(frozen=True)
class GenericPlan:
    """What a plan for any tenant would lock; servers make one at the sixth execution unless they are told not to.

    Args:
        partitions_locked: partitions; None when it was not made.
        relations_locked: partitions, their indexes and what is above them; None when it was not made.
        planning_milliseconds: how long it took to make; None when it was not made.
        unknown: why it was not made; None when it was.
    """

    partitions_locked: int | None
    relations_locked: int | None
    planning_milliseconds: float | None
    unknown: str | None = None


@dataclass(frozen=True)
class QueryMetrics:
    """How one typical query of the tenant is answered.

    Args:
        name: what it asks.
        sql: with ``$1`` for the tenant.
        partitions_scanned: by its plan.
        partitions_total: of the table.
        planning_milliseconds: of a plan made for this tenant, when the catalog is cached.
        execution_milliseconds: None for a write, and for a read that took longer than the limit.
        rows: how many it answers; None like the time.
        relations_locked: partitions, indexes and parents that it locks.
        generic_plan: what a plan for any tenant would lock.
    """

    name: str
    sql: str
    partitions_scanned: int
    partitions_total: int
    planning_milliseconds: float
    execution_milliseconds: float | None
    rows: int | None
    relations_locked: int
    generic_plan: GenericPlan

    @property
    def generic_plan_locks_everything(self) -> bool | None:
        """Whether a plan for any tenant locks every partition of the table; None when it was not made."""
        locked = self.generic_plan.partitions_locked
        return None if locked is None else locked >= self.partitions_total > 0


@dataclass(frozen=True)
class TableQueryMetrics:
    """A tenant's typical queries of one table.

    Args:
        tenant_id: whose.
        table: the partitioned table.
        plan_cache_mode: of this database; with ``force_custom_plan`` no generic plan is ever made.
        queries: in the order of `strata.partitions.typical_queries.TYPICAL_QUERIES`.
    """

    tenant_id: str
    table: str
    plan_cache_mode: str
    queries: tuple[QueryMetrics, ...]

    @property
    def makes_generic_plans(self) -> bool:
        """Whether sessions of this database may come to plans that lock every partition."""
        return self.plan_cache_mode != "force_custom_plan"


def query_metrics(connection: Connection, tenant_id: str, table: str) -> TableQueryMetrics:
    """Return how the tenant's typical queries of a table are planned and answered at this moment.

    Args:
        connection: in autocommit, as the owner of the tables.
        tenant_id: whose; one without a partition scans none.
        table: a partitioned table.

    Raises:
        TenantIdError: the id cannot be a partition key.
        UnknownTableError: the table is none of the partitioned ones.
        QueryMetricsTimeoutError: a partition is locked against all, or planning took longer than the limit.
        QueryMetricsFailedError: PostgreSQL refused, or the connection broke.
    """
    tenant_bytes(tenant_id)
    if table not in TYPICAL_QUERIES:
        raise UnknownTableError(table)
    try:
        measurement = _Measurement(connection, tenant_id, table)
        queries = tuple(map(measurement.measure, TYPICAL_QUERIES[table]))
    except psycopg.Error as error:
        in_time = not (isinstance(error, psycopg.errors.QueryCanceled) or is_lock_failure(error))
        raise (QueryMetricsFailedError if in_time else QueryMetricsTimeoutError)(tenant_id, table, error) from error
    return TableQueryMetrics(tenant_id, table, measurement.plan_cache_mode, queries)


class _Measurement:
    """One look at one tenant's queries of one table."""

    def __init__(self, connection: Connection, tenant_id: str, table: str) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.table = table
        facts = self._query("query_facts", top=f"app.{sql.identifier(table)}").fetchall()[0]
        self.partitions_total, self.locks_of_all, self.lock_slots, self.plan_cache_mode = facts

    def measure(self, query: TypicalQuery) -> QueryMetrics:
        values = self._values(query)
        with self._prepared(query, "force_custom_plan"):
            self._explain(values)  # what comes first reads the catalog into the session's cache
            plan = self._explain(values)
            relations_locked, _ = self._held_locks()
            executed = None if query.writes else self._executed(values)
        return QueryMetrics(
            query.name,
            query.expression,
            len(set(_scanned(plan["Plan"]))),
            self.partitions_total,
            plan["Planning Time"],
            None if executed is None else executed["Execution Time"],
            None if executed is None else int(executed["Plan"]["Actual Rows"]),
            relations_locked,
            self._generic_plan(query, values),
        )

    def _generic_plan(self, query: TypicalQuery, values: list[str]) -> GenericPlan:
        if self.locks_of_all > self.lock_slots * _SHARE_OF_LOCK_TABLE:
            reason = f"it might take {self.locks_of_all} of the server's {self.lock_slots} locks"
            return GenericPlan(None, None, None, reason)
        try:
            with self._prepared(query, "force_generic_plan"):
                plan = self._explain(values)
                relations, partitions = self._held_locks()
        except psycopg.errors.QueryCanceled:
            return GenericPlan(None, None, None, f"it takes longer than {STATEMENT_TIMEOUT_MILLISECONDS} ms to make")
        except psycopg.errors.LockNotAvailable:  # of another tenant's partition: this tenant's plan needed none of it
            return GenericPlan(None, None, None, "somebody else holds a lock that it needs")
        return GenericPlan(partitions, relations, plan["Planning Time"])

    @contextmanager
    def _prepared(self, query: TypicalQuery, plan_cache_mode: str) -> Iterator[None]:
        """Prepare the query in a transaction that changes nothing, and forget it at the end."""
        try:
            with self.connection.transaction(force_rollback=True):
                limits = {
                    "timeout_milliseconds": STATEMENT_TIMEOUT_MILLISECONDS,
                    "plan_cache_mode": plan_cache_mode,
                }
                self._query("prepare", query=query, **limits)
                yield
        finally:
            if not self.connection.closed:
                self._query("unprepare")

    def _values(self, query: TypicalQuery) -> list[str]:
        """Return the tenant, and the values of its newest row that the query asks for."""
        if not query.values:
            return [self.tenant_id]
        newest = self._query("newest_row", table=self.table, tenant_id=self.tenant_id, columns=query.values).fetchone()
        found = newest or (None,) * len(query.values)
        examples = query.values.values()
        return [
            self.tenant_id,
            *(example if value is None else value for value, example in zip(found, examples, strict=True)),
        ]

    def _executed(self, values: list[str]) -> dict[str, Any] | None:
        try:
            with self.connection.transaction():
                return self._explain(values, execute=True)
        except psycopg.errors.QueryCanceled:
            return None

    def _explain(self, values: list[str], *, execute: bool = False) -> dict[str, Any]:
        (((plan,),),) = self._query("explain", values=values, execute=execute).fetchall()
        return dict(plan)

    def _held_locks(self) -> tuple[int, int]:
        ((relations, partitions),) = self._query("held_locks").fetchall()
        return relations, partitions

    def _query(self, template: str, **values: object) -> psycopg.Cursor[tuple[Any, ...]]:
        return self.connection.execute(sql.render(f"statistics/{template}.sql.j2", **values))


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    """Yield each partition that a plan reads or writes."""
    if plan.get("Schema") == "partitions":
        yield plan["Relation Name"]
    for below in plan.get("Plans", ()):
        yield from _scanned(below)
