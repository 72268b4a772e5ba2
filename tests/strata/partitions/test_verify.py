"""Registry, catalog and shape are compared for all tenants, some at a time, and each difference is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from strata.partitions import verify
from strata.partitions.inspect import inspect_tenant
from strata.partitions.layout import bucket_of
from strata.partitions.onboard import ensure_tenant
from strata.partitions.verify import find_all_differences

if TYPE_CHECKING:
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


OWN = "((tenant_id = NULLIF(current_setting('app.tenant_id'::text, true), ''::text)))"
POLICY = f"AS PERMISSIVE FOR ALL TO PUBLIC USING {OWN} WITH CHECK {OWN}"
OPEN = f"AS PERMISSIVE FOR ALL TO PUBLIC USING (true) WITH CHECK {OWN}"
CREATE = f'CREATE POLICY tenant_isolation ON app."payments" {POLICY}'
#: What somebody did to row-level security of a parent, and how it is reported.
FENCE = {
    "ALTER TABLE app.payments DISABLE ROW LEVEL SECURITY": (
        'app.payments: row-level security is off; settle: ALTER TABLE app."payments" ENABLE ROW LEVEL SECURITY'
    ),
    "ALTER TABLE app.payments FORCE ROW LEVEL SECURITY": (
        "app.payments: row-level security is forced on its owner;"
        ' settle: ALTER TABLE app."payments" NO FORCE ROW LEVEL SECURITY'
    ),
    "DROP POLICY tenant_isolation ON app.payments": f"app.payments: no policy tenant_isolation; settle: {CREATE}",
    "ALTER POLICY tenant_isolation ON app.payments USING (true)": (
        f"app.payments: policy tenant_isolation is {OPEN} and not {POLICY};"
        f' settle: BEGIN; DROP POLICY tenant_isolation ON app."payments"; {CREATE}; COMMIT'
    ),
    'CREATE POLICY "All" ON app.payments FOR SELECT TO strata_app, strata_readonly USING (true)': (
        'app.payments: policy "All" should not be there; settle: DROP POLICY "All" ON app."payments"'
    ),
}
FENCE_OF_A_BUCKET = {
    "ALTER TABLE partitions.payments_b07 DISABLE ROW LEVEL SECURITY": (
        "partitions.payments_b07: row-level security is off;"
        ' settle: ALTER TABLE partitions."payments_b07" ENABLE ROW LEVEL SECURITY'
    ),
    "CREATE POLICY mine ON partitions.payments_b07 USING (true)": (
        "partitions.payments_b07: policy mine should not be there;"
        ' settle: DROP POLICY mine ON partitions."payments_b07"'
    ),
}


def _verified(connection: Connection, layout: Layout, change: str, message: str) -> None:
    """Assert that a change is told, that it is no matter of one tenant, and that what is to be run settles it."""
    ensure_tenant(connection, "acme", layout)
    connection.execute(change)
    (found,) = find_all_differences(connection, layout, lambda *_: None)
    assert str(found) == message
    assert (found.tenant_id, found.table, found.state) == (None, "payments", None)
    assert find_all_differences(connection, layout, lambda *_: None, "acme") == ()
    connection.execute(found.settle)
    assert find_all_differences(connection, layout, lambda *_: None) == ()


@pytest.mark.parametrize(("change", "message"), FENCE.items())
def test_the_fence_of_the_tables_is_compared(migrated: Connection, layout: Layout, change: str, message: str) -> None:
    _verified(migrated, layout, change, message)


@pytest.mark.parametrize("layout", ["bucketed"], indirect=True)
@pytest.mark.parametrize(("change", "message"), FENCE_OF_A_BUCKET.items())
def test_the_fence_of_the_buckets_is_compared(migrated: Connection, layout: Layout, change: str, message: str) -> None:
    _verified(migrated, layout, change, message)


def test_a_table_in_which_a_tenant_has_nothing_is_told(migrated: Connection, layout: Layout) -> None:
    """Neither registry nor catalog knows of it, and still an insert for that tenant would find no partition."""
    ensure_tenant(migrated, "whole", layout)
    migrated.execute("SELECT strata.create_tenant_partition('payments', 'half')")
    found = find_all_differences(migrated, layout, lambda *_: None)
    assert [(one.partition, one.tenant_id, one.table) for one in found] == [
        (f"{table}_p_half", "half", table) for table in ("audit_logs", "invoices", "webhook_logs")
    ]
    assert {f"{one.what}; settle: {one.settle}" for one in found} == {
        "there is no such partition; settle: pulumi up --refresh creates it"
    }
    assert find_all_differences(migrated, layout, lambda *_: None, "half") == found
    ensure_tenant(migrated, "half", layout)
    assert find_all_differences(migrated, layout, lambda *_: None) == ()


@pytest.mark.parametrize("layout", ["bucketed"], indirect=True)
def test_a_bucket_that_somebody_dropped_is_named_and_its_statement_brings_it_back(migrated, layout):
    ensure_tenant(migrated, "acme", layout)
    bucket = bucket_of("acme").name("payments")
    migrated.execute(f"ALTER TABLE partitions.{bucket} DETACH PARTITION partitions.payments_p_acme")
    migrated.execute(f"DROP TABLE partitions.{bucket}")
    found = {one.partition: one for one in find_all_differences(migrated, layout, lambda *_: None)}
    assert found[bucket].what == "there is no such table"
    statements, _, then = found[bucket].settle.partition(", then ")
    assert then == "pulumi up --refresh"
    assert inspect_tenant(migrated, "acme", layout).differences["payments"] == (
        f'partitions."{bucket}", which it belongs to, is not there; settle: {found[bucket].settle}',
    )
    migrated.execute(statements)
    ensure_tenant(migrated, "acme", layout)
    assert find_all_differences(migrated, layout, lambda *_: None) == ()
