import pytest

from strata.partitions.lock_table import LAYOUT_LIMITS, LockTableError, max_locks_per_transaction


@pytest.mark.parametrize(
    ("capacity", "locks"), [(1, 64), (500, 64), (1_000, 256), (2_500, 256), (5_000, 512), (10_000, 1024)]
)
def test_the_lock_table_grows_in_steps(capacity, locks):
    assert max_locks_per_transaction(capacity, tables=4) == locks


def test_a_small_instance_needs_a_higher_step():
    assert max_locks_per_transaction(1_000, tables=4, max_connections=100) == 512


def test_a_large_instance_needs_a_lower_one():
    assert max_locks_per_transaction(1_000, tables=4, max_connections=1_800) == 64


def test_more_tenants_than_any_step_takes_are_refused():
    with pytest.raises(LockTableError) as refusal:
        max_locks_per_transaction(100_000, tables=4)
    assert str(refusal.value) == (
        "100000 tenants in 4 tables need 4800000 locks (max_connections 450); allowed: 20138 tenants"
    )


def test_every_layout_has_a_limit():
    assert LAYOUT_LIMITS == {"list": 1_000, "bucketed": 10_000}
