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
            owner.execute("GRANT USAGE ON SCHEMA app TO strata_app, strata_readonly")
            owner.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO strata_app")
            owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA app TO strata_readonly")
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
