import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from strata import advisory_locks
from strata.database import connect_as_deployer
from strata.partitions.onboard import ensure_tenant
from strata.partitions.statistics import (
    StatisticsBusyError,
    StatisticsFailedError,
    read_partition_stats,
    refresh_partition_stats,
    total,
)
from strata.partitions.tables import PARTITIONED_TABLES
from tests.strata.rows import insert_payment

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)
LEAF = "partitions.payments_p_acme"


@pytest.fixture
def tenants(migrated, layout):
    for tenant_id in ("acme", "globex"):
        ensure_tenant(migrated, tenant_id, layout)
    for number in range(7):
        insert_payment(migrated, "acme", f"k{number}")
    return migrated


def _payments(connection):
    (found,) = read_partition_stats(connection, "acme", "payments")
    return found


def _size(connection):
    return connection.execute("SELECT pg_total_relation_size(%s)", (LEAF,)).fetchone()[0]


def test_what_was_never_analyzed_is_unknown(tenants):
    assert refresh_partition_stats(tenants) == 0
    stats = _payments(tenants)
    assert (stats.tenant_id, stats.table, stats.partition) == ("acme", "payments", "payments_p_acme")
    assert (stats.state, stats.created_at.tzinfo is not None) == ("active", True)
    assert {stats.rows, stats.bytes, stats.bytes_measured_at, stats.last_analyzed_at, stats.refreshed_at} == {None}


def test_what_has_no_page_has_no_rows_though_nobody_counted(tenants):
    """The first row makes it unknown again: until the next look of the planner, nobody knows how many there are."""
    query = "SELECT count(*) FILTER (WHERE reltuples = -1) FROM pg_class WHERE relname LIKE '%\\_p\\_globex'"
    assert tenants.execute(query).fetchone() == (4,)
    assert {one.rows for one in read_partition_stats(tenants, "globex")} == {0}
    insert_payment(tenants, "globex", "first")
    assert {one.table: one.rows for one in read_partition_stats(tenants, "globex")} == {
        **dict.fromkeys(PARTITIONED_TABLES, 0),
        "payments": None,
    }


def test_what_has_no_page_has_a_size_though_nobody_measured(tenants):
    """PostgreSQL may never analyze a table that a tenant does not use, and its total is to be known all the same."""
    found = read_partition_stats(tenants, "globex")
    for one in found:
        query = "SELECT pg_total_relation_size(%s)"
        assert tenants.execute(query, (f"partitions.{one.partition}",)).fetchone() == (one.bytes,)
        assert one.bytes_measured_at is None
    assert read_partition_stats(tenants, "globex") == found
    insert_payment(tenants, "globex", "first")
    (payments,) = read_partition_stats(tenants, "globex", "payments")
    assert (payments.bytes, payments.bytes_measured_at) == (None, None)


def test_what_was_emptied_has_no_longer_the_size_that_was_measured(tenants):
    refresh_partition_stats(tenants, with_sizes=True)
    measured = _payments(tenants).bytes
    tenants.execute(f"TRUNCATE {LEAF}")
    refresh_partition_stats(tenants)
    emptied = _payments(tenants)
    assert (emptied.rows, emptied.bytes, emptied.bytes_measured_at) == (0, _size(tenants), None)
    assert emptied.bytes < measured


def test_a_page_that_holds_no_row_any_more_is_unknown(tenants):
    """Rows that others have not committed, or that are deleted and not yet vacuumed, are on pages too."""
    with tenants.transaction(force_rollback=True):
        insert_payment(tenants, "globex", "rolled back")
    assert {one.rows for one in read_partition_stats(tenants, "globex", "payments")} == {None}


def test_figures_are_the_planners_and_are_copied_once(tenants):
    tenants.execute(f"ANALYZE {LEAF}")
    assert (refresh_partition_stats(tenants), refresh_partition_stats(tenants)) == (1, 0)
    stats = _payments(tenants)
    assert stats.rows == 7
    assert stats.bytes_measured_at is None
    assert 0 < stats.bytes <= _size(tenants)
    assert stats.last_analyzed_at <= stats.refreshed_at


def test_no_partition_is_read_for_an_estimate(tenants):
    """Nobody reads the partitions while they are locked against everybody: the catalog is enough."""
    tenants.execute(f"ANALYZE {LEAF}")
    insert_payment(tenants, "acme", "one that the planner has not seen")
    with tenants.transaction(force_rollback=True):
        scans = (
            "SELECT sum(seq_scan + coalesce(idx_scan, 0)) FROM pg_stat_xact_user_tables WHERE schemaname = 'partitions'"
        )
        before = tenants.execute(scans).fetchone()
        refresh_partition_stats(tenants, with_sizes=True)
        assert tenants.execute(scans).fetchone() == before
        assert _payments(tenants).rows == 7


def test_a_measured_size_is_exact_and_stays_until_the_planner_knows_a_newer_one(tenants):
    tenants.execute(f"ANALYZE {LEAF}")
    assert refresh_partition_stats(tenants, with_sizes=True) == 2 * len(PARTITIONED_TABLES)
    measured = _payments(tenants)
    assert measured.bytes == _size(tenants)
    assert measured.bytes_measured_at == measured.refreshed_at
    assert refresh_partition_stats(tenants, with_sizes=True) == 0
    tenants.execute(
        "INSERT INTO app.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
        " SELECT 'acme', 'more ' || n, 1, 'EUR', 'card' FROM generate_series(1, 2000) n"
    )
    assert refresh_partition_stats(tenants) == 0
    assert _payments(tenants) == measured
    tenants.execute(f"ANALYZE {LEAF}")
    assert (refresh_partition_stats(tenants), refresh_partition_stats(tenants)) == (1, 0)
    cheap = _payments(tenants)
    assert (cheap.rows, cheap.bytes_measured_at) == (2007, None)
    assert measured.bytes < cheap.bytes <= _size(tenants)
    assert refresh_partition_stats(tenants, with_sizes=True) == 1
    again = _payments(tenants)
    assert (again.bytes, again.bytes_measured_at) == (_size(tenants), again.refreshed_at)


@only_list
def test_a_size_that_is_found_the_same_after_an_analysis_is_newly_measured(tenants):
    """Else the next plain refresh would take the old time for an old figure."""
    tenants.execute(f"ANALYZE {LEAF}")
    refresh_partition_stats(tenants, with_sizes=True)
    measured = _payments(tenants)
    tenants.execute(f"ANALYZE {LEAF}")
    assert refresh_partition_stats(tenants, with_sizes=True) == 1
    again = _payments(tenants)
    assert again.bytes == measured.bytes == _size(tenants)
    assert again.bytes_measured_at > measured.bytes_measured_at
    assert (refresh_partition_stats(tenants), _payments(tenants)) == (0, again)


def test_what_is_gone_is_unknown_again(tenants):
    tenants.execute(f"ANALYZE {LEAF}")
    refresh_partition_stats(tenants, with_sizes=True)
    tenants.execute(f"DROP TABLE {LEAF}")
    assert refresh_partition_stats(tenants) == 1
    stats = _payments(tenants)
    assert {stats.rows, stats.bytes, stats.bytes_measured_at, stats.last_analyzed_at} == {None}
    assert refresh_partition_stats(tenants, with_sizes=True) == 0


@only_list
def test_a_size_that_an_archive_took_back_is_estimated_again(tenants):
    tenants.execute(f"ANALYZE {LEAF}")
    refresh_partition_stats(tenants, with_sizes=True)
    tenants.execute("UPDATE strata.tenant_partitions SET row_estimate = NULL, bytes = NULL")
    assert refresh_partition_stats(tenants) > 0
    stats = _payments(tenants)
    assert (stats.rows, stats.bytes_measured_at) == (7, None)
    assert stats.bytes > 0


@only_list
def test_the_call_without_arguments_is_still_there_and_an_unknown_is_no_size(tenants):
    assert tenants.execute("SELECT strata.refresh_partition_stats()").fetchone() == (0,)
    assert tenants.execute("SELECT strata.refresh_partition_stats(NULL)").fetchone() == (0,)
    assert tenants.execute("SELECT count(*) FROM pg_proc WHERE proname = 'refresh_partition_stats'").fetchone() == (1,)


@pytest.mark.parametrize(
    ("amounts", "wanted"), [((), None), ((None,), None), ((1, None), None), ((0,), 0), ((1, 2), 3)]
)
def test_a_part_is_no_total(amounts, wanted):
    assert total(amounts) == wanted


@only_list
def test_statistics_are_chosen_by_tenant_and_table(tenants):
    assert len(read_partition_stats(tenants)) == 2 * len(PARTITIONED_TABLES)
    assert [stats.table for stats in read_partition_stats(tenants, "acme")] == sorted(PARTITIONED_TABLES)
    assert [stats.tenant_id for stats in read_partition_stats(tenants, table="invoices")] == ["acme", "globex"]
    assert read_partition_stats(tenants, "' OR true --") == ()


def test_refreshes_at_once_are_one_after_another(tenants, reference):
    tenants.execute(f"ANALYZE {LEAF}")
    barrier = threading.Barrier(4)

    def refresh(_):
        with connect_as_deployer(reference) as connection:
            barrier.wait()
            return refresh_partition_stats(connection, with_sizes=True)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(refresh, range(4))) == [0, 0, 0, 2 * len(PARTITIONED_TABLES)]


@only_list
def test_a_refresh_that_waits_too_long_says_for_what(tenants, fresh_database):
    tenants.execute("ALTER FUNCTION strata.refresh_partition_stats SET lock_timeout = '50ms'")
    with fresh_database.deployer() as other:
        other.execute("SELECT pg_advisory_lock(%s)", (advisory_locks.STATISTICS_KEY,))
        with pytest.raises(StatisticsBusyError, match="were not refreshed: .*lock timeout.* one refresh at a time"):
            refresh_partition_stats(tenants)


@only_list
def test_a_partition_that_is_locked_against_all_is_no_bare_error(tenants, fresh_database):
    tenants.execute("SET lock_timeout = '50ms'")
    with fresh_database.deployer() as other, other.transaction(force_rollback=True):
        other.execute("LOCK TABLE partitions.invoices_p_globex IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StatisticsBusyError, match="were not read: .*lock timeout"):
            read_partition_stats(tenants)
        assert read_partition_stats(tenants, "acme")


@only_list
@pytest.mark.parametrize("call", [refresh_partition_stats, read_partition_stats])
def test_a_connection_that_breaks_is_no_bare_error(tenants, fresh_database, reference, call):
    with connect_as_deployer(reference) as connection:
        with fresh_database.admin() as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
        with pytest.raises(StatisticsFailedError, match="the statistics were not .*; next: run again$"):
            call(connection)


@only_list
@pytest.mark.parametrize("call", [refresh_partition_stats, read_partition_stats])
def test_a_database_without_the_schema_is_sent_to_pulumi(tenants, call):
    tenants.execute("ALTER SCHEMA strata RENAME TO elsewhere")
    with pytest.raises(StatisticsFailedError, match="every migration applied.*; next: pulumi up$"):
        call(tenants)
