"""Registry, catalog and shape are compared for all tenants, some at a time, and each difference is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.partitions import verify
from strata.partitions.inspect import inspect_tenant
from strata.partitions.onboard import ensure_tenant
from strata.partitions.verify import find_all_differences

if TYPE_CHECKING:
    import pytest

    from strata.database import Connection
    from strata.partitions.layout import Layout

TENANTS = ("a", "b", "it's", "C d", "e")


def test_all_tenants_are_compared_some_at_a_time(
    migrated: Connection, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As each alone is, and the report ends with the last of them."""
    monkeypatch.setattr(verify, "_TENANTS_AT_ONCE", 2)
    for tenant_id in TENANTS:
        ensure_tenant(migrated, tenant_id, layout)
    reports: list[tuple[int, int]] = []
    assert find_all_differences(migrated, layout, lambda *done: reports.append(done)) == ()
    assert reports == [(2, 5), (4, 5), (5, 5)]

    migrated.execute("CREATE INDEX extra ON partitions.payments_p_a (amount_minor)")
    migrated.execute("ALTER TABLE partitions.invoices_p_e DISABLE ROW LEVEL SECURITY")
    found = find_all_differences(migrated, layout, lambda *_: None)
    assert [(one.partition, one.tenant_id, one.table, one.state) for one in found] == [
        ("invoices_p_e", "e", "invoices", "active"),
        ("payments_p_a", "a", "payments", "active"),
    ]
    assert [f"{one.what}; settle: {one.settle}" for one in found] == [
        *inspect_tenant(migrated, "e", layout).differences["invoices"],
        *inspect_tenant(migrated, "a", layout).differences["payments"],
    ]
    assert find_all_differences(migrated, layout, lambda *_: None, "a") == found[1:]


def test_only_partitions_in_service_have_a_shape_to_keep(migrated: Connection, layout: Layout) -> None:
    """One on its way out has lost its place, and one that the registry misses is told by the registry's comparison."""
    for tenant_id in ("leaving", "broken"):
        ensure_tenant(migrated, tenant_id, layout)
    migrated.execute(
        "UPDATE strata.tenant_partitions SET state = 'offboarding' WHERE tenant_id = 'leaving'",
    )
    migrated.execute("ALTER TABLE partitions.payments_p_leaving DISABLE ROW LEVEL SECURITY")
    migrated.execute("DROP TABLE partitions.payments_p_broken")
    (found,) = find_all_differences(migrated, layout, lambda *_: None)
    assert (found.partition, found.what) == ("payments_p_broken", "there is no such partition")
