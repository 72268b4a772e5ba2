"""Rows of the source, and what the partitions hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.strata.partitions.backfill.conftest import TENANTS

if TYPE_CHECKING:
    from strata.database import Connection

SOURCE = "legacy.payments"
COLUMNS = "tenant_id, id, idempotency_key, amount_minor, currency, payment_method, created_at, updated_at"
ID = "('00000000-0000-7000-8000-' || lpad(%s::text, 12, '0'))::uuid"
AT = "'2026-01-01Z'"


def insert(
    connection: Connection,
    tenant_id: str | None,
    number: int,
    *,
    key: str | None = None,
    amount: int = 100,
    into: str = "legacy",
) -> None:
    """Add one row; ids are in the order of the numbers."""
    connection.execute(
        f"INSERT INTO {into}.payments ({COLUMNS}) VALUES (%s, {ID}, %s, %s, 'EUR', 'card', {AT}, {AT})",
        (tenant_id, number, key or f"k{number}", amount),
    )


def held(connection: Connection, table: str = "app.payments") -> set[tuple[str, int, str, int]]:
    """Return tenant, number, idempotency key and amount of every row."""
    rows = connection.execute(
        f"SELECT tenant_id, right(id::text, 12)::int, idempotency_key, amount_minor FROM {table}"
    ).fetchall()
    assert len(rows) == len(set(rows))
    return set(rows)


def fill(connection: Connection, rows_per_tenant: int = 5) -> None:
    """Add rows of each tenant, interleaved, as they come."""
    number = 0
    for _ in range(rows_per_tenant):
        for tenant_id in TENANTS:
            number += 1
            insert(connection, tenant_id, number)
