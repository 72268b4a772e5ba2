import pytest
from hypothesis import given, settings

from strata.partitions.layout import (
    BUCKETS,
    LayoutMismatchError,
    LayoutUnreadableError,
    bucket_of,
    buckets,
    immediate_parent,
    require_layout,
)
from tests.strata.strategies import TENANT_IDS


@pytest.mark.parametrize("layout", ["bucketed"], indirect=True)
def test_the_server_routes_a_tenant_to_its_bucket(migrated):
    @settings(deadline=None, max_examples=300)
    @given(TENANT_IDS)
    def routed(tenant_id):
        query = "SELECT satisfies_hash_partition('app.payments'::regclass, 64, %s, %s::text)"
        assert migrated.execute(query, (bucket_of(tenant_id).remainder, tenant_id)).fetchone() == (True,)

    routed()


@pytest.mark.parametrize(
    ("tenant_id", "remainder"),
    [("acme", 19), ("globex", 60), ("a" * 12, 22), ("a" * 13, 21), ("\u00c4", 59), ("x" * 1000, 38)],
)
def test_a_bucket_is_a_permanent_contract(tenant_id, remainder):
    assert bucket_of(tenant_id) == BUCKETS[remainder]


def test_layouts_have_their_own_parents():
    assert immediate_parent("payments", "acme", "list") == ("app", "payments")
    assert immediate_parent("payments", "acme", "bucketed") == ("partitions", bucket_of("acme").name("payments"))
    assert [len(buckets(layout)) for layout in ("list", "bucketed")] == [0, 64]


def test_the_layout_is_the_one_that_the_tables_have(migrated, layout):
    require_layout(migrated, layout)
    other = "bucketed" if layout == "list" else "list"
    with pytest.raises(LayoutMismatchError) as refusal:
        require_layout(migrated, other)
    assert (refusal.value.found, refusal.value.wanted) == (layout, other)
    assert str(refusal.value) == (
        f"the tables have the layout {layout}, and {other} was asked for"
        f" (database {migrated.info.dbname}, table app.payments);"
        f" allowed: {layout}: a layout is chosen before the first deployment;"
        f" next: set strata:partitions.layout back to {layout}, then pulumi up"
    )


def test_a_database_without_tables_has_either_layout(connection):
    require_layout(connection, "list")
    require_layout(connection, "bucketed")


def test_a_layout_that_cannot_be_read_is_no_bare_error(connection):
    connection.close()
    with pytest.raises(LayoutUnreadableError, match="the layout was not read: no answer: the connection is closed"):
        require_layout(connection, "list")
