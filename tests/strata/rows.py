"""One row of a tenant, and what can be asked about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


def insert_payment(connection: psycopg.Connection, tenant_id: str, key: str = "k") -> None:
    connection.execute(
        "INSERT INTO app.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
        " VALUES (%s, %s, 100, 'EUR', 'card')",
        (tenant_id, key),
    )


def payments_of(connection: psycopg.Connection, tenant_id: str) -> int:
    return connection.execute("SELECT count(*) FROM app.payments WHERE tenant_id = %s", (tenant_id,)).fetchone()[0]
