"""The benchmarks of a tenant's life measure what they say, tried small."""

from __future__ import annotations

import time

import pytest

from benchmarks import archive_memory, archive_throughput, leaf_cpu, registries, removals, stall
from benchmarks.archives import leaving_tenant
from benchmarks.options import Options
from benchmarks.rows import fill
from benchmarks.server import LAYOUT, server
from strata import migrations
from strata.archives.bucket import ArchiveBucket
from strata.partitions.onboard import ensure_tenant
from strata.partitions.tables import PARTITIONED_TABLES


@pytest.fixture
def connection(fresh_database):
    with fresh_database.deployer() as connection:
        migrations.apply(connection, migrations.load(LAYOUT))
        ensure_tenant(connection, "acme", LAYOUT)
        yield connection


def rows_of(connection, tenant_id):
    count = "SELECT count(*) FROM app.{} WHERE tenant_id = %s"
    return [connection.execute(count.format(table), (tenant_id,)).fetchone()[0] for table in PARTITIONED_TABLES]


def test_a_quarter_of_the_rows_goes_into_each_table(connection):
    fill(connection, "acme", 400)
    assert rows_of(connection, "acme") == [100, 100, 100, 100]


def test_both_removals_leave_nothing(connection):
    for remove in (removals._drop, removals._delete):
        cost = removals._cost(connection, remove.__name__, 400, remove)
        assert cost.seconds > 0
        assert cost.wal_mib > 0.01
        assert rows_of(connection, remove.__name__) == [0, 0, 0, 0]


def test_a_refresh_is_compared_with_a_query_that_reads_what_it_writes():
    known = "SELECT partition_name, row_estimate, bytes, last_analyzed_at FROM strata.tenant_partitions"
    with server() as one, one.connect() as connection:
        registries._make(connection, 2, 400)
        for query, with_sizes in ((registries._PLANNED, False), (registries._MEASURED, True)):
            for found in registries._compare(connection, 8, repeats=1, with_sizes=with_sizes):
                assert min(*found.measured.samples, *found.baseline.samples) > 0
            assert sorted(connection.execute(query).fetchall()) == sorted(connection.execute(known).fetchall())


def test_leaves_are_made_in_both_layouts():
    (found,) = leaf_cpu.measure(Options(tenants=3, repeats=1))
    assert min(*found.measured.samples, *found.baseline.samples) > 0


def test_an_archive_and_a_pipe_hold_the_same_rows_and_a_removal_proves_them():
    with leaving_tenant(400) as one:
        place = one.place()
        assert archive_throughput._archived(one) > 0
        written = ArchiveBucket(type(place)(place.bucket, "archive-1", place.region))
        assert [sum(part.rows for part in written.parts(table)) for table in PARTITIONED_TABLES] == [100] * 4
        assert archive_throughput._piped(one) > 0
        rows, mebibytes = archive_memory._removed(one)
        assert rows == 400
        assert 10 < mebibytes < 1_000
        assert rows_of(one.connection, "leaver") == [0, 0, 0, 0]


def test_work_begins_beside_the_reader_and_may_outlast_it(connection, fresh_database):
    held = "SELECT count(*) FROM pg_locks WHERE relation = 'app.payments'::regclass AND pid <> pg_backend_pid()"
    seen = []

    def work():
        with fresh_database.deployer() as other:
            seen.append(other.execute(held).fetchone()[0])
            while other.execute(held).fetchone()[0]:
                time.sleep(0.01)
        seen.append("done")

    stall._beside(connection, 0.3, work)()
    assert seen == [1, "done"]
