from __future__ import annotations

import time

import psycopg
import pytest

from benchmarks.server import LAYOUT
from benchmarks.traffic import Client, open_reader, worst_wait_milliseconds
from strata import migrations
from strata.partitions.onboard import ensure_tenant


@pytest.fixture
def database(fresh_database):
    with fresh_database.deployer() as connection:
        migrations.apply(connection, migrations.load(LAYOUT))
        ensure_tenant(connection, "acme", LAYOUT)
    return fresh_database


def test_a_lock_that_others_wait_for_is_seen_as_a_wait(database):
    with database.deployer() as connection, database.deployer() as rival:
        client = Client(connection, "acme")

        def lock():
            time.sleep(0.1)
            with rival.transaction():
                rival.execute("LOCK TABLE app.invoices IN ACCESS EXCLUSIVE MODE")
                time.sleep(0.4)

        assert worst_wait_milliseconds([client], 0.6, lock) >= 300
        assert connection.execute("SELECT count(*) > 0 FROM app.webhook_logs").fetchone() == (True,)


def test_a_window_forgets_the_one_before_it(database):
    with database.deployer() as connection:
        client = Client(connection, "acme", waits_seconds=[99.0])
        assert worst_wait_milliseconds([client], 0.2, lambda: None) < 99_000
        assert len(client.waits_seconds) >= 2


def test_a_client_that_fails_fails_the_measurement(database):
    with database.deployer() as connection, pytest.raises(psycopg.errors.CheckViolation):
        worst_wait_milliseconds([Client(connection, "nobody")], 0.1, lambda: None)


def test_the_reader_holds_every_parent_until_the_end(database):
    held = """SELECT count(DISTINCT relation) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
              WHERE relkind = 'p' AND relnamespace = 'app'::regnamespace AND mode = 'AccessShareLock'"""
    with database.deployer() as connection, database.admin() as admin:
        with open_reader(connection, "acme"):
            assert admin.execute(held).fetchone() == (4,)
        assert admin.execute(held).fetchone() == (0,)
