import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.partitions.tables import PARTITIONED_TABLES
from strata.tenants import RESERVED_TENANT, TenantIdError, name_suffix, partition_name
from tests.strata.strategies import TENANT_IDS


@pytest.mark.parametrize("tenant_id", ["acme", "a", "7", "acme-eu_1", RESERVED_TENANT, "a" * 39])
def test_a_short_and_simple_id_is_its_own_suffix(tenant_id):
    assert name_suffix(tenant_id) == tenant_id


@pytest.mark.parametrize(
    ("tenant_id", "prefix"),
    [("Acme", "acme"), ("a" * 40, "aaaaaaaa"), ("-a", "a"), ("a-", "a"), ("a__b", "ab"), ("a\n", "a"), ("Ä", "")],
)
def test_any_other_id_becomes_a_prefix_and_a_digest(tenant_id, prefix):
    assert name_suffix(tenant_id).startswith(f"{prefix}__")
    assert len(name_suffix(tenant_id)) == len(prefix) + 2 + 26


@pytest.mark.parametrize("ending", ["pkey", "key", "idx", "idx1", "excl", "seq", "ccnew", "ccold2"])
def test_an_id_that_ends_as_an_index_gets_a_digest(ending):
    """The partition of `acme_pkey` would have the name of the primary key of acme's."""
    assert name_suffix(f"acme_{ending}").startswith("acme")
    assert "__" in name_suffix(f"acme_{ending}")
    assert name_suffix(f"acme-{ending}") == f"acme-{ending}"
    assert name_suffix(f"acme_{ending}_eu") == f"acme_{ending}_eu"


def test_the_rule_is_a_permanent_contract():
    assert partition_name("payments", "acme") == "payments_p_acme"
    assert partition_name("webhook_logs", "Acme GmbH") == "webhook_logs_p_acmegmbh__033aedd84749a7c515ba9226a9"


@given(TENANT_IDS)
def test_every_name_leaves_room_for_those_derived_from_it(tenant_id):
    assert max(len(partition_name(table, tenant_id).encode()) for table in PARTITIONED_TABLES) <= 54


@given(st.sets(TENANT_IDS, min_size=2, max_size=20))
def test_no_two_ids_share_a_name(tenant_ids):
    names = {partition_name(table, tenant_id) for tenant_id in tenant_ids for table in PARTITIONED_TABLES}
    assert len(names) == len(tenant_ids) * len(PARTITIONED_TABLES)


@given(TENANT_IDS)
def test_the_name_of_a_digest_is_no_readable_id(tenant_id):
    suffix = name_suffix(tenant_id)
    assert ("__" in suffix) == (suffix != tenant_id)


@pytest.mark.parametrize(
    ("tenant_id", "message"),
    [
        ("", "tenant id is empty (tenant id ''); allowed: 1 to 1024 bytes of UTF-8 without NUL"),
        (
            "a\0b",
            r"tenant id holds a NUL character (tenant id 'a\x00b'); allowed: 1 to 1024 bytes of UTF-8 without NUL",
        ),
        (
            "\ud800",
            r"tenant id holds a lone surrogate (tenant id '\ud800'); allowed: 1 to 1024 bytes of UTF-8 without NUL",
        ),
    ],
)
def test_what_postgresql_cannot_hold_is_refused(tenant_id, message):
    with pytest.raises(TenantIdError) as refusal:
        name_suffix(tenant_id)
    assert str(refusal.value) == message


def test_an_id_too_long_for_an_index_is_refused():
    assert name_suffix("ä" * 512)
    with pytest.raises(TenantIdError, match="is 1026 bytes long"):
        name_suffix("ä" * 513)


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_sql_and_python_name_alike(migrated):
    @settings(deadline=None, max_examples=300)
    @given(TENANT_IDS)
    def alike(tenant_id):
        row = migrated.execute("SELECT strata.partition_suffix(%s)", (tenant_id,)).fetchone()
        assert row == (name_suffix(tenant_id),)

    alike()
