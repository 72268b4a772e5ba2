import time

import pytest

from strata.partitions.offboard import drop_tenant
from strata.partitions.onboard import ensure_tenant
from strata.partitions.registry import RegistryDifference, find_registry_differences
from strata.partitions.render import leaves
from tests.strata.half_detached import half_detach
from tests.strata.rows import insert_payment

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)
LEAF = "partitions.payments_p_acme"


@pytest.fixture
def tenants(migrated, layout):
    for tenant_id in ("acme", "O'Neil; DROP\\"):
        ensure_tenant(migrated, tenant_id, layout)
    return migrated


def _found(connection, layout):
    return [(each.partition, each.what) for each in find_registry_differences(connection, layout)]


def _set_state(connection, state):
    connection.execute(
        "UPDATE strata.tenant_partitions SET state = %s WHERE tenant_id = 'acme' AND table_name = 'payments'", (state,)
    )


def _parent(layout):
    return leaves("acme", layout)[0].qualified_parent


def test_a_registry_that_agrees_differs_in_nothing(tenants, layout):
    assert find_registry_differences(tenants, layout) == ()
    drop_tenant(tenants, "acme", layout)
    assert find_registry_differences(tenants, layout) == ()


def test_a_partition_that_nobody_registered(tenants, layout):
    tenants.execute("DELETE FROM strata.tenant_partitions WHERE tenant_id = 'acme' AND table_name = 'payments'")
    tenants.execute("CREATE TABLE partitions.lost_and_found (x integer)")
    (lost, orphan) = find_registry_differences(tenants, layout)
    assert (orphan.partition, orphan.tenant_id, orphan.state) == ("payments_p_acme", None, None)
    assert orphan.what == f"the registry does not know it; attached to {_plain(layout)} FOR VALUES IN ('acme')"
    assert lost.what == "the registry does not know it; attached to nothing"
    assert "pulumi up --refresh with its tenant in the config adopts it" in str(orphan)


def _plain(layout):
    return _parent(layout).replace('"', "")


def test_a_row_without_a_partition(tenants, layout):
    tenants.execute(f"DROP TABLE {LEAF}")
    (found,) = find_registry_differences(tenants, layout)
    assert (found.tenant_id, found.table, found.state) == ("acme", "payments", "active")
    assert str(found) == (
        "partitions.payments_p_acme (tenant acme, active): there is no such partition;"
        " settle: pulumi up --refresh creates it, empty; restore its rows first when they are wanted"
    )
    _set_state(tenants, "archived")
    assert find_registry_differences(tenants, layout) == ()


def test_a_difference_is_one_line_that_moves_no_terminal():
    found = RegistryDifference(
        "p", "x\x1b[31mred\nnext: rm -rf /", "payments", "active", "bound to 'a\rb'", 'DROP TABLE "\x9b"'
    )
    assert str(found) == (
        r"partitions.p (tenant x\x1b[31mred\nnext: rm -rf /, active): bound to 'a\rb'; settle: "
        r'DROP TABLE "\x9b"'
    )


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_a_removal_whose_partition_is_gone(tenants, layout):
    for state in ("offboarding", "detached", "verified", "restoring"):
        with tenants.transaction(force_rollback=True):
            _set_state(tenants, state)
            tenants.execute(f"DROP TABLE {LEAF}")
            assert _found(tenants, layout) == [("payments_p_acme", "there is no such partition")]


@pytest.mark.parametrize("layout", ["list"], indirect=True)
@pytest.mark.parametrize("state", ["offboarding", "detached"])
def test_a_removal_goes_on_without_a_partition_that_is_gone(tenants, layout, state):
    _set_state(tenants, state)
    tenants.execute(f"DROP TABLE {LEAF}")
    (found,) = find_registry_differences(tenants, layout)
    assert found.settle == "run its removal again: pulumi up; it goes on with what is there, and names this table"


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_a_restore_is_gone_on_with_or_given_up(tenants, layout):
    _set_state(tenants, "restoring")
    (attached,) = find_registry_differences(tenants, layout)
    detach = 'ALTER TABLE app."payments" DETACH PARTITION partitions."payments_p_acme" CONCURRENTLY'
    assert attached.settle == (
        f"find out who attached it; {detach}, then strata tenant restore acme, which makes it as it should be"
    )
    tenants.execute(detach)
    tenants.execute(f"DROP TABLE {LEAF}")
    (missing,) = find_registry_differences(tenants, layout)
    assert missing.settle == (
        "strata tenant restore acme makes it anew; or, to give the restore up, strata tenant restore acme --abandon"
    )


#: state, whether its partition is attached, and what is wrong with that.
STATES = (
    ("active", True, None),
    ("active", False, "not attached"),
    ("offboarding", True, None),
    ("offboarding", False, None),
    ("detached", True, "attached to {parent}"),
    ("detached", False, None),
    ("verified", True, "attached to {parent}"),
    ("verified", False, None),
    ("archived", True, "archived, and still there"),
    ("archived", False, "archived, and still there"),
    ("restoring", True, "attached to {parent}"),
    ("restoring", False, None),
)


def test_every_state_says_where_its_partition_is(tenants, layout):
    for state, attached, what in STATES:
        with tenants.transaction(force_rollback=True):
            _set_state(tenants, state)
            if not attached:
                tenants.execute(f"ALTER TABLE {_parent(layout)} DETACH PARTITION {LEAF}")
            wanted = [] if what is None else [("payments_p_acme", what.format(parent=_plain(layout)))]
            assert (state, attached, _found(tenants, layout)) == (state, attached, wanted)


def test_a_partition_with_the_bound_of_another(tenants, layout):
    with tenants.transaction():
        tenants.execute("UPDATE strata.tenant_partitions SET tenant_id = 'globex' WHERE tenant_id = 'acme'")
    found = _found(tenants, layout)
    assert ("payments_p_acme", "this tenant's partition is named payments_p_globex") in found
    assert ("payments_p_acme", f"attached to {_plain(layout)} FOR VALUES IN ('acme')") in found


def test_an_active_tenant_whose_writes_are_refused(tenants, layout):
    tenants.execute(
        f"CREATE TRIGGER strata_offboarding BEFORE INSERT ON {LEAF} FOR EACH ROW EXECUTE FUNCTION strata.refuse_write()"
    )
    (found,) = find_registry_differences(tenants, layout)
    assert found.what == "writes to it are refused"
    tenants.execute(found.settle)
    insert_payment(tenants, "acme")
    assert find_registry_differences(tenants, layout) == ()


def test_an_active_tenant_that_is_half_detached(tenants, layout, fresh_database):
    half_detach(tenants, fresh_database, "acme", layout)
    (found,) = find_registry_differences(tenants, layout)
    assert found.what == "half detached"
    tenants.execute(found.settle.removesuffix(", then pulumi up --refresh"))
    (found,) = find_registry_differences(tenants, layout)
    assert (found.what, found.settle) == ("not attached", "pulumi up --refresh attaches it")


def test_a_removal_that_ended_between_the_steps_of_a_detach(tenants, layout, fresh_database):
    """Until it goes on, no other partition of that parent can be detached, and no migration runs."""
    tenants.execute("UPDATE strata.tenant_partitions SET state = 'offboarding' WHERE tenant_id = 'acme'")
    half_detach(tenants, fresh_database, "acme", layout)
    (found,) = find_registry_differences(tenants, layout)
    assert str(found) == (
        "partitions.payments_p_acme (tenant acme, offboarding): half detached;"
        " settle: run its removal again, unless it is running: pulumi up"
    )
    drop_tenant(tenants, "acme", layout)
    assert find_registry_differences(tenants, layout) == ()


def test_one_tenant_is_asked_for_alone(tenants, layout):
    """A partition that the registry does not know is nobody's."""
    tenants.execute(f"DROP TABLE {LEAF}")
    tenants.execute("CREATE TABLE partitions.orphan (x integer)")
    (found,) = find_registry_differences(tenants, layout, "acme")
    assert (found.tenant_id, found.table) == ("acme", "payments")
    assert find_registry_differences(tenants, layout, "O'Neil; DROP\\") == ()


@only_list
def test_four_thousand_partitions_are_compared_in_a_moment(migrated, layout):
    """Stand-ins without a parent: what is measured is the pass over both sides, and each finding is made."""
    migrated.execute(
        "DO $$ BEGIN FOR n IN 1..4000 LOOP"
        " EXECUTE format('CREATE TABLE partitions.%I ()', 'payments_p_t' || n); END LOOP; END $$"
    )
    migrated.execute(
        "INSERT INTO strata.tenant_partitions (tenant_id, table_name, partition_name, state)"
        " SELECT 't' || n, 'payments', 'payments_p_t' || n, 'detached' FROM generate_series(1, 4000) n"
    )
    started = time.process_time(), time.monotonic()
    assert find_registry_differences(migrated, layout) == ()
    assert time.process_time() - started[0] < 0.5
    assert time.monotonic() - started[1] < 3  # 0.1 s when the machine is idle
