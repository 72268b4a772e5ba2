"""Traffic of tenants that are none of an onboarding's business, and how long its statements take."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

_STATEMENTS_PER_SECOND: Final = 50
#: An INSERT and a SELECT of each partitioned table; what is read comes by an index that tenants have.
_INSERTS: Final = (
    """INSERT INTO app.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method)
       VALUES (%(tenant)s, gen_random_uuid()::text, 1250, 'EUR', 'card')""",
    """INSERT INTO app.invoices
         (tenant_id, idempotency_key, number, subtotal_minor, total_minor, currency, customer_reference)
       VALUES (%(tenant)s, gen_random_uuid()::text, gen_random_uuid()::text, 1250, 1250, 'EUR', 'customer')""",
    """INSERT INTO app.audit_logs (tenant_id, actor_type, actor_id, action, resource_type, resource_id)
       VALUES (%(tenant)s, 'service', 'benchmark', 'read', 'payment', 'one')""",
    """INSERT INTO app.webhook_logs (tenant_id, idempotency_key, event_type, endpoint)
       VALUES (%(tenant)s, gen_random_uuid()::text, 'payment.captured', 'https://example.com/hook')""",
)
_SELECTS: Final = tuple(
    f"SELECT id FROM app.{table} WHERE tenant_id = %(tenant)s ORDER BY created_at DESC LIMIT 20"  # noqa: S608 - constants
    for table in ("payments", "invoices", "audit_logs", "webhook_logs")
)
_STATEMENTS: Final = tuple(one for pair in zip(_INSERTS, _SELECTS, strict=True) for one in pair)


@dataclass
class Client:
    """One application connection of one tenant that runs a statement every 20 ms, inserts and selects in turns.

    Args:
        connection: in autocommit, as the application's role.
        tenant_id: whose rows.
        waits_seconds: how long each statement took, in the order in which they ran.
    """

    connection: psycopg.Connection[Any]
    tenant_id: str
    waits_seconds: list[float] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Run statements until told to stop; a late one is followed at once, never skipped over in silence."""
        due = time.monotonic()
        for statement in cycle(_STATEMENTS):
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            started = time.monotonic()
            self.connection.execute(statement, {"tenant": self.tenant_id})
            self.waits_seconds.append(time.monotonic() - started)
            due = max(due + 1 / _STATEMENTS_PER_SECOND, time.monotonic())


def worst_wait_milliseconds(clients: Sequence[Client], window_seconds: float, during: Callable[[], None]) -> float:
    """Return the longest time that any statement took while the clients ran for a window.

    Args:
        clients: each runs in a thread of its own, on its own open connection.
        window_seconds: how long, or until `during` is done if that takes longer.
        during: what happens meanwhile.
    """
    for client in clients:
        client.waits_seconds.clear()
    with _running(clients):
        ends = time.monotonic() + window_seconds
        during()
        time.sleep(max(0.0, ends - time.monotonic()))
    return max(wait for client in clients for wait in client.waits_seconds) * 1_000


@contextmanager
def _running(clients: Sequence[Client]) -> Iterator[None]:
    stop = threading.Event()
    failures: list[BaseException] = []

    def run(client: Client) -> None:
        try:
            client.run(stop)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that measures
            failures.append(error)

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


@contextmanager
def open_reader(connection: psycopg.Connection[Any], tenant_id: str) -> Iterator[None]:
    """Hold a transaction open that has read a tenant's rows of every partitioned table, as a report does.

    Its snapshot stays (REPEATABLE READ), and so do its locks on the parents: what an onboarding must not wait for.
    """
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    for select in _SELECTS:
        connection.execute(select, {"tenant": tenant_id})
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
