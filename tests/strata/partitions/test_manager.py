import inspect
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from strata.partitions import PartitionManager
from strata.partitions.inspect import inspect_tenant
from strata.partitions.layout import LayoutMismatchError
from strata.partitions.manager import DropNotConfirmedError
from strata.partitions.onboard import ensure_tenant
from strata.partitions.registry import find_registry_differences
from strata.partitions.tables import PARTITIONED_TABLES
from strata.tenants import TenantIdError
from tests.strata.partitions.backfill.legacy import insert
from tests.strata.rows import insert_payment, payments_of

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)


def _call(method, *args, **kwargs):
    return method, {"args": args, "kwargs": kwargs}


#: Every method, as it is called twice, and by two at once.
CALLS = (
    _call("ensure_partitions_for_tenant", "globex"),
    _call("refresh_partition_stats", with_sizes=True),
    _call("get_partition_stats", "acme"),
    _call("get_partition_distribution", "payments"),
    _call("get_query_metrics", "acme", "payments"),
    _call("find_registry_differences"),
    _call("migrate_existing_tenant_data", "acme", "payments", source="legacy.payments"),
    _call("migrate_all_tenants", "payments", source="legacy.payments"),
    _call("drop_tenant_partitions", "acme", confirm="acme"),
)


@pytest.fixture
def manager(migrated, reference, layout):
    """Return a manager of a database with two tenants, and a source that is not copied yet."""
    for tenant_id in ("acme", "initech"):
        ensure_tenant(migrated, tenant_id, layout)
    insert_payment(migrated, "initech")
    migrated.execute("CREATE SCHEMA legacy")
    migrated.execute("CREATE TABLE legacy.payments (LIKE app.payments INCLUDING DEFAULTS, PRIMARY KEY (id))")
    for number in range(40):
        insert(migrated, ("acme", "initech")[number % 2], number)
    return PartitionManager(reference, layout)


def _as_it_should_be(connection, layout):
    """Whether all calls have done what they say, once."""
    assert inspect_tenant(connection, "globex", layout).differences == {}
    assert inspect_tenant(connection, "acme", layout).partitions == {}
    assert payments_of(connection, "initech") == 21
    assert find_registry_differences(connection, layout) == ()


def test_every_method_is_here():
    methods = {name for name, _ in inspect.getmembers(PartitionManager, inspect.isfunction) if not name.startswith("_")}
    assert methods == {method for method, _ in CALLS}


def test_calling_twice_is_no_error_and_changes_nothing_more(manager, migrated, layout):
    for method, arguments in CALLS:
        first = getattr(manager, method)(*arguments["args"], **arguments["kwargs"])
        again = getattr(manager, method)(*arguments["args"], **arguments["kwargs"])
        if method == "migrate_existing_tenant_data":
            assert (first.copied, again.copied, again.already_there) == (20, 0, 20)
        elif method == "migrate_all_tenants":
            assert [each.copied for each in again.tenants] == [0, 0]
        elif method == "refresh_partition_stats":
            assert (first > 0, again) == (True, 0)
        elif method != "get_query_metrics":  # which holds times
            assert first == again
    _as_it_should_be(migrated, layout)


def test_threads_that_call_the_same_method_at_once(manager, migrated, layout):
    for method, arguments in CALLS:
        barrier = threading.Barrier(3)

        def call(_, method=method, arguments=arguments, barrier=barrier):
            barrier.wait()
            return getattr(manager, method)(*arguments["args"], **arguments["kwargs"])

        with ThreadPoolExecutor(3) as pool:
            found = list(pool.map(call, range(3)))
        if method == "migrate_existing_tenant_data":
            assert sum(each.copied for each in found) == 20
            assert all(each.is_complete for each in found)
    _as_it_should_be(migrated, layout)


@only_list
def test_processes_that_call_the_same_method_at_once(manager, migrated, layout):
    command = [sys.executable, "-m", "tests.strata.partitions.manager_calls", json.dumps([layout, CALLS])]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with (
        subprocess.Popen(command, **pipes, text=True) as one,
        subprocess.Popen(command, **pipes, text=True) as other,
    ):
        for method, _ in CALLS:
            for process in (one, other):
                assert (process.stdout.readline() or process.stderr.read()) == f"ready for {method}\n"
            for process in (one, other):
                process.stdin.write("\n")
                process.stdin.flush()
        for process in (one, other):
            _, complaint = process.communicate(timeout=60)
            assert (process.returncode, complaint) == (0, "")
    _as_it_should_be(migrated, layout)


@only_list
def test_a_drop_that_is_not_confirmed_drops_nothing(manager, migrated):
    for confirm in (None, "", "globex", "ACME"):
        with pytest.raises(
            DropNotConfirmedError, match="drops all its rows, and keeps no archive .tenant initech"
        ) as raised:
            manager.drop_tenant_partitions("initech", confirm=confirm)
        assert raised.value.confirm == confirm
    assert payments_of(migrated, "initech") == 1


@only_list
def test_statistics_are_those_of_now_unless_they_need_not_be(manager, migrated):
    migrated.execute("ANALYZE partitions.payments_p_initech")
    assert [each.rows for each in manager.get_partition_stats("initech", "payments", refresh=False)] == [None]
    assert [each.rows for each in manager.get_partition_stats("initech", "payments")] == [1]
    assert len(manager.get_partition_stats()) == 2 * len(PARTITIONED_TABLES)
    found = manager.get_partition_distribution("payments")
    assert (found.rows.total, found.rows.unknown_tenants, found.tenants[0].tenant_id) == (1, 0, "initech")
    # Beside the payments that the planner knows, what is empty is known to be.
    assert manager.get_partition_distribution().rows.known_tenants == 2


def test_a_layout_that_the_tables_do_not_have_is_refused(manager, migrated, reference, layout):
    """What depends on where a partition hangs would be wrong; figures do not, and are given."""
    other = "bucketed" if layout == "list" else "list"
    for database in (reference, migrated):
        mistaken = PartitionManager(database, other)
        for call in (
            lambda mistaken=mistaken: mistaken.ensure_partitions_for_tenant("globex"),
            lambda mistaken=mistaken: mistaken.drop_tenant_partitions("initech", confirm="initech"),
            mistaken.find_registry_differences,
            lambda mistaken=mistaken: mistaken.migrate_existing_tenant_data(
                "acme", "payments", source="legacy.payments"
            ),
            lambda mistaken=mistaken: mistaken.migrate_all_tenants("payments", source="legacy.payments"),
        ):
            with pytest.raises(LayoutMismatchError):
                call()
        assert len(mistaken.get_partition_stats("acme")) == len(PARTITIONED_TABLES)
    assert (payments_of(migrated, "initech"), payments_of(migrated, "acme")) == (1, 0)


@only_list
def test_a_connection_serves_as_well_as_a_reference(manager, migrated, layout):
    own = PartitionManager(migrated, layout)
    assert own.get_partition_stats("acme") == manager.get_partition_stats("acme")
    assert not migrated.closed


@only_list
@pytest.mark.parametrize("tenant_id", ["\ud800", "a\0b", "", "x" * 1025])
def test_what_is_no_tenant_id_is_refused_at_every_door(manager, tenant_id):
    for call in (
        lambda: manager.ensure_partitions_for_tenant(tenant_id),
        lambda: manager.drop_tenant_partitions(tenant_id, confirm=tenant_id),
        lambda: manager.get_partition_stats(tenant_id),
        lambda: manager.get_query_metrics(tenant_id, "payments"),
        lambda: manager.migrate_existing_tenant_data(tenant_id, "payments", source="legacy.payments"),
    ):
        with pytest.raises(TenantIdError):
            call()
