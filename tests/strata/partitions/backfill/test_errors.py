"""What keeps a backfill as a whole from its work."""

import pytest
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL

from strata.partitions.backfill import copy
from strata.partitions.backfill.copy import backfill_table, backfill_tenant
from strata.partitions.backfill.errors import BackfillBusyError, BackfillFailedError
from strata.partitions.backfill.source import Source
from tests.strata.partitions.backfill.legacy import SOURCE, held, insert

pytestmark = pytest.mark.parametrize("layout", ["list"], indirect=True)


def _with_description(expression):
    """Return a source whose rows get this description."""
    return Source(SOURCE, columns={"description": SQL(expression)})


def test_a_value_that_an_expression_refuses_is_told_and_the_connection_goes_on(tenants, layout):
    for tenant_id, number in (("acme", 1), ("system", 2)):
        insert(tenants, tenant_id, number)
    source = _with_description("(CASE s.tenant_id WHEN 'acme' THEN 'n/a' ELSE '7' END)::bigint::text")
    for call in (
        lambda: backfill_table(tenants, "payments", source, layout),
        lambda: backfill_tenant(tenants, "acme", "payments", source, layout),
    ):
        with pytest.raises(BackfillFailedError) as raised:
            call()
        assert str(raised.value) == (
            'reading the source was refused: 22P02: invalid input syntax for type bigint: "n/a"'
            " (source legacy.payments, table app.payments); allowed: expressions that give a value for every row"
            " that is read; next: mend the row or the expression, and run again; other tenants can be copied before,"
            " one by one, unless it is tenant_from or the key that refuses"
        )
        assert tenants.info.transaction_status == TransactionStatus.IDLE
        assert held(tenants) == set()
    assert backfill_tenant(tenants, "system", "payments", source, layout).copied == 1


def test_a_tenant_expression_that_refuses_a_value_is_told(tenants, layout):
    insert(tenants, "acme", 1)
    source = Source(SOURCE, SQL("(1 / (length(s.tenant_id) - 4))::text"), left_out=frozenset({"tenant_id"}))
    with pytest.raises(BackfillFailedError, match="22012: division by zero") as raised:
        backfill_table(tenants, "payments", source, layout)
    assert raised.value.sqlstate == "22012"


def test_reading_the_source_for_too_long_is_told(tenants, layout, monkeypatch):
    insert(tenants, "acme", 1)
    render = copy.sql.render
    monkeypatch.setattr(copy.sql, "render", lambda *args, **named: render(*args, **named).replace("'30min'", "'200ms'"))
    with pytest.raises(BackfillFailedError, match="57014: canceling .* settle what it says, and run again") as raised:
        backfill_table(tenants, "payments", _with_description("pg_sleep(60)::text"), layout)
    assert raised.value.allowed is None
    assert tenants.info.transaction_status == TransactionStatus.IDLE


def test_a_source_that_is_locked_is_no_source_that_does_not_fit(tenants, layout, fresh_database):
    insert(tenants, "acme", 1)
    tenants.execute("SET lock_timeout = '50ms'")
    with fresh_database.deployer() as other, other.transaction():
        other.execute("LOCK legacy.payments")
        with pytest.raises(BackfillBusyError, match="reading met a lock: canceling statement due to lock timeout"):
            backfill_table(tenants, "payments", SOURCE, layout)
    assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout).copied == 1


def test_the_source_is_read_under_the_time_limit_of_reading_and_not_under_the_sessions(tenants, layout):
    for number in range(4):
        insert(tenants, "acme", number)
    slow = SQL("CASE WHEN pg_sleep(0.1) IS NOT NULL THEN s.tenant_id END")
    tenants.execute("SET statement_timeout = '300ms'")
    source = Source(SOURCE, tenant_from=slow, left_out=frozenset({"tenant_id"}))
    assert backfill_table(tenants, "payments", source, layout).is_complete
