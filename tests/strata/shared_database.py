"""A migrated database that the tests of one module share: one for each of them would be most of their time."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.conftest import Database
from tests.strata.conftest import create_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.conftest import PostgresqlServer

#: What the stack gives its roles: role, schema, on the schema or on its tables, privileges.
#: `tests/infra/components/test_database_roles.py` holds it equal to what `DatabaseRoles` plans.
GRANTS = {
    ("strata_app", "app", "schema", "USAGE"),
    ("strata_app", "app", "table", "SELECT, INSERT, UPDATE, DELETE"),
    ("strata_readonly", "app", "schema", "USAGE"),
    ("strata_readonly", "app", "table", "SELECT"),
    ("strata_readonly", "partitions", "schema", "USAGE"),
    ("strata_readonly", "strata", "schema", "USAGE"),
    ("strata_readonly", "strata", "table", "SELECT"),
}

PAYMENT = (
    "INSERT INTO app.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
    " VALUES (%s, %s, 1, 'EUR', 'card')"
)


@contextmanager
def shared_database(server: PostgresqlServer, template: str) -> Iterator[Database]:
    """Make a database from a migrated one, with the rights that the stack gives its roles; dropped at the end."""
    name = f"shared_{secrets.token_hex(6)}"
    create_database(server, name, template)
    try:
        database = Database(server, name)
        with database.deployer() as owner:
            for role, schema, kind, privileges in GRANTS:
                where = f"SCHEMA {schema}" if kind == "schema" else f"ALL TABLES IN SCHEMA {schema}"
                owner.execute(f"GRANT {privileges} ON {where} TO {role}")
        yield database
    finally:
        with server.admin("postgres") as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def only_first_payments(owner: psycopg.Connection, tenants: list[str]) -> None:
    """Let the payments be one of each tenant."""
    with owner.transaction():
        owner.execute("DELETE FROM app.payments")
        for tenant_id in tenants:
            owner.execute(PAYMENT, (tenant_id, "first"))
