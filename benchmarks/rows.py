"""Rows for a tenant: as many in each table, and as wide as a platform's are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

#: By table: columns beside the tenant's id, and their values of row ``n``.
_VALUES: Final = {
    "payments": (
        """idempotency_key, status, amount_minor, currency, payment_method, customer_reference, provider_reference,
           metadata""",
        """md5(n::text), 'pending', 1 + n %% 90000, 'EUR', 'card', 'customer-' || n %% 5000, 'pi_' || md5('p' || n),
           jsonb_build_object('order', n, 'channel', 'web', 'cart', md5('c' || n))""",
    ),
    "invoices": (
        "idempotency_key, number, subtotal_minor, total_minor, currency, customer_reference, line_items",
        """md5(n::text), 'INV-' || n, n, n, 'EUR', 'customer-' || n %% 5000,
           jsonb_build_array(jsonb_build_object('sku', md5('s' || n), 'quantity', n %% 9, 'minor', n))""",
    ),
    "audit_logs": (
        "actor_type, actor_id, action, resource_type, resource_id, request_id, source_ip, user_agent, payload",
        """'user', 'user-' || n %% 900, 'payment.read', 'payment', md5(n::text), md5('r' || n),
           '10.0.0.0'::inet + n %% 65536, 'Mozilla/5.0 (X11; Linux x86_64)', jsonb_build_object('n', n)""",
    ),
    "webhook_logs": (
        "idempotency_key, event_type, endpoint, status, attempts, http_status, payload",
        """md5(n::text), 'payment.captured', 'https://example.com/hooks/' || n %% 3, 'delivered', 1, 200,
           jsonb_build_object('event', md5('e' || n), 'amount', n)""",
    ),
}


def fill(connection: psycopg.Connection[Any], tenant_id: str, rows: int) -> None:
    """Give a tenant that has its partitions rows, a quarter of them in each table.

    Args:
        connection: in autocommit, as the owner.
        tenant_id: whose.
        rows: in all.
    """
    for table, (columns, values) in _VALUES.items():
        connection.execute(
            f"INSERT INTO app.{table} (tenant_id, {columns}) SELECT %s, {values} FROM generate_series(1, %s) n",  # noqa: S608 - constants
            (tenant_id, rows // len(_VALUES)),
        )
