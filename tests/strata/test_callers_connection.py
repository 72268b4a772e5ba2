"""What a caller's own connection must be, and that it is given back as it came; on a real server."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import IsolationLevel
from psycopg.rows import dict_row

from strata.callers_connection import WRITTEN_FOR, ConnectionNotFreeError
from strata.database import connected
from strata.partitions.manager import PartitionManager
from strata.partitions.tables import PARTITIONED_TABLES

#: Of each setting, what somebody may have chosen instead.
OTHERS = {
    "standard_conforming_strings": "off",
    "row_security": "on",
    "default_transaction_isolation": "serializable",
    "quote_all_identifiers": "on",
    "client_encoding": "LATIN1",
    "datestyle": "SQL, DMY",
    "lock_timeout": "0",
}
#: Not in LATIN1, with what quotes and escapes.
TENANT = "\u65e5\u672c o'neil\\ Zo\u00eb"
SETTINGS = "SELECT name, current_setting(name) FROM pg_settings WHERE lower(name) = ANY (%s)"
WAITING = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def settings(connection):
    return {name.lower(): value for name, value in connection.execute(SETTINGS, (list(OTHERS),))}


def set_others(connection):
    for name, value in OTHERS.items():
        connection.execute(f"SET {name} = '{value}'")


@pytest.fixture
def own(fresh_database):
    with fresh_database.deployer() as opened:
        yield opened


def not_in_autocommit(connection):
    connection.autocommit = False


def in_a_transaction(connection):
    connection.execute("BEGIN")


def in_a_failed_transaction(connection):
    connection.execute("BEGIN")
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("SELECT 1/0")


def in_a_pipeline(connection):
    connection.pgconn.enter_pipeline_mode()


def at_another_isolation_level(connection):
    connection.isolation_level = IsolationLevel.SERIALIZABLE


@pytest.mark.parametrize(
    ("arrange", "reason"),
    [
        (not_in_autocommit, "is not in autocommit"),
        (in_a_transaction, "is inside a transaction"),
        (in_a_failed_transaction, "is inside a transaction"),
        (in_a_pipeline, "is in pipeline mode"),
        (at_another_isolation_level, "begins its transactions at isolation level SERIALIZABLE"),
    ],
)
def test_one_that_is_not_free_is_refused(own, arrange, reason):
    arrange(own)
    with pytest.raises(ConnectionNotFreeError) as refusal, connected(own):
        pytest.fail("it was taken")
    assert str(refusal.value) == (
        f"this connection {reason}; allowed: one in autocommit that is outside of any transaction and pipeline, of"
        " isolation level READ COMMITTED: each step here is a transaction of its own; next:"
        " psycopg.connect(..., autocommit=True), or give the reference in place of a connection"
    )
    assert refusal.value.reason == reason


def test_an_open_transaction_of_the_callers_stays_open_and_its_own(migrated, layout):
    manager = PartitionManager(migrated, layout)
    with migrated.transaction(force_rollback=True):
        migrated.execute("CREATE SCHEMA callers")
        for call in (
            lambda: manager.migrate_all_tenants("payments", source="app.payments"),
            lambda: manager.drop_tenant_partitions("acme", confirm="acme"),
            lambda: manager.ensure_partitions_for_tenant("acme"),
            manager.refresh_partition_stats,
            manager.find_registry_differences,
        ):
            with pytest.raises(ConnectionNotFreeError, match="is inside a transaction"):
                call()
        assert migrated.execute("SELECT to_regnamespace('callers') IS NOT NULL").fetchone() == (True,)
    assert migrated.execute("SELECT to_regnamespace('callers')").fetchone() == (None,)


def test_inside_it_has_the_settings_that_statements_are_written_for_and_afterwards_its_own(own):
    set_others(own)
    own.row_factory = dict_row
    with connected(own) as same:
        own.row_factory = psycopg.rows.tuple_row
        assert same is own
        inside = settings(own)
        with connected(own):
            assert settings(own) == inside
        assert settings(own) == inside
    assert {**inside, "datestyle": inside["datestyle"].removesuffix(", DMY")} == WRITTEN_FOR
    assert settings(own) == OTHERS


def test_after_a_failure_it_has_its_own_settings_and_no_transaction(own):
    set_others(own)
    with pytest.raises(psycopg.errors.DivisionByZero), connected(own):
        own.execute("BEGIN; SELECT 1/0; COMMIT")
    assert settings(own) == OTHERS
    assert own.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


def test_one_that_is_closed_says_so_at_the_first_statement(own):
    own.close()
    with connected(own) as same, pytest.raises(psycopg.OperationalError, match="the connection is closed"):
        same.execute("SELECT 1")


@pytest.mark.parametrize("is_inside", [False, True])
def test_one_that_breaks_is_an_error_of_the_block_and_not_of_its_settings(own, fresh_database, is_inside):
    def end_it():
        with fresh_database.admin() as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", (pid,))

    pid = own.info.backend_pid
    if not is_inside:
        end_it()
    with connected(own):
        if is_inside:
            end_it()
        with pytest.raises(psycopg.OperationalError):
            own.execute("SELECT 1")


def life(database, layout):
    """Let a tenant come, be looked at, be filled and go; what is there is read and compared each time."""
    manager = PartitionManager(database, layout)
    for _ in range(2):
        manager.ensure_partitions_for_tenant(TENANT)
    manager.refresh_partition_stats(with_sizes=True)
    assert [stats.tenant_id for stats in manager.get_partition_stats(TENANT)] == [TENANT] * len(PARTITIONED_TABLES)
    assert {query.partitions_scanned for query in manager.get_query_metrics(TENANT, "payments").queries} == {1}
    (copied,) = manager.migrate_all_tenants("payments", source="public.payments").tenants
    assert (copied.tenant_id, copied.copied, copied.failed) == (TENANT, 1, None)
    assert manager.find_registry_differences() == ()
    manager.drop_tenant_partitions(TENANT, confirm=TENANT)
    assert manager.get_partition_stats() == ()


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("is_own", [False, True])
def test_a_tenants_life_does_not_depend_on_settings(migrated, reference, fresh_database, layout, name, is_own):
    with fresh_database.admin() as admin:
        admin.execute(f"ALTER DATABASE {fresh_database.name} SET {name} = '{OTHERS[name]}'")
        admin.execute(
            "CREATE TABLE public.payments (LIKE app.payments INCLUDING ALL); GRANT SELECT ON payments TO PUBLIC"
        )
        row = "INSERT INTO public.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
        admin.execute("SET client_encoding = 'UTF8'")
        admin.execute(f"{row} VALUES (%s, 'first', 1, 'EUR', 'card')", (TENANT,))
    if is_own:
        with fresh_database.deployer() as own:
            life(own, layout)
            assert settings(own)[name] == OTHERS[name]
    else:
        life(reference, layout)


@pytest.mark.parametrize("is_own", [False, True])
def test_who_waited_for_a_lock_sees_what_was_made_meanwhile(migrated, reference, fresh_database, layout, is_own):
    with fresh_database.admin() as admin:
        admin.execute(f"ALTER DATABASE {fresh_database.name} SET default_transaction_isolation = 'repeatable read'")
    with fresh_database.deployer() as own, fresh_database.deployer() as rival, ThreadPoolExecutor() as pool:
        manager = PartitionManager(own if is_own else reference, layout)
        rival.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        rival.execute("SELECT strata.create_tenant_partition('payments', 'acme')")
        waiting = pool.submit(manager.ensure_partitions_for_tenant, "acme")
        while not rival.execute(WAITING).fetchall():
            assert not waiting.done()
        rival.execute("COMMIT")
        assert waiting.result().partitions.keys() == set(PARTITIONED_TABLES)
