import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL

from strata.migrations import OFFBOARDING_SQLSTATE
from strata.partitions.backfill import copy
from strata.partitions.backfill.copy import Options, backfill_table, backfill_tenant
from strata.partitions.backfill.errors import (
    BackfillBusyError,
    BackfillFailedError,
    BackfillInterruptedError,
    UnmappedRowsError,
)
from strata.partitions.backfill.results import TableBackfill, TenantBackfill
from strata.partitions.backfill.source import Source, TenantJoin
from tests.strata.partitions.backfill.conftest import TENANTS
from tests.strata.partitions.backfill.legacy import held, insert

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)
SOURCE = "legacy.payments"


def _fill(connection, rows_per_tenant=5):
    number = 0
    for _ in range(rows_per_tenant):
        for tenant_id in TENANTS:  # interleaved, as they come
            number += 1
            insert(connection, tenant_id, number)


def test_every_row_arrives_in_its_tenants_partition_in_the_order_of_tenants(tenants, layout):
    _fill(tenants)
    found = backfill_table(tenants, "payments", SOURCE, layout, Options(batch_rows=2))
    assert found == TableBackfill(
        "payments", SOURCE, tuple(TenantBackfill(tenant, "payments", 5, copied=5) for tenant in sorted(TENANTS))
    )
    assert found.is_complete
    assert tenants.execute("SELECT * FROM app.payments EXCEPT ALL SELECT * FROM legacy.payments").fetchall() == []
    assert len(held(tenants)) == 15


def test_a_second_run_finds_what_the_first_has_copied_and_what_came_since(tenants, layout):
    _fill(tenants)
    backfill_table(tenants, "payments", SOURCE, layout)
    insert(tenants, "acme", 0)  # before all that was copied
    found = backfill_table(tenants, "payments", SOURCE, layout, Options(batch_rows=2))
    assert {each.tenant_id: (each.copied, each.already_there) for each in found.tenants} == {
        "acme": (1, 5), "O'Neil": (0, 5), "system": (0, 5)
    }  # fmt: skip
    assert found.is_complete


def test_one_tenant_is_copied_and_others_are_not(tenants, layout):
    _fill(tenants)
    assert backfill_tenant(tenants, "O'Neil", "payments", SOURCE, layout).copied == 5
    assert {row[0] for row in held(tenants)} == {"O'Neil"}
    tenants.execute("DELETE FROM legacy.payments WHERE tenant_id = 'acme'")
    assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout) == TenantBackfill("acme", "payments", 0)


@only_list
@pytest.mark.parametrize("options", [None, Options(ensure=True)])
def test_a_misspelt_tenant_is_not_complete_and_is_not_made(tenants, layout, options):
    """It has neither a row nor a partition: nothing was copied, and nothing says that nothing had to be."""
    _fill(tenants)
    found = backfill_tenant(tenants, "acmee", "payments", SOURCE, layout, options)
    assert (found.tenant_id, found.rows, found.copied, found.is_complete) == ("acmee", 0, 0, False)
    assert found.failed == (
        "the tenant has no row in the source and no partition of payments;"
        " allowed: a tenant that has one of them, its id byte by byte as it is there;"
        " next: check the id (strata tenant list shows those that have partitions), and run again"
    )
    known = "SELECT count(*) FROM strata.tenant_partitions WHERE tenant_id = 'acmee'"
    assert tenants.execute(known).fetchone() == (0,)


@only_list
def test_what_is_there_and_differs_is_left_as_it_is_and_counted(tenants, layout):
    for number in (1, 2, 3, 4):
        insert(tenants, "acme", number)
    insert(tenants, "acme", 1, into="app")
    insert(tenants, "acme", 2, amount=999, into="app")
    insert(tenants, "acme", 77, key="k3", into="app")
    found = backfill_tenant(tenants, "acme", "payments", SOURCE, layout)
    assert found == TenantBackfill("acme", "payments", 4, copied=1, already_there=1, conflicting=2)
    assert not found.is_complete
    assert held(tenants) == {
        ("acme", 1, "k1", 100),
        ("acme", 2, "k2", 999),
        ("acme", 77, "k3", 100),
        ("acme", 4, "k4", 100),
    }


@only_list
def test_a_row_that_is_refused_is_named_without_its_values_and_those_before_it_stay(tenants, layout):
    for number in range(1, 30):
        insert(tenants, "acme", number, amount=-5 if number == 18 else 100)
    insert(tenants, "system", 30)
    found = {each.tenant_id: each for each in backfill_table(tenants, "payments", SOURCE, layout).tenants}
    assert (found["acme"].rows, found["acme"].copied, found["system"].copied) == (29, 17, 1)
    assert found["acme"].failed == (
        '23514: new row for relation "payments_p_acme" violates check constraint "payments_amount_minor_check",'
        " at the row with id = 00000000-0000-7000-8000-000000000018;"
        " next: settle what it says, and run again: what is there is found there"
    )
    tenants.execute("UPDATE legacy.payments SET amount_minor = 100 WHERE amount_minor < 0")
    again = backfill_tenant(tenants, "acme", "payments", SOURCE, layout)
    assert (again.copied, again.already_there, again.failed) == (12, 17, None)


@only_list
def test_a_tenant_without_a_partition_is_reported_or_given_one(tenants, layout):
    insert(tenants, "globex", 1)
    insert(tenants, "acme", 2)
    acme, globex = backfill_table(tenants, "payments", SOURCE, layout).tenants
    assert acme.failed is None
    assert globex.failed.startswith("the tenant has no partition of payments; allowed: tenants that are active")
    assert (globex.rows, globex.copied) == (1, 0)
    assert backfill_tenant(tenants, "globex", "payments", SOURCE, layout, Options(ensure=True)).copied == 1
    assert {row[0] for row in held(tenants)} == {"acme", "globex"}


@only_list
def test_a_tenant_on_its_way_out_is_not_filled_and_not_made_again(tenants, layout):
    insert(tenants, "acme", 1)
    insert(tenants, "system", 2)
    insert(tenants, "x" * 1025, 3)
    tenants.execute("UPDATE strata.tenant_partitions SET state = 'archived' WHERE tenant_id = 'acme'")
    reported = backfill_table(tenants, "payments", SOURCE, layout).tenants
    assert [each.failed.split(";")[0] if each.failed else None for each in reported] == [
        "the tenant is archived", None, "the tenant has no partition of payments"
    ]  # fmt: skip
    ensured = backfill_table(tenants, "payments", SOURCE, layout, Options(ensure=True)).tenants
    assert "strata tenant restore acme" in ensured[0].failed
    assert "is 1025 bytes long" in ensured[2].failed


@only_list
def test_writes_that_a_removal_refuses_are_this_tenants_failure(tenants, layout):
    insert(tenants, "acme", 1)
    tenants.execute(
        "CREATE TRIGGER strata_offboarding BEFORE INSERT ON partitions.payments_p_acme"
        " FOR EACH ROW EXECUTE FUNCTION strata.refuse_write()"
    )
    failed = backfill_tenant(tenants, "acme", "payments", SOURCE, layout).failed
    assert failed.startswith(f"{OFFBOARDING_SQLSTATE}: tenant acme is being offboarded")


def _with_description(expression):
    """Return a source whose rows get this description."""
    return Source(SOURCE, columns={"description": SQL(expression)})


@only_list
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
            " one by one, unless it is tenant_from that refuses"
        )
        assert tenants.info.transaction_status == TransactionStatus.IDLE
        assert held(tenants) == set()
    assert backfill_tenant(tenants, "system", "payments", source, layout).copied == 1


@only_list
def test_a_tenant_expression_that_refuses_a_value_is_told(tenants, layout):
    insert(tenants, "acme", 1)
    source = Source(SOURCE, SQL("(1 / (length(s.tenant_id) - 4))::text"), left_out=frozenset({"tenant_id"}))
    with pytest.raises(BackfillFailedError, match="22012: division by zero") as raised:
        backfill_table(tenants, "payments", source, layout)
    assert raised.value.sqlstate == "22012"


@only_list
def test_reading_the_source_for_too_long_is_told(tenants, layout, monkeypatch):
    insert(tenants, "acme", 1)
    render = copy.sql.render
    monkeypatch.setattr(copy.sql, "render", lambda *args, **named: render(*args, **named).replace("'30min'", "'200ms'"))
    with pytest.raises(BackfillFailedError, match="57014: canceling .* settle what it says, and run again") as raised:
        backfill_table(tenants, "payments", _with_description("pg_sleep(60)::text"), layout)
    assert raised.value.allowed is None
    assert tenants.info.transaction_status == TransactionStatus.IDLE


@only_list
def test_a_source_that_is_locked_is_no_source_that_does_not_fit(tenants, layout, fresh_database):
    insert(tenants, "acme", 1)
    tenants.execute("SET lock_timeout = '50ms'")
    with fresh_database.deployer() as other, other.transaction():
        other.execute("LOCK legacy.payments")
        with pytest.raises(BackfillBusyError, match="the source met a lock: canceling statement due to lock timeout"):
            backfill_table(tenants, "payments", SOURCE, layout)
    assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout).copied == 1


@only_list
def test_rows_of_nobody_are_counted_and_refused_unless_somebody_takes_them(tenants, layout):
    for number, tenant_id in enumerate(["acme", None, "", "system"]):
        insert(tenants, tenant_id, number)
    for call in (
        lambda: backfill_table(tenants, "payments", SOURCE, layout),
        lambda: backfill_tenant(tenants, "acme", "payments", SOURCE, layout),
    ):
        with pytest.raises(UnmappedRowsError, match="2 rows belong to no tenant .source legacy.payments") as raised:
            call()
        assert raised.value.rows == 2
        assert held(tenants) == set()
    source = Source(SOURCE, fallback="system")
    assert backfill_tenant(tenants, "system", "payments", source, layout).copied == 3
    assert [(each.rows, each.copied) for each in backfill_table(tenants, "payments", source, layout).tenants] == [
        (1, 1),
        (3, 0),
    ]


@only_list
def test_audit_logs_take_the_tenant_of_their_user_else_the_systems(tenants, layout):
    tenants.execute("CREATE TABLE legacy.users (number bigint PRIMARY KEY, organisation varchar(40))")
    tenants.execute("INSERT INTO legacy.users VALUES (1, 'acme'), (2, 'O''Neil'), (3, NULL)")
    tenants.execute(
        "CREATE TABLE legacy.audit"
        " (id bigint PRIMARY KEY, user_number bigint, action varchar(20) NOT NULL, at timestamp NOT NULL)"
    )
    tenants.execute(
        "INSERT INTO legacy.audit SELECT n, nullif(n % 5, 0), 'login', '2026-01-01' FROM generate_series(1, 50) n"
    )
    source = Source(
        "legacy.audit",
        tenant_from=TenantJoin("legacy.users", {"user_number": "number"}, "organisation"),
        fallback="system",
        columns={
            "id": SQL("md5('legacy.audit ' || s.id)::uuid"),
            "actor_type": SQL("'user'"),
            "actor_id": SQL("coalesce(s.user_number::text, 'nobody')"),
            "resource_type": SQL("'session'"),
            "resource_id": SQL("'?'"),
            "created_at": SQL("s.at AT TIME ZONE 'UTC'"),
        },
        left_out=frozenset({"at"}),
    )
    found = backfill_table(tenants, "audit_logs", source, layout, Options(batch_rows=7))
    assert {each.tenant_id: each.copied for each in found.tenants} == {"acme": 10, "O'Neil": 10, "system": 30}
    again = backfill_table(tenants, "audit_logs", source, layout)
    assert {each.tenant_id: each.already_there for each in again.tenants} == {"acme": 10, "O'Neil": 10, "system": 30}
    expression = Source(
        "legacy.audit",
        SQL("CASE WHEN s.user_number = 1 THEN 'acme' END"),
        "system",
        source.columns,
        frozenset({"at", "user_number"}),
    )
    assert backfill_tenant(tenants, "acme", "audit_logs", expression, layout).already_there == 10


@only_list
def test_a_composite_key_and_a_name_that_must_be_quoted(tenants, layout):
    tenants.execute('CREATE TABLE legacy."Odd; ""table""" (LIKE app.payments INCLUDING DEFAULTS)')
    tenants.execute('ALTER TABLE legacy."Odd; ""table""" ADD PRIMARY KEY (created_at, id)')
    _fill(tenants)
    tenants.execute('INSERT INTO legacy."Odd; ""table""" SELECT * FROM legacy.payments')
    source = Source('legacy."Odd; ""table"""')
    assert backfill_table(tenants, "payments", source, layout, Options(batch_rows=2)).is_complete
    assert held(tenants) == held(tenants, "legacy.payments")


@only_list
def test_progress_tells_rows_and_pace(tenants, layout):
    _fill(tenants)
    seen = []
    backfill_table(tenants, "payments", SOURCE, layout, Options(batch_rows=3, report=seen.append))
    assert [each.rows for each in seen if each.tenant_id == "O'Neil"] == [3, 5, 5]
    assert (seen[-1].rows, seen[-1].total_rows, seen[-1].tenant_id) == (15, 15, "system")
    assert [each.rows for each in seen] == sorted(each.rows for each in seen)
    assert seen[-1].rows_per_second == pytest.approx(15 / seen[-1].elapsed_seconds)


def test_two_runs_at_once_copy_each_row_once(tenants, layout, reference):
    _fill(tenants, 40)
    barrier, found = threading.Barrier(2), []

    def run():
        barrier.wait()
        found.append(backfill_table(reference, "payments", SOURCE, layout, Options(batch_rows=3)))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.is_complete for each in found] == [True, True]
    for one, other in zip(found[0].tenants, found[1].tenants, strict=True):
        assert (one.copied + other.copied, one.already_there + other.already_there) == (40, 40)
    assert len(held(tenants)) == 120


@only_list
def test_a_row_that_another_holds_back_is_waited_for_and_then_given_up(tenants, layout, fresh_database, monkeypatch):
    insert(tenants, "acme", 1)
    monkeypatch.setattr(copy, "BATCH_LOCK_BUDGET_SECONDS", 0.2)
    tenants.execute("SET lock_timeout = '50ms'")
    with fresh_database.deployer() as other, other.transaction():
        insert(other, "acme", 1, into="app")
        failed = backfill_tenant(tenants, "acme", "payments", SOURCE, layout).failed
    assert failed.startswith("55P03: canceling statement due to lock timeout, from the row with id = 0000")
    assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout).already_there == 1


class _Stopped(Exception):  # noqa: N818 - stands for a process that ends, which is no error
    pass


TENANT_IDS = st.sampled_from([*TENANTS, "nobody", "", None])
SOURCE_ROWS = st.lists(st.tuples(TENANT_IDS, st.integers(0, 6), st.sampled_from([100, 100, 100, 200, -1])), max_size=25)
PRESENT_ROWS = st.lists(
    st.tuples(st.sampled_from(TENANTS), st.integers(0, 24), st.integers(0, 6), st.sampled_from([100, 200])),
    max_size=6,
    unique_by=(lambda row: row[:2], lambda row: (row[0], row[2])),
)


def _oracle(source_rows, present):
    """Return what the partitions hold in the end, and by tenant what a run over untouched rows counts.

    A row is a number, which is its place in the source, a tenant, an idempotency key and an amount.
    """
    held_rows = {(tenant, number): (key, amount) for tenant, number, key, amount in present}
    counts = {}
    for number, (tenant_or_none, key, amount) in enumerate(source_rows):
        tenant = tenant_or_none or "system"
        count = counts.setdefault(tenant, {"rows": 0, "there": 0, "copied": 0, "conflicting": 0, "failed": False})
        count["rows"] += 1
        if count["failed"] or tenant == "nobody" or amount < 0:
            count["failed"] = True
        elif held_rows.get((tenant, number)) == (key, amount):
            count["there"] += 1
        elif (tenant, number) in held_rows or any(
            owner == tenant and other == key for (owner, _), (other, _) in held_rows.items()
        ):
            count["conflicting"] += 1
        else:
            held_rows[tenant, number] = (key, amount)
            count["copied"] += 1
    return {(tenant, number, f"k{key}", amount) for (tenant, number), (key, amount) in held_rows.items()}, counts


def test_a_backfill_that_is_killed_and_run_again_is_what_the_oracle_says(tenants, layout, reference, fresh_database):
    killed = []

    def kill_others():
        with fresh_database.admin() as admin:
            killed.extend(
                admin.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid NOT IN (%s, pg_backend_pid())",
                    (tenants.info.backend_pid,),
                ).fetchall()
            )

    @settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
    @given(
        SOURCE_ROWS, PRESENT_ROWS, st.integers(1, 6), st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=3)
    )
    def check(source_rows, present, batch_rows, kills):
        tenants.execute("TRUNCATE legacy.payments, app.payments")
        with tenants.transaction():
            for number, (tenant_id, key, amount) in enumerate(source_rows):
                insert(tenants, tenant_id, number, key=f"k{key}", amount=amount)
            for tenant_id, number, key, amount in present:
                insert(tenants, tenant_id, number, key=f"k{key}", amount=amount, into="app")
        source = Source(SOURCE, fallback="system")
        for after, by_server in kills:
            _killed_run(reference, source, layout, batch_rows, after, kill_others if by_server else None)
        rows, counts = _oracle(source_rows, present)
        found = backfill_table(tenants, "payments", source, layout, Options(batch_rows=batch_rows))
        assert held(tenants) == rows
        assert [each.tenant_id for each in found.tenants] == sorted(counts, key=str.encode)
        for each in found.tenants:
            count = counts[each.tenant_id]
            assert (each.rows, each.failed is not None) == (count["rows"], count["failed"])
            assert each.conflicting == count["conflicting"]
            assert each.copied + each.already_there == count["copied"] + count["there"]
            if not kills:
                assert (each.copied, each.already_there) == (count["copied"], count["there"])

    check()
    assert killed


def _killed_run(reference, source, layout, batch_rows, after, kill_server_side):
    """Run until some batch is done, and then end: the process, or the server's side of the connection."""
    calls = 0

    def report(_):
        nonlocal calls
        calls += 1
        if calls == after:
            if kill_server_side is None:
                raise _Stopped
            kill_server_side()

    ends = _Stopped if kill_server_side is None else BackfillInterruptedError
    try:
        backfill_table(reference, "payments", source, layout, Options(batch_rows=batch_rows, report=report))
    except ends:
        return
    assert calls < after  # it was done before


@pytest.mark.parametrize("rows", [0, -1])
def test_a_batch_without_rows_is_refused(rows):
    """It would go on for ever."""
    with pytest.raises(ValueError, match=f"batch_rows is {rows}; allowed: 1 or more"):
        Options(batch_rows=rows)
