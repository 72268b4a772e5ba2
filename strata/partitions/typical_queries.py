"""The queries that applications ask of each table: what `get_query_metrics` explains."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from strata.sql import Sql

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class TypicalQuery:
    """One query of one tenant.

    Args:
        name: what it asks.
        expression: SQL with ``$1`` for the tenant and ``$2`` and so on for `values`.
        values: columns of the tenant's newest row that the parameters take their values from, each with what a tenant
            without rows is asked for.
        writes: whether it changes rows: then it is planned, and never executed.
    """

    name: str
    expression: Sql
    values: Mapping[str, str] = field(default_factory=dict)
    writes: bool = False


_NO_ID: Final = "00000000-0000-0000-0000-000000000000"


def _newest_first(name: str, table: str, order: str = "created_at DESC", **values: str) -> TypicalQuery:
    conditions = "".join(f" AND {column} = ${number}" for number, column in enumerate(values, start=2))
    query = f"SELECT * FROM app.{table} WHERE tenant_id = $1{conditions} ORDER BY {order} LIMIT 50"  # noqa: S608 - of constants
    return TypicalQuery(name, Sql(query), values)


def _by_id(table: str) -> TypicalQuery:
    query = f"SELECT * FROM app.{table} WHERE tenant_id = $1 AND id = $2"  # noqa: S608 - of constants
    return TypicalQuery("by id", Sql(query), {"id": _NO_ID})


def _update_of_status(table: str, status: str) -> TypicalQuery:
    query = f"UPDATE app.{table} SET status = $3, updated_at = now() WHERE tenant_id = $1 AND id = $2"  # noqa: S608 - of constants
    return TypicalQuery("update of status", Sql(query), {"id": _NO_ID, "status": status}, writes=True)


#: By table; a table that is added gets its queries here.
TYPICAL_QUERIES: Final[Mapping[str, tuple[TypicalQuery, ...]]] = {
    "payments": (
        _newest_first("newest first", "payments"),
        _by_id("payments"),
        _newest_first("by status", "payments", status="captured"),
        _newest_first("by customer", "payments", customer_reference="customer"),
        _update_of_status("payments", "captured"),
    ),
    "invoices": (
        _newest_first("newest first", "invoices"),
        _by_id("invoices"),
        _newest_first("due by status", "invoices", "due_at", status="open"),
        _newest_first("by customer", "invoices", customer_reference="customer"),
        _update_of_status("invoices", "open"),
    ),
    "audit_logs": (
        _newest_first("newest first", "audit_logs"),
        _by_id("audit_logs"),
        _newest_first("by resource", "audit_logs", resource_type="payment", resource_id=_NO_ID),
        _newest_first("by actor", "audit_logs", actor_id="actor"),
    ),
    "webhook_logs": (
        _newest_first("newest first", "webhook_logs"),
        _by_id("webhook_logs"),
        _newest_first("due by status", "webhook_logs", "next_attempt_at", status="pending"),
        _newest_first("by event", "webhook_logs", event_type="payment.captured"),
        _update_of_status("webhook_logs", "pending"),
    ),
}
