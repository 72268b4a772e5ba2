from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.partitions.distribution import TOP_TENANTS, distribution, spread
from strata.partitions.statistics import PartitionStats

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def _stats(tenant_id, table, rows, size, state="active", measured_at=None):
    return PartitionStats(tenant_id, table, "name", state, rows, size, measured_at, None, None, NOW, None, None)


@given(st.lists(st.one_of(st.none(), st.integers(0, 2**50)), max_size=40))
def test_a_spread_is_what_its_definition_says(amounts):
    found = spread(amounts)
    known = [amount for amount in amounts if amount is not None]
    assert found.total == sum(known)
    assert found.known_tenants + found.unknown_tenants == len(amounts)
    assert found.unknown_tenants == amounts.count(None)
    if not sum(known):
        assert (found.gini, found.top_share) == (None, None)
        return
    pairs = sum(abs(one - other) for one, other in product(known, known))
    assert found.gini == pytest.approx(float(Fraction(pairs, 2 * len(known) * sum(known))), abs=1e-9)
    assert found.top_share == pytest.approx(sum(sorted(known)[-TOP_TENANTS:]) / sum(known))
    assert found.largest == max(known)
    assert sum(amount <= found.median for amount in known) * 2 >= len(known)
    assert sum(amount < found.median for amount in known) * 2 < len(known)


def test_the_gini_coefficient_of_equals_and_of_one_who_has_all():
    assert spread([5] * 10).gini == pytest.approx(0)
    assert spread([0] * 99 + [7]).gini == pytest.approx(0.99)


def test_a_tenant_is_the_sum_of_its_tables_and_the_largest_comes_first():
    found = distribution(
        None,
        [
            _stats("acme", "payments", 10, 100),
            _stats("acme", "invoices", 20, 200),
            _stats("globex", "payments", 70, 900),
            _stats("initech", "payments", None, 5000),
            _stats("initech", "invoices", 3, None),
            _stats("gone", "payments", None, None, "archived"),
        ],
    )
    assert [(share.tenant_id, share.rows, share.bytes) for share in found.tenants] == [
        ("globex", 70, 900),
        ("acme", 30, 300),
        ("initech", None, None),
    ]
    assert [(share.row_share, share.byte_share) for share in found.tenants] == [(0.7, 0.75), (0.3, 0.25), (None, None)]
    assert (found.rows.total, found.rows.unknown_tenants, found.bytes.total) == (100, 1, 1200)


def test_sizes_say_where_they_are_from():
    found = distribution(
        None,
        [
            _stats("acme", "payments", 1, 100, measured_at=NOW),
            _stats("acme", "invoices", 1, 100, measured_at=NOW - timedelta(days=1)),
            _stats("globex", "payments", 1, 100),
            _stats("globex", "invoices", 1, None),
            _stats("gone", "payments", None, None, "archived"),
            _stats("back", "payments", 1, 100, "archived", NOW - timedelta(days=9)),
        ],
    )
    assert str(found.sizes) == "2 measured since 2026-11-22 00:00 UTC, 1 estimated or empty"
    assert str(distribution(None, []).sizes) == "0 measured, 0 estimated or empty"


def test_no_rows_have_no_shares():
    found = distribution("payments", [_stats("acme", "payments", 0, 0)])
    assert (found.tenants[0].row_share, found.rows.gini, found.rows.median) == (None, None, 0)
    empty = distribution("payments", [])
    assert (empty.tenants, empty.rows.median, empty.rows.largest) == ((), None, None)
