import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from strata.advisory_locks import DETACH_CLASS, ONBOARD_KEY, REMOVAL_CLASS
from strata.database import connect_as_deployer
from strata.partitions import onboard
from strata.partitions.blockers import Blocker, describe, find_blockers, how_to_end
from strata.partitions.errors import (
    BucketRoutingError,
    ConnectionLostError,
    OnboardingFailedError,
    OnboardingTimeoutError,
    PartitionMismatchError,
    TenantOffboardingError,
    onboarding_failure,
)
from strata.partitions.inspect import inspect_tenant, wanted_digests
from strata.partitions.layout import BUCKETS
from strata.partitions.onboard import ensure_tenant
from strata.partitions.render import PARTS, leaves, render_part
from strata.partitions.tables import PARTITIONED_TABLES
from tests.strata.rows import insert_payment, payments_of
from tests.strata.strategies import TENANT_IDS

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)


def _relations(connection):
    return connection.execute(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'partitions'::regnamespace AND relkind = 'r'"
    ).fetchone()[0]


def _registered(connection):
    return connection.execute("SELECT count(*) FROM strata.tenant_partitions").fetchone()[0]


def test_a_tenant_gets_a_partition_of_every_table(migrated, layout):
    made = ensure_tenant(migrated, "acme", layout)
    assert made.partitions == {table: f"{table}_p_acme" for table in PARTITIONED_TABLES}
    insert_payment(migrated, "acme")
    assert migrated.execute("SELECT tableoid::regclass::text FROM app.payments").fetchall() == [
        ("partitions.payments_p_acme",)
    ]
    assert inspect_tenant(migrated, "acme", layout).digests == made.digests == wanted_digests("acme", layout)
    assert migrated.execute("SELECT table_name, partition_name, state FROM strata.tenant_partitions").fetchall() == [
        (table, name, "active") for table, name in made.partitions.items()
    ]


def test_onboarding_twice_changes_nothing(migrated, layout):
    made = ensure_tenant(migrated, "acme", layout)
    insert_payment(migrated, "acme")
    assert ensure_tenant(migrated, "acme", layout) == made
    assert payments_of(migrated, "acme") == 1


def test_a_reference_will_do(reference, migrated, layout):
    assert ensure_tenant(reference, "acme", layout).partitions["payments"] == "payments_p_acme"


def test_any_id_is_onboarded_and_used(migrated, layout):
    @settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
    @given(TENANT_IDS)
    def onboarded(tenant_id):
        ensure_tenant(migrated, tenant_id, layout)
        with migrated.transaction(force_rollback=True):
            insert_payment(migrated, tenant_id)
            assert payments_of(migrated, tenant_id) == 1
        assert inspect_tenant(migrated, tenant_id, layout).differences == {}

    onboarded()


def test_open_transactions_of_others_are_not_waited_for(migrated, layout, fresh_database):
    ensure_tenant(migrated, "acme", layout)
    with fresh_database.deployer() as reader, fresh_database.deployer() as writer:
        with reader.transaction(), writer.transaction():
            reader.execute("SELECT FROM app.payments")
            insert_payment(writer, "acme")
            started = time.monotonic()
            ensure_tenant(migrated, "globex", layout, budget_seconds=0)
            assert time.monotonic() - started < 2  # the first lock_timeout
        assert payments_of(reader, "acme") == 1


def test_others_work_while_an_onboarding_is_open(migrated, layout, fresh_database):
    ensure_tenant(migrated, "acme", layout)
    with fresh_database.deployer() as onboarding, fresh_database.deployer() as other:
        other.execute("SET lock_timeout = '1s'")
        with onboarding.transaction():
            for leaf in leaves("globex", layout):
                for part in PARTS:
                    onboarding.execute(render_part(part, leaf))
            insert_payment(other, "acme")
            assert payments_of(other, "acme") == 1
            modes = other.execute(
                "SELECT DISTINCT mode FROM pg_locks WHERE pid = %s AND relation = ANY (%s::regclass[])",
                (onboarding.info.backend_pid, [leaf.qualified_parent for leaf in leaves("globex", layout)]),
            ).fetchall()
    assert {mode for (mode,) in modes} == {"AccessShareLock", "ShareUpdateExclusiveLock"}


def test_many_at_once_all_succeed(migrated, reference, layout):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: ensure_tenant(reference, f"t{number % 12}", layout), range(24)))
    assert len({each.partitions["payments"] for each in made}) == 12
    assert _registered(migrated) == 12 * len(PARTITIONED_TABLES)


def test_a_lock_that_goes_away_is_waited_for_and_its_holder_named(migrated, layout, fresh_database, caplog):
    with fresh_database.deployer() as blocker:
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE app.invoices IN SHARE MODE")
        timer = threading.Timer(2.5, blocker.execute, ["COMMIT"])
        timer.start()
        ensure_tenant(migrated, "acme", layout)
        timer.join()
        pid = blocker.info.backend_pid
    (line,) = caplog.messages
    assert line.startswith("onboarding met a lock: canceling statement due to lock timeout")
    assert f"; held by pid {pid} (strata_deployer, idle in transaction since " in line
    assert "(tenant acme); it is tried again, for 29" in line
    assert inspect_tenant(migrated, "acme", layout).differences == {}


@pytest.fixture
def kept_in_the_dark(migrated, fresh_database):
    """Let the owner see no more than it does where the logins were made before it was given pg_monitor."""
    with fresh_database.connect("strata_deployer") as deployer:
        deployer.execute("REVOKE pg_monitor FROM strata_owner")
        yield
        deployer.execute("GRANT pg_monitor TO strata_owner WITH INHERIT TRUE, SET FALSE")


@pytest.fixture
def blocked(migrated, layout, fresh_database):
    """Return a function that onboards while another session holds a lock: its pid, and the error."""

    def onboarded():
        with fresh_database.connect("strata_app") as blocker, blocker.transaction():
            blocker.execute("LOCK TABLE app.invoices IN SHARE MODE")
            with pytest.raises(OnboardingTimeoutError) as failure:
                ensure_tenant(migrated, "acme", layout, budget_seconds=0)
            return blocker.info.backend_pid, failure.value

    migrated.execute("GRANT USAGE ON SCHEMA app TO strata_app")
    migrated.execute("GRANT ALL ON app.invoices TO strata_app")
    return onboarded


@only_list
def test_a_lock_that_stays_is_reported_with_its_holder(migrated, blocked):
    migrated.execute("SET DateStyle = 'German'")
    migrated.execute("SET TimeZone = 'America/Halifax'")
    pid, failure = blocked()
    (found,) = failure.blockers
    assert datetime.now(UTC) - datetime.fromisoformat(found.query_start) < timedelta(minutes=1)
    assert (found.pid, found.user, found.state) == (pid, "strata_app", "idle in transaction")
    message = str(failure)
    assert message.startswith("onboarding met a lock: canceling statement due to lock timeout")
    assert f"held by pid {pid} (strata_app, idle in transaction since " in message
    assert message.endswith(
        "LOCK TABLE app.invoices IN SHARE MODE) (tenant acme); allowed: 0 s of waiting for others; "
        "next: let those sessions end, "
        f"or let their user or the master run SELECT pg_terminate_backend({pid}); then pulumi up"
    )
    assert _relations(migrated) == 0


@only_list
@pytest.mark.usefixtures("kept_in_the_dark")
def test_a_holder_is_named_where_its_query_may_not_be_seen(blocked):
    pid, failure = blocked()
    assert (
        f"held by pid {pid} (strata_app, what it runs is hidden); the master lets strata_owner see that:"
        " GRANT pg_monitor TO strata_owner (tenant acme); allowed: 0 s of waiting for others;"
        " next: let those sessions end, or let their user or the master run"
        f" SELECT pg_terminate_backend({pid}); then pulumi up"
    ) in str(failure)


def test_who_holds_nothing_any_more_is_not_to_be_ended():
    assert OnboardingTimeoutError("acme", 300, (), "timeout").next_command == "pulumi up"
    assert describe(()) == "nobody any more"


def test_sessions_are_told_in_one_line():
    shown = Blocker(7, "app", None, "active", "SELECT\n    1")
    hidden = [Blocker(pid, "other", None, None, None, "strata_owner") for pid in (8, 9)]
    assert describe((shown, *hidden)) == (
        "pid 7 (app, active: SELECT 1); pid 8 (other, what it runs is hidden); pid 9 (other, what it runs is hidden); "
        "the master lets strata_owner see that: GRANT pg_monitor TO strata_owner"
    )
    assert "SELECT pg_terminate_backend(7), pg_terminate_backend(8), pg_terminate_backend(9);" in how_to_end(
        (shown, *hidden)
    )


@only_list
def test_who_reads_a_leaf_that_is_mended_is_reported(migrated, layout, fresh_database):
    """Its attach waits for readers; a reader of a leaf that needs nothing is no matter."""
    ensure_tenant(migrated, "acme", layout)
    migrated.execute("ALTER TABLE app.payments DETACH PARTITION partitions.payments_p_acme")
    with fresh_database.deployer() as reader, fresh_database.deployer() as other:
        with reader.transaction(), other.transaction():
            reader.execute("SELECT FROM partitions.payments_p_acme")
            other.execute("SELECT FROM partitions.invoices_p_acme")
            with pytest.raises(OnboardingTimeoutError) as failure:
                ensure_tenant(migrated, "acme", layout, budget_seconds=0)
        assert [found.pid for found in failure.value.blockers] == [reader.info.backend_pid]


@pytest.mark.parametrize("layout", ["bucketed"], indirect=True)
def test_who_holds_the_table_above_the_buckets_is_reported(migrated, layout, fresh_database):
    with fresh_database.deployer() as changing, fresh_database.deployer() as analyzing:
        with changing.transaction(), analyzing.transaction():
            analyzing.execute("LOCK TABLE ONLY app.invoices IN SHARE MODE")  # an attach to a bucket passes it
            changing.execute("CREATE POLICY mine ON app.payments USING (true)")
            with pytest.raises(OnboardingTimeoutError) as failure:
                ensure_tenant(migrated, "acme", layout, budget_seconds=0)
        assert [found.pid for found in failure.value.blockers] == [changing.info.backend_pid]


@pytest.mark.parametrize(("first", "second"), [(REMOVAL_CLASS, "acme"), (DETACH_CLASS, 'app."payments"')])
def test_who_holds_a_two_part_key_is_found(migrated, layout, fresh_database, first, second):
    with fresh_database.deployer() as holder:
        holder.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", (first, second))
        (found,) = find_blockers(migrated, (), detaching=False, keys=[(0, "x"), (first, second)])
        assert found.pid == holder.info.backend_pid
        assert find_blockers(migrated, (), detaching=False, keys=[(first, "other")]) == ()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("table", [PARTITIONED_TABLES[0], PARTITIONED_TABLES[-1]])
def test_a_connection_killed_at_any_step_leaves_nothing(migrated, layout, fresh_database, monkeypatch, part, table):
    before = _relations(migrated)
    rendered = onboard.render_onboarding("acme", layout)
    leaf = next(leaf for leaf in leaves("acme", layout) if leaf.table == table)
    killed = render_part(part, leaf)
    rendered[table] = rendered[table].replace(
        killed, f"{killed} SET ROLE strata_deployer; SELECT pg_terminate_backend(pg_backend_pid());"
    )
    with monkeypatch.context() as patch:
        patch.setattr(onboard, "render_onboarding", lambda *_: rendered)
        with pytest.raises(ConnectionLostError, match="next: run again: what is there is adopted"):
            ensure_tenant(migrated, "acme", layout)
    with fresh_database.deployer() as again:
        assert (_relations(again), _registered(again)) == (before, 0)
        ensure_tenant(again, "acme", layout)
        assert inspect_tenant(again, "acme", layout).differences == {}


def test_a_tenant_whose_partition_vanished_gets_it_again(migrated, layout):
    made = ensure_tenant(migrated, "acme", layout)
    migrated.execute("DROP TABLE partitions.invoices_p_acme")
    assert inspect_tenant(migrated, "acme", layout).differences.keys() == {"invoices"}
    assert ensure_tenant(migrated, "acme", layout) == made
    assert inspect_tenant(migrated, "acme", layout).differences == {}


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_a_matching_table_is_adopted_with_its_rows(migrated, layout, parts):
    leaf = leaves("acme", layout)[0]
    for part in PARTS[:parts]:
        migrated.execute(render_part(part, leaf))
    migrated.execute(
        "INSERT INTO partitions.payments_p_acme (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
        " VALUES ('acme', 'k', 1, 'EUR', 'card')"
    )
    ensure_tenant(migrated, "acme", layout)
    assert payments_of(migrated, "acme") == 1
    assert inspect_tenant(migrated, "acme", layout).differences == {}


@only_list
def test_a_table_with_anothers_rows_is_not_adopted(migrated, layout):
    migrated.execute(render_part("create_leaf", leaves("acme", layout)[0]))
    migrated.execute(
        "INSERT INTO partitions.payments_p_acme (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
        " VALUES ('globex', 'k', 1, 'EUR', 'card')"
    )
    with pytest.raises(PartitionMismatchError, match="payments_p_acme: the table holds rows of other tenants"):
        ensure_tenant(migrated, "acme", layout)
    assert _registered(migrated) == 0


@only_list
def test_a_bound_that_another_partition_has_is_a_mismatch(migrated, layout):
    migrated.execute("CREATE TABLE partitions.other PARTITION OF app.payments FOR VALUES IN ('acme')")
    with pytest.raises(PartitionMismatchError, match="a partition of another name has this tenant's bound"):
        ensure_tenant(migrated, "acme", layout)
    assert _relations(migrated) == 1


@only_list
def test_what_else_postgresql_refuses_of_a_partition_is_not_taken_for_its_bound(migrated):
    with pytest.raises(psycopg.errors.InvalidObjectDefinition) as refusal:
        migrated.execute("CREATE TABLE partitions.other (tenant_id text) PARTITION BY LIST (ctid)")
    assert isinstance(onboarding_failure("acme", refusal.value, lost=False), OnboardingFailedError)


@only_list
def test_a_name_that_another_tenant_has_is_a_mismatch(migrated, layout):
    migrated.execute("INSERT INTO strata.tenant_partitions VALUES ('globex', 'payments', 'payments_p_acme')")
    with pytest.raises(PartitionMismatchError, match="another tenant's partition has this name"):
        ensure_tenant(migrated, "acme", layout)
    assert _relations(migrated) == 0


@only_list
def test_a_tenant_on_its_way_out_is_not_onboarded(migrated, layout):
    ensure_tenant(migrated, "acme", layout)
    migrated.execute("UPDATE strata.tenant_partitions SET state = 'offboarding'")
    with pytest.raises(TenantOffboardingError) as refusal:
        ensure_tenant(migrated, "acme", layout)
    assert str(refusal.value) == (
        "the tenant is being offboarded (tenant acme); allowed: onboarding after its removal is complete; "
        "next: remove its entry and run pulumi up; then add it again"
    )


def test_a_database_without_schema_is_an_error_with_a_next_step(connection, layout):
    with pytest.raises(OnboardingFailedError) as failure:
        ensure_tenant(connection, "acme", layout)
    assert failure.value.allowed == "a database with every migration applied"
    assert failure.value.next_command == "pulumi up"


@pytest.mark.parametrize("layout", ["bucketed"], indirect=True)
def test_a_bucket_that_the_server_does_not_route_to_is_refused(migrated, layout, monkeypatch):
    monkeypatch.setattr(onboard, "bucket_of", lambda _: BUCKETS[0])
    with pytest.raises(BucketRoutingError):
        ensure_tenant(migrated, "acme", layout)
    assert _registered(migrated) == 0


@only_list
def test_what_was_seen_before_the_lock_is_not_believed(migrated, layout, reference, fresh_database):
    """A session that has seen the table missing, and waited while another made it, must see it."""
    with connect_as_deployer(reference) as waiting, fresh_database.deployer() as holder:
        assert inspect_tenant(waiting, "acme", layout).partitions == {}
        with holder.transaction(), ThreadPoolExecutor(1) as pool:
            holder.execute("SELECT pg_advisory_xact_lock(%s)", (ONBOARD_KEY,))
            future = pool.submit(ensure_tenant, waiting, "acme", layout)
            _wait_until_waiting(holder, waiting.info.backend_pid)
            for leaf in leaves("acme", layout):
                for part in PARTS:
                    holder.execute(render_part(part, leaf))
            holder.execute("COMMIT")
            holder.execute("BEGIN")
            assert future.result().partitions["payments"] == "payments_p_acme"


def _wait_until_waiting(connection: psycopg.Connection, pid: int) -> None:
    deadline = time.monotonic() + 10
    while connection.execute("SELECT FROM pg_locks WHERE pid = %s AND NOT granted", (pid,)).fetchone() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
