"""What a backfill will do, checked against both tables before the first row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.errors import InsufficientPrivilege
from psycopg.rows import namedtuple_row
from psycopg.sql import Composable

from strata import sql
from strata.lock_retry import is_lock_failure
from strata.partitions.backfill.errors import BackfillSourceError
from strata.partitions.backfill.source import TenantJoin
from strata.partitions.tables import PARTITIONED_TABLES

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.backfill.source import Source

# Types whose every value another type holds, or refuses aloud: (of the source, of the table). All else, such as money
# in a numeric that a bigint would round, a time without a zone, or text whose last blanks a character would lose
# silently, asks for an expression.
_WIDER: Final = frozenset(
    {
        ("smallint", "integer"),
        ("smallint", "bigint"),
        ("integer", "bigint"),
        ("character varying", "text"),
    }
)


@dataclass(frozen=True)
class CopiedColumn:
    """A column of the partitioned table, and what makes it.

    Args:
        name: the column's.
        expression: SQL over the source, ``s``.
        value: its name in the map.
        is_text: whether a collation says when two values of it are equal.
        origin: the column of the source that it is as it stands; None for anything else.
    """

    name: str
    expression: sql.Sql
    value: str
    is_text: bool
    origin: str | None = None


@dataclass(frozen=True)
class PlannedJoin:
    """What a row's tenant is looked up in: a table, and pairs of a column of the source and one of the table."""

    schema: str
    name: str
    on: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plan:
    """How rows of the source become rows of the table.

    Args:
        table: the partitioned table.
        source: as whoever asked named it.
        key: primary key of the table, without the tenant.
        source_schema: schema of the source.
        source_name: its name.
        source_key: its primary key.
        columns: what is copied.
        tenant_expression: SQL over ``s`` and ``joined`` that says whose a row is.
        join: what is looked up for that.
        fallback: the tenant of rows that have none.
    """

    table: str
    source: str
    key: tuple[str, ...]
    source_schema: str
    source_name: str
    source_key: tuple[str, ...]
    columns: tuple[CopiedColumn, ...]
    tenant_expression: sql.Sql
    join: PlannedJoin | None
    fallback: str | None

    @property
    def map_keys(self) -> tuple[tuple[str, str], ...]:
        """Each column of the source's primary key, with its name in the map."""
        return tuple((column, f"key_{number}") for number, column in enumerate(self.source_key, start=1))

    @property
    def key_columns(self) -> tuple[CopiedColumn, ...]:
        """The copied columns that make the table's primary key."""
        return tuple(column for column in self.columns if column.name in self.key)

    @property
    def keeps_keys_apart(self) -> bool:
        """Whether two rows of the source cannot get one key, as the whole of their own is in it."""
        return set(self.source_key) <= {column.origin for column in self.key_columns}


@dataclass(frozen=True)
class _Relation:
    """A table: its name in parts, and its columns in order."""

    schema: str
    name: str
    columns: dict[str, Any]

    @property
    def key(self) -> tuple[str, ...]:
        """Its primary key; empty when it has none."""
        return tuple(
            sorted((name for name, column in self.columns.items() if column.key_position is not None), key=self._place)
        )

    def _place(self, name: str) -> int:
        return int(self.columns[name].key_position)


def make_plan(connection: Connection, table: str, source: Source) -> Plan:
    """Return how the source is copied into the table.

    Args:
        connection: as the owner of the tables, in autocommit.
        table: a partitioned table.
        source: where from.

    Raises:
        BackfillSourceError: the two do not fit: all problems that were found, together.
        psycopg.Error: what says nothing about that: a lock, a right that is lacking, a connection that broke.
    """
    if table not in PARTITIONED_TABLES:
        raise BackfillSourceError(source.table, table, [f"app.{table} is none of {', '.join(PARTITIONED_TABLES)}"])
    try:
        return _Planning(connection, table, source).plan()
    except psycopg.Error as error:
        if connection.broken or is_lock_failure(error) or isinstance(error, InsufficientPrivilege):
            raise  # which says nothing about whether the two fit
        raise BackfillSourceError(source.table, table, [" ".join(str(error).split())]) from error


class _Planning:
    """One look at both tables, which gathers what is wrong."""

    def __init__(self, connection: Connection, table: str, source: Source) -> None:
        self.connection = connection
        self.table = table
        self.source = source
        self.problems: list[str] = []

    def plan(self) -> Plan:
        wanted = self._relation(f"app.{sql.identifier(self.table)}")
        given = self._relation(self.source.table)
        self._require_none()
        if not given.key:
            self.problems.append("the source has no primary key")
        key = tuple(name for name in wanted.key if name != "tenant_id")
        columns = self._columns(wanted, given, key)
        tenant, join = self._tenant(given)
        self._refuse_forgotten(wanted, given)
        self._require_none()
        plan = Plan(
            self.table,
            self.source.table,
            key,
            given.schema,
            given.name,
            given.key,
            columns,
            tenant,
            join,
            self.source.fallback,
        )
        self._check_types(plan, wanted)
        self._require_none()
        return plan

    def _require_none(self) -> None:
        if self.problems:
            raise BackfillSourceError(self.source.table, self.table, self.problems)

    def _relation(self, name: str) -> _Relation:
        with self.connection.cursor(row_factory=namedtuple_row) as cursor:
            rows: list[Any] = cursor.execute(sql.render("backfill/relation.sql.j2", name=name)).fetchall()
        if not rows:
            self.problems.append(f"there is no table {name}")
            return _Relation("", name, {})
        return _Relation(rows[0].nspname, rows[0].relname, {row.attname: row for row in rows})

    def _columns(self, wanted: _Relation, given: _Relation, key: tuple[str, ...]) -> tuple[CopiedColumn, ...]:
        copyable = {name: column for name, column in wanted.columns.items() if name != "tenant_id"}
        for name in self.source.columns.keys() - copyable.keys():
            self.problems.append(f"columns names {name}, which is no column to copy into")
        copied: list[CopiedColumn] = []
        for name, column in copyable.items():
            origin, value = self.source.columns.get(name, name), f"value_{len(copied) + 1}"
            if isinstance(origin, Composable):
                expression = sql.Sql(f"({origin.as_string(self.connection)})")
                copied.append(CopiedColumn(name, expression, value, column.is_text))
            elif origin in given.columns:
                expression = sql.Sql(f"s.{sql.identifier(origin)}")
                copied.append(CopiedColumn(name, expression, value, column.is_text, origin))
            elif name in self.source.columns:
                self.problems.append(f"columns takes {name} from {origin}, which the source does not have")
            elif name in key:
                self.problems.append(f"nothing gives the key {name}: every run would copy each row once more")
            elif column.attnotnull and not column.atthasdef:
                self.problems.append(f"nothing gives {name}, which has no default")
        return tuple(copied)

    def _tenant(self, given: _Relation) -> tuple[sql.Sql, PlannedJoin | None]:
        match self.source.tenant_from:
            case Composable() as expression:
                return sql.Sql(f"({expression.as_string(self.connection)})"), None
            case TenantJoin() as join:
                return sql.Sql(f"joined.{sql.identifier(join.column)}"), self._join(join, given)
            case column:
                if column not in given.columns:
                    self.problems.append(f"tenant_from names {column}, which the source does not have")
                return sql.Sql(f"s.{sql.identifier(column)}"), None

    def _join(self, join: TenantJoin, given: _Relation) -> PlannedJoin:
        other = self._relation(join.table)
        for name in join.on.keys() - given.columns.keys():
            self.problems.append(f"tenant_from joins {name}, which the source does not have")
        if other.columns:
            for name in {*join.on.values(), join.column} - other.columns.keys():
                self.problems.append(f"tenant_from names {name}, which {join.table} does not have")
            unique = self.connection.execute(sql.render("backfill/unique_keys.sql.j2", name=join.table)).fetchall()
            if not any(set(columns) <= set(join.on.values()) for (columns,) in unique):
                self.problems.append(
                    f"no unique index of {join.table} is on {', '.join(join.on.values())}: a row might have two tenants"
                )
        return PlannedJoin(other.schema, other.name, tuple(join.on.items()))

    def _refuse_forgotten(self, wanted: _Relation, given: _Relation) -> None:
        for name in self.source.left_out - given.columns.keys():
            self.problems.append(f"left_out names {name}, which the source does not have")
        given_by = {name: self.source.columns.get(name, name) for name in wanted.columns if name != "tenant_id"}
        # An expression for a column is taken to be made of the source's column of that name.
        origins = {name if isinstance(origin, Composable) else origin for name, origin in given_by.items()}
        tenant = self.source.tenant_from
        whose = {tenant} if isinstance(tenant, str) else set(tenant.on) if isinstance(tenant, TenantJoin) else set()
        forgotten = [name for name in given.columns if name not in {*origins, *whose, *self.source.left_out}]
        if forgotten:
            self.problems.append(f"{', '.join(forgotten)} would not be copied: name them in columns or in left_out")

    def _check_types(self, plan: Plan, wanted: _Relation) -> None:
        description = self.connection.execute(sql.render("backfill/types.sql.j2", plan=plan)).description or []
        types = {column.name: column.type_code for column in description[: len(plan.columns)]}
        for name, given_oid in types.items():
            wanted_oid = wanted.columns[name].type_oid
            given, goal = self._type_names[given_oid], self._type_names[wanted_oid]
            if given_oid != wanted_oid and (given, goal) not in _WIDER:
                self.problems.append(f"{name} would come from {given} and is {goal}: give an expression in columns")

    @cached_property
    def _type_names(self) -> dict[int, str]:
        rows = self.connection.execute("SELECT oid::bigint, format_type(oid, NULL) FROM pg_type")
        return {int(oid): str(name) for oid, name in rows}
