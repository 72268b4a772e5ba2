"""A backfill that is killed at any batch, and run again."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strata.partitions.backfill.copy import Options, backfill_table
from strata.partitions.backfill.errors import BackfillInterruptedError
from strata.partitions.backfill.source import Source
from tests.strata.partitions.backfill.conftest import TENANTS
from tests.strata.partitions.backfill.legacy import SOURCE, held, insert


class _Stopped(Exception):  # noqa: N818 - stands for a process that ends, which is no error
    pass


TENANT_IDS = st.sampled_from([*TENANTS, "nobody", "", None])
SOURCE_ROWS = st.lists(st.tuples(TENANT_IDS, st.integers(0, 6), st.sampled_from([100, 100, 100, 200, -1])), max_size=25)
PRESENT_ROWS = st.lists(
    st.tuples(st.sampled_from(TENANTS), st.integers(0, 24), st.integers(0, 6), st.sampled_from([100, 200])),
    max_size=6,
    unique_by=(lambda row: row[:2], lambda row: (row[0], row[2])),
)


_NOTHING = {"rows": 0, "there": 0, "copied": 0, "conflicting": 0, "moved": 0, "failed": False}


def _oracle(source_rows, present):
    """Return what the partitions hold in the end, and by tenant what a run over untouched rows counts.

    A row is a number, which is its place in the source, a tenant, an idempotency key and an amount.
    """
    held_rows = {(tenant, number): (key, amount) for tenant, number, key, amount in present}
    counts = {}
    for tenant, number, _, _ in present:
        if number < len(source_rows) and (source_rows[number][0] or "system") != tenant:
            counts.setdefault(tenant, dict(_NOTHING))["moved"] += 1
    for number, (tenant_or_none, key, amount) in enumerate(source_rows):
        tenant = tenant_or_none or "system"
        count = counts.setdefault(tenant, dict(_NOTHING))
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
            assert (each.conflicting, each.moved) == (count["conflicting"], count["moved"])
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
