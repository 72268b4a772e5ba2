import pytest
from hypothesis import given, settings

from strata.partitions.layout import BUCKETS, bucket_of, buckets, immediate_parent
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
