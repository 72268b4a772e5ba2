"""Sessions in which row-level security shows one tenant's rows: a transaction of a pooled connection, or a connection.

The policies read the setting `app.tenant_id`. A transaction sets it for itself alone, so it ends with the transaction,
whatever happens, and works behind a pooler that shares connections between transactions. Every query still carries its
`tenant_id`: that is what prunes partitions; the policy is the second fence.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from psycopg.rows import tuple_row

from strata.database import login_as_deployer
from strata.errors import StrataError
from strata.partitions.tables import PARTITIONED_TABLES
from strata.reference import resolve
from strata.tenants import tenant_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import psycopg

    from strata.database import Connection

#: The role of applications, which reads and writes `app` and owns nothing.
APPLICATION_ROLE: Final = "strata_app"

# Of every table: switched off on one of them, it would show all tenants' rows there.
_TABLES: Final = [f"app.{table}" for table in PARTITIONED_TABLES]
# The row of `before` is read before the outer row is computed, so it holds what was set until now; '' is what a setting
# holds after a SET LOCAL has ended.
_ENTER: Final = """
WITH before AS MATERIALIZED (SELECT nullif(current_setting('app.tenant_id', true), '') AS tenant_id)
SELECT before.tenant_id, (SELECT bool_and(row_security_active(name)) FROM unnest(%(tables)s::text[]) AS name),
    current_user, set_config('app.tenant_id', %(tenant)s, true)
FROM before
"""
_LEAVE: Final = "SELECT set_config('app.tenant_id', '', true)"
# Sessions of the library turn rows that a policy hides into an error; in this one hiding them is what is wanted.
_SETTLE: Final = """
SELECT set_config('row_security', 'on', false), set_config('app.tenant_id', %(tenant)s, false),
    (SELECT bool_and(row_security_active(name)) FROM unnest(%(tables)s::text[]) AS name), current_user
"""


class OtherTenantError(StrataError):
    """The session, or the transaction that is open on it, is another tenant's."""

    def __init__(self, tenant_id: str, found: str) -> None:
        super().__init__(
            f"this session shows the rows of tenant {found!r}",
            where={"tenant": repr(tenant_id)},
            allowed="a connection whose app.tenant_id is not set, or set to the same tenant",
            next_command="end that transaction first; RESET app.tenant_id where the whole session has it",
        )
        self.tenant_id = tenant_id
        self.found = found


class PolicyNotInForceError(StrataError):
    """Row-level security holds nothing back from this role: it owns the tables, bypasses policies, or one has none."""

    def __init__(self, tenant_id: str, role: str) -> None:
        super().__init__(
            f"row-level security does not hold role {role}",
            where={"tenant": repr(tenant_id)},
            allowed=f"a role such as {APPLICATION_ROLE}, which owns no table and has no BYPASSRLS, and tables on which"
            " row-level security is enabled",
            next_command="strata partitions verify (it names a table on which it is off)",
        )
        self.tenant_id = tenant_id
        self.role = role


@contextmanager
def tenant_transaction(connection: psycopg.Connection[Any], tenant_id: str) -> Iterator[psycopg.Connection[Any]]:
    """Run a transaction that sees and writes one tenant's rows only; commit at the end, roll back on an exception.

    Within an open transaction it is a savepoint; one that is no tenant's is no tenant's again afterwards.

    Args:
        connection: of an application's role; from a pool, or any other.
        tenant_id: whose rows.

    Raises:
        TenantIdError: the id cannot be a partition key.
        OtherTenantError: the session or its open transaction is another tenant's; nothing was run.
        PolicyNotInForceError: row-level security does not hold the connection's role; nothing was run.
    """
    tenant_bytes(tenant_id)
    with connection.transaction() as transaction:
        with connection.cursor(row_factory=tuple_row) as cursor:
            before = _entered(cursor.execute(_ENTER, _values(tenant_id)).fetchall(), tenant_id)
        yield connection
        # What is set within a savepoint outlives it, unless that is rolled back.
        if transaction.savepoint_name and before is None:
            connection.execute(_LEAVE)


@asynccontextmanager
async def async_tenant_transaction(
    connection: psycopg.AsyncConnection[Any], tenant_id: str
) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Run a transaction that sees and writes one tenant's rows only, as `tenant_transaction` does.

    Raises:
        TenantIdError, OtherTenantError, PolicyNotInForceError: as there.
    """
    tenant_bytes(tenant_id)
    async with connection.transaction() as transaction:
        async with connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(_ENTER, _values(tenant_id))
            before = _entered(await cursor.fetchall(), tenant_id)
        yield connection
        if transaction.savepoint_name and before is None:
            await connection.execute(_LEAVE)


def connect_for_tenant(reference: str, tenant_id: str, role: str = APPLICATION_ROLE) -> Connection:
    """Connect by IAM token as an application does, for one tenant until the connection ends; autocommit.

    For a tool that works for one tenant; what serves many takes connections from a pool, and `tenant_transaction`.

    Args:
        reference: of the database.
        tenant_id: whose rows.
        role: that logs in; no owner of tables.

    Raises:
        TenantIdError: the id cannot be a partition key.
        DatabaseReferenceError, DatabaseUnreachableError, LoginRefusedError: as `strata.database.connect_as_deployer`.
        PolicyNotInForceError: row-level security does not hold the role.
    """
    tenant_bytes(tenant_id)
    connection = login_as_deployer(replace(resolve(reference), deployer_role=role))
    # After the login and as a value: an id may hold what separates the options of a login.
    ((_, _, is_active, user),) = connection.execute(_SETTLE, _values(tenant_id))
    if not is_active:
        connection.close()
        raise PolicyNotInForceError(tenant_id, user)
    return connection


def _values(tenant_id: str) -> dict[str, Any]:
    return {"tenant": tenant_id, "tables": _TABLES}


def _entered(rows: list[tuple[Any, ...]], tenant_id: str) -> str | None:
    """Return whose the session was until now, from the row of `_ENTER`.

    Raises:
        OtherTenantError, PolicyNotInForceError: the transaction must not go on.
    """
    before: str | None
    ((before, is_active, user, _),) = rows
    if before not in {None, tenant_id}:
        raise OtherTenantError(tenant_id, str(before))
    if not is_active:
        raise PolicyNotInForceError(tenant_id, user)
    return before
