"""A pattern is worth showing only if every exact statement can be written again from it."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given, strategies

from strata.partitions.layout import Layout
from strata.partitions.render import render_onboarding
from strata.preview_report.statements import BUCKET, SUFFIX, TABLE, TENANT, TenantSql, exact, patterns
from strata.tenants import name_suffix
from tests.strata.strategies import TENANT_IDS


def onboarding(tenant: str, layout: Layout = "list") -> TenantSql:
    return TenantSql(tenant, name_suffix(tenant), render_onboarding(tenant, layout))


@pytest.mark.parametrize("layout", get_args(Layout))
def test_a_thousand_tenants_are_one_pattern(layout: Layout) -> None:
    tenants = [f"tenant-{number}" for number in range(1000)]
    (pattern,) = patterns(onboarding(tenant, layout) for tenant in tenants)
    assert pattern.tenants == tuple(tenants)
    assert set(pattern.tables) == {"payments", "invoices", "audit_logs", "webhook_logs"}
    assert (BUCKET in pattern.sql) == (layout == "bucketed")
    assert all(mark in pattern.sql for mark in (TENANT, SUFFIX, TABLE))


@given(ids=strategies.lists(TENANT_IDS, min_size=1, max_size=4, unique=True))
def test_every_statement_comes_back_from_its_pattern(ids: list[str]) -> None:
    given_sql = {one.tenant: one for one in map(onboarding, ids)}
    shown: set[tuple[str, str]] = set()
    for pattern in patterns(given_sql.values()):
        for tenant in pattern.tenants:
            for table in pattern.tables:
                written = exact(pattern.sql, given_sql[tenant], table, "")
                assert written == given_sql[tenant].by_table[table]
                shown.add((tenant, table))
    assert shown == {(tenant, table) for tenant, one in given_sql.items() for table in one.by_table}


@given(sql=strategies.text(alphabet="<tenablmucki>_pb0'\" ", max_size=60), name=strategies.text("abp_0<>", min_size=1))
def test_sql_that_no_pattern_can_hold_is_shown_as_it_is(sql: str, name: str) -> None:
    one = TenantSql(name, name, {"table": sql})
    (pattern,) = patterns([one])
    buckets = ["", *re.findall(r'_b(\d+)"', sql)]
    assert pattern.sql == sql or sql in {exact(pattern.sql, one, "table", bucket) for bucket in buckets}


def test_sql_that_differs_is_shown_apart() -> None:
    one, two = onboarding("acme"), onboarding("globex")
    other = TenantSql("globex", "globex", {**two.by_table, "payments": two.by_table["payments"] + "\nSELECT 1;"})
    found = patterns([one, other])
    assert [(pattern.tenants, len(pattern.tables)) for pattern in found] == [
        (("acme",), 4),
        (("globex",), 1),
        (("globex",), 3),
    ]
