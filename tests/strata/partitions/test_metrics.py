from itertools import product

import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus

from strata.partitions import metrics
from strata.partitions.metrics import (
    QueryMetricsFailedError,
    QueryMetricsTimeoutError,
    UnknownTableError,
    query_metrics,
)
from strata.partitions.onboard import ensure_tenant
from strata.partitions.render import leaves
from strata.partitions.tables import PARTITIONED_TABLES
from strata.partitions.typical_queries import TYPICAL_QUERIES
from tests.strata.rows import insert_payment, payments_of

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)
HOSTILE = "O'Neil \\ $1 %s"


@pytest.fixture
def tenants(migrated, layout):
    for tenant_id in ("acme", "globex", HOSTILE):
        ensure_tenant(migrated, tenant_id, layout)
    for tenant_id in ("acme", HOSTILE):
        for number in range(3):
            insert_payment(migrated, tenant_id, f"k{number}")
    migrated.execute("SET plan_cache_mode = 'force_custom_plan'")
    return migrated


def _by_name(found):
    return {each.name: each for each in found.queries}


def _locks_of_one_leaf(connection, table, layout):
    count = "SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass"
    indexes = connection.execute(count, (f"app.{table}",)).fetchone()[0]
    return (indexes + 1) * (2 if layout == "list" else 3)


def test_a_typical_query_touches_its_tenants_partition_only(tenants, layout):
    for tenant_id, table in product(("acme", HOSTILE), PARTITIONED_TABLES):
        found = query_metrics(tenants, tenant_id, table)
        assert (found.tenant_id, found.table, found.plan_cache_mode) == (tenant_id, table, "force_custom_plan")
        assert not found.makes_generic_plans
        assert [each.name for each in found.queries] == [query.name for query in TYPICAL_QUERIES[table]]
        for each in found.queries:
            assert (each.name, each.partitions_scanned, each.partitions_total) == (each.name, 1, 3)
            assert each.planning_milliseconds > 0
            assert each.relations_locked <= _locks_of_one_leaf(tenants, table, layout)


def test_reads_are_executed_and_writes_are_not(tenants):
    before = tenants.execute("SELECT id, xmin, updated_at FROM app.payments").fetchall()
    found = _by_name(query_metrics(tenants, "acme", "payments"))
    assert (found["newest first"].rows, found["by id"].rows, found["by status"].rows) == (3, 1, 3)
    assert found["newest first"].execution_milliseconds > 0
    assert (found["update of status"].rows, found["update of status"].execution_milliseconds) == (None, None)
    assert tenants.execute("SELECT id, xmin, updated_at FROM app.payments").fetchall() == before


def test_a_generic_plan_would_lock_every_partition(tenants):
    for each in query_metrics(tenants, "acme", "payments").queries:
        assert each.generic_plan_locks_everything
        assert each.generic_plan.partitions_locked == 3
        assert each.generic_plan.relations_locked > each.relations_locked
        assert each.generic_plan.planning_milliseconds > 0


def test_a_partition_that_is_half_detached_is_not_counted(tenants, layout, fresh_database):
    leaf = next(leaf for leaf in leaves("globex", layout) if leaf.table == "payments")
    with fresh_database.deployer() as reader, reader.transaction():
        reader.execute(f"SELECT FROM {leaf.qualified_parent} LIMIT 1")
        tenants.execute("SET lock_timeout = '50ms'")
        with pytest.raises(errors.LockNotAvailable):
            tenants.execute(f"ALTER TABLE {leaf.qualified_parent} DETACH PARTITION {leaf.qualified_name} CONCURRENTLY")
    for each in query_metrics(tenants, "acme", "payments").queries:
        assert (each.partitions_total, each.generic_plan.partitions_locked) == (2, 2)
        assert each.generic_plan_locks_everything


@only_list
def test_a_database_that_makes_generic_plans_is_told_from_one_that_does_not(tenants):
    tenants.execute("SET plan_cache_mode = 'auto'")
    found = query_metrics(tenants, "acme", "invoices")
    assert (found.plan_cache_mode, found.makes_generic_plans) == ("auto", True)
    assert tenants.execute("SHOW plan_cache_mode").fetchone() == ("auto",)


@only_list
def test_the_session_is_left_as_it_was(tenants):
    tenants.execute("SET statement_timeout = '77s'")
    query_metrics(tenants, "acme", "audit_logs")
    assert tenants.execute("SHOW statement_timeout").fetchone() == ("77s",)
    assert tenants.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    insert_payment(tenants, "acme", "still writes")
    assert payments_of(tenants, "acme") == 4


@only_list
def test_a_tenant_that_is_not_there_scans_nothing(tenants):
    assert {each.partitions_scanned for each in query_metrics(tenants, "nobody", "payments").queries} == {0}
    with pytest.raises(UnknownTableError, match="not a partitioned table .table users.; allowed: payments, invoices"):
        query_metrics(tenants, "acme", "users")


@only_list
def test_a_generic_plan_that_would_fill_the_lock_table_is_not_made(tenants, monkeypatch):
    monkeypatch.setattr(metrics, "_SHARE_OF_LOCK_TABLE", 0.0)
    each = query_metrics(tenants, "acme", "payments").queries[0]
    assert each.generic_plan_locks_everything is None
    assert each.generic_plan.unknown.startswith("it might take ")
    assert each.partitions_scanned == 1


@only_list
def test_a_query_that_takes_too_long_is_stopped(tenants, monkeypatch):
    tenants.execute("CREATE FUNCTION app.slow(text) RETURNS text LANGUAGE sql VOLATILE RETURN pg_sleep(9)::text")
    slow = metrics.TypicalQuery(
        "slow", metrics.sql.Sql("SELECT app.slow(id::text) FROM app.payments WHERE tenant_id = $1")
    )
    monkeypatch.setattr(metrics, "TYPICAL_QUERIES", {"payments": (slow,)})
    monkeypatch.setattr(metrics, "STATEMENT_TIMEOUT_MILLISECONDS", 200)
    (each,) = query_metrics(tenants, "acme", "payments").queries
    assert (each.partitions_scanned, each.execution_milliseconds, each.rows) == (1, None, None)
    assert each.generic_plan_locks_everything


def _typical(monkeypatch, text):
    """Let this be the only typical query of payments."""
    query = metrics.TypicalQuery("only", metrics.sql.Sql(text))
    monkeypatch.setattr(metrics, "TYPICAL_QUERIES", {"payments": (query,)})


@only_list
def test_a_partition_that_is_locked_is_told_as_such(tenants, fresh_database):
    tenants.execute("SET lock_timeout = '50ms'")
    with fresh_database.deployer() as other, other.transaction():
        other.execute("LOCK partitions.payments_p_acme")
        with pytest.raises(QueryMetricsTimeoutError) as raised:
            query_metrics(tenants, "acme", "payments")
    assert str(raised.value).startswith(
        "a typical query was not planned in time: canceling statement due to lock timeout"
    )
    assert str(raised.value).endswith(
        "(tenant acme, table payments); allowed: a plan within 5000 ms, while nobody locks the partition against all;"
        " next: let the session that holds a lock end, or the server have less to do, and run again"
    )
    assert tenants.info.transaction_status == TransactionStatus.IDLE
    assert query_metrics(tenants, "acme", "payments").queries


@only_list
def test_another_tenants_lock_leaves_the_generic_plan_unknown_and_no_more(tenants, fresh_database):
    tenants.execute("SET lock_timeout = '50ms'")
    with fresh_database.deployer() as other, other.transaction():
        other.execute("LOCK partitions.payments_p_globex")
        for each in query_metrics(tenants, "acme", "payments").queries:
            assert (each.partitions_scanned, each.generic_plan_locks_everything) == (1, None)
            assert each.generic_plan.unknown == "somebody else holds a lock that it needs"


@only_list
def test_planning_that_takes_too_long_is_told(tenants, monkeypatch):
    tenants.execute(
        "CREATE FUNCTION app.slow_to_plan() RETURNS integer LANGUAGE plpgsql IMMUTABLE"
        " AS 'BEGIN PERFORM pg_sleep(9); RETURN 1; END'"
    )
    _typical(monkeypatch, "SELECT app.slow_to_plan() FROM app.payments WHERE tenant_id = $1")
    monkeypatch.setattr(metrics, "STATEMENT_TIMEOUT_MILLISECONDS", 200)
    with pytest.raises(QueryMetricsTimeoutError, match="canceling statement due to statement timeout.* within 200 ms"):
        query_metrics(tenants, "acme", "payments")
    assert tenants.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


@only_list
def test_what_the_server_refuses_or_does_not_answer_is_told(tenants, monkeypatch):
    _typical(monkeypatch, "SELECT no_such_column FROM app.payments WHERE tenant_id = $1")
    with pytest.raises(QueryMetricsFailedError, match='not planned: 42703: column "no_such_column" does not exist'):
        query_metrics(tenants, "acme", "payments")
    tenants.close()
    with pytest.raises(QueryMetricsFailedError, match="not planned: no answer: the connection is closed"):
        query_metrics(tenants, "acme", "payments")


def test_every_table_has_queries_and_each_carries_its_tenant():
    assert tuple(TYPICAL_QUERIES) == PARTITIONED_TABLES
    for queries in TYPICAL_QUERIES.values():
        assert all("tenant_id = $1" in query.expression for query in queries)
