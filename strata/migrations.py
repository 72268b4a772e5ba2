"""Migrations: the ordered, forward-only list of changes that make the schema.

Each is applied once, in its own transaction together with its record. An applied one is never edited: the next change
is a new file. What is compared is a checksum of the SQL without its comments and white space.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Final, get_args

import psycopg

from strata import sql
from strata.advisory_locks import ONBOARD_KEY, STATISTICS_KEY
from strata.errors import StrataError
from strata.lock_retry import is_lock_failure, with_lock_retries
from strata.normalised_sql import normalised
from strata.partitions.layout import Layout, buckets
from strata.tenants import DERIVED_NAME, MAXIMUM_READABLE_BYTES, MAXIMUM_TENANT_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from strata.database import Connection

#: What a write to a tenant that is being offboarded fails with; class 55 is "object not in prerequisite state".
OFFBOARDING_SQLSTATE: Final = "55T01"
#: How long migrations wait in all for locks that others hold.
LOCK_BUDGET_SECONDS: Final = 300.0

_FILE: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql\.j2")


class MigrationFileError(StrataError):
    """A file among the migrations that is none, or that breaks their order."""


@dataclass(frozen=True)
class Migration:
    """One change of the schema: its place in the order, its name, its SQL, and the checksum of that."""

    number: int
    name: str
    sql: str
    checksum: str

    @property
    def key(self) -> str:
        """The file's name without its endings, for example ``0003_payments``."""
        return f"{self.number:04}_{self.name}"


@dataclass(frozen=True)
class AppliedMigration:
    """The record of a migration that was applied."""

    number: int
    name: str
    checksum: str
    applied_at: datetime

    @property
    def key(self) -> str:
        """The file's name without its endings, for example ``0003_payments``."""
        return f"{self.number:04}_{self.name}"


class EditedMigrationError(StrataError):
    """A migration that is applied and is not what it was."""

    def __init__(self, applied: AppliedMigration, what: str) -> None:
        super().__init__(
            f"applied migration {what}",
            where={"migration": applied.key},
            allowed="the file as it was applied; comments and white space may change",
            next_command="restore the file, and add a new one with the next number for the change",
        )
        self.applied = applied


class OtherLayoutError(StrataError):
    """The tables of the database are made in the other layout, which cannot be changed."""

    def __init__(self, applied: AppliedMigration, found: Layout, wanted: Layout) -> None:
        super().__init__(
            f"the database has the layout {found}, and {wanted} was asked for",
            where={"migration": applied.key},
            allowed=f"strata:partitions.layout {found}: a layout is chosen before the first deployment",
            next_command="set it back, or deploy a stack with a database of its own",
        )
        self.found = found
        self.wanted = wanted


class MigrationFailedError(StrataError):
    """A migration that PostgreSQL refused; nothing of it remains, and those before it are applied."""

    def __init__(self, migration: Migration, error: psycopg.Error) -> None:
        super().__init__(
            f"the migration failed: {error.sqlstate}: {' '.join(str(error).split())}",
            where={"migration": migration.key},
            next_command="pulumi up (applied migrations are not run again)",
        )
        self.migration = migration
        self.sqlstate = error.sqlstate


def load(layout: Layout) -> tuple[Migration, ...]:
    """Return the migrations in order, rendered for the layout.

    Raises:
        MigrationFileError: a name is not ``NNNN_name.sql.j2``, or a number is missing or there twice.
    """
    names = sorted(path.name for path in (sql.TEMPLATES / "migrations").iterdir() if not path.name.startswith("_"))
    return tuple(_load(name, number, layout) for number, name in enumerate(names, start=1))


def verify(applied: Sequence[AppliedMigration], wanted: Sequence[Migration]) -> tuple[Migration, ...]:
    """Return the migrations that are not applied yet.

    Raises:
        OtherLayoutError: they are applied in the other layout.
        EditedMigrationError: an applied one is changed, renamed or gone.
    """
    by_number = {migration.number: migration for migration in wanted}
    for record in applied:
        migration = by_number.get(record.number)
        if migration is None:
            raise EditedMigrationError(record, "has vanished")
        if migration.name != record.name:
            raise EditedMigrationError(record, f"is now named {migration.name}")
        if migration.checksum != record.checksum:
            raise _otherwise(record, migration)
    done = {record.number for record in applied}
    return tuple(migration for migration in wanted if migration.number not in done)


def _otherwise(record: AppliedMigration, migration: Migration) -> StrataError:
    """Return why an applied migration is not what it is here: another layout, or an edit."""
    layouts: tuple[Layout, ...] = get_args(Layout)
    for found, wanted in permutations(layouts, 2):
        there, here = load(found), load(wanted)
        if migration in here and any((one.key, one.checksum) == (record.key, record.checksum) for one in there):
            return OtherLayoutError(record, found, wanted)
    return EditedMigrationError(record, "was edited")


def read_applied(connection: Connection) -> list[AppliedMigration]:
    """Return the applied migrations in order; none when the database has no record of them."""
    if connection.execute("SELECT to_regclass('strata.migrations') IS NULL").fetchone() == (True,):
        return []
    rows = connection.execute("SELECT number, name, checksum, applied_at FROM strata.migrations ORDER BY number")
    return [AppliedMigration(*row) for row in rows]


def apply(
    connection: Connection, migrations: Sequence[Migration], budget_seconds: float = LOCK_BUDGET_SECONDS
) -> list[AppliedMigration]:
    """Apply the pending migrations in order and return the record of all; safe to run twice, or by two at once.

    Args:
        connection: in autocommit, as the owner of the schemas.
        migrations: all of them, as `load` returns them.
        budget_seconds: how long to wait in all for locks that others hold.

    Raises:
        OtherLayoutError: they are applied in the other layout; nothing was applied.
        EditedMigrationError: an applied one is changed, renamed or gone; nothing was applied.
        MigrationFailedError: PostgreSQL refused one, or the budget ended; those before it are applied.
    """
    for migration in verify(read_applied(connection), migrations):
        with_lock_retries(
            connection,
            partial(_apply, connection, migration, migrations),
            budget_seconds,
            partial(MigrationFailedError, migration),
        )
    return read_applied(connection)


def _load(file: str, number: int, layout: Layout) -> Migration:
    match = _FILE.fullmatch(file)
    if match is None or int(match[1]) != number:
        raise MigrationFileError(
            "not the next migration",
            where={"file": f"sql_templates/migrations/{file}"},
            allowed=f"{number:04}_name.sql.j2 at this place, in lower case",
        )
    text = sql.render(f"migrations/{file}", **_values(layout))
    return Migration(number, match[2], text, hashlib.sha256(normalised(text).encode()).hexdigest())


def _values(layout: Layout) -> dict[str, object]:
    return {
        "partition_by": sql.Sql("LIST (tenant_id)" if layout == "list" else "HASH (tenant_id)"),
        "buckets": buckets(layout),
        "onboard_key": ONBOARD_KEY,
        "statistics_key": STATISTICS_KEY,
        "offboarding_sqlstate": OFFBOARDING_SQLSTATE,
        "derived_name": DERIVED_NAME,
        "maximum_readable_bytes": MAXIMUM_READABLE_BYTES,
        "maximum_tenant_bytes": MAXIMUM_TENANT_BYTES,
    }


def _apply(connection: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
    try:
        with connection.transaction():
            connection.execute(sql.render("migrations/_begin.sql.j2", onboard_key=ONBOARD_KEY))
            # Somebody else may have applied it, or something else in its place, while we waited.
            if migration in verify(read_applied(connection), migrations):
                connection.execute(migration.sql)
                connection.execute(
                    "INSERT INTO strata.migrations (number, name, checksum) VALUES (%s, %s, %s)",
                    (migration.number, migration.name, migration.checksum),
                )
    except psycopg.Error as error:
        if is_lock_failure(error):
            raise
        raise MigrationFailedError(migration, error) from error
