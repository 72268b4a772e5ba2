import pytest

from strata.migrations import Migration, apply, load
from strata.partitions.errors import PartitionMismatchError
from strata.partitions.inspect import inspect_tenant, wanted_digests
from strata.partitions.onboard import ensure_tenant
from strata.partitions.render import leaves, render_part

LEAF = 'partitions."payments_p_acme"'

#: What somebody did to an attached leaf, and how it is reported.
DRIFT = {
    "ALTER COLUMN status SET DEFAULT 'failed'": (
        "column status is text NOT NULL DEFAULT 'failed'::text and not text NOT NULL DEFAULT 'pending'::text"
        f"; settle: ALTER TABLE {LEAF} ALTER COLUMN status to what it should be"
    ),
    "ADD CONSTRAINT mine CHECK (amount_minor > 5)": (
        f"constraint mine is not the parent's; settle: ALTER TABLE {LEAF} DROP CONSTRAINT mine"
    ),
    "SET UNLOGGED": f"unlogged: its rows do not survive a crash; settle: ALTER TABLE {LEAF} SET LOGGED",
}


@pytest.fixture
def tenant(migrated, layout):
    ensure_tenant(migrated, "acme", layout)
    return migrated


def test_a_tenant_that_is_not_there_has_no_partitions(migrated, layout):
    observed = inspect_tenant(migrated, "acme", layout)
    assert (observed.partitions, observed.digests) == ({}, {})
    assert observed.differences["payments"] == ("there is no such partition; settle: pulumi up creates it",)


@pytest.mark.parametrize(("change", "message"), DRIFT.items())
def test_drift_is_seen_and_left_to_a_person(tenant, layout, change, message):
    tenant.execute(f"ALTER TABLE {LEAF} {change}")
    observed = inspect_tenant(tenant, "acme", layout)
    assert observed.differences == {"payments": (message,)}
    assert observed.digests["payments"] != wanted_digests("acme", layout)["payments"]
    assert observed.digests["invoices"] == wanted_digests("acme", layout)["invoices"]
    with pytest.raises(PartitionMismatchError) as refusal:
        ensure_tenant(tenant, "acme", layout)
    assert str(refusal.value) == (
        f"existing partitions differ from what they should be: payments: {message} (tenant acme); "
        "allowed: partitions like their parent, or none; next: settle each as it says, then pulumi up"
    )


@pytest.mark.parametrize("layout", ["list"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (f"CREATE INDEX mine ON {LEAF} (description)",
         "index partitions.mine, INDEX USING btree (description), is not the parent's"),
        (f"CREATE TRIGGER mine BEFORE INSERT ON {LEAF} FOR EACH ROW EXECUTE FUNCTION strata.refuse_write()",
         "trigger mine is disabled or not the parent's"),
        (f"GRANT SELECT ON {LEAF} TO strata_readonly", "strata_readonly has privileges"),
        (f"ALTER TABLE {LEAF} OWNER TO strata_deployer", "owned by strata_deployer and not by strata_owner"),
    ],
)  # fmt: skip
def test_what_was_added_to_a_leaf_is_seen(tenant, layout, statement, what):
    tenant.execute("SET ROLE strata_deployer")
    tenant.execute(statement)
    (difference,) = inspect_tenant(tenant, "acme", layout).differences["payments"]
    assert difference.startswith(f"{what}; settle: ")


@pytest.mark.parametrize("change", ["DISABLE ROW LEVEL SECURITY", "DROP CONSTRAINT strata_tenant_ck"])
def test_what_is_safe_to_mend_is_mended(tenant, layout, change):
    tenant.execute(f"ALTER TABLE {LEAF} {change}")
    assert inspect_tenant(tenant, "acme", layout).differences["payments"]
    ensure_tenant(tenant, "acme", layout)
    assert inspect_tenant(tenant, "acme", layout).differences == {}


@pytest.mark.parametrize("layout", ["list"], indirect=True)
@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("DROP COLUMN description", "column description is missing"),
        ("ADD COLUMN mine text", "column mine is not the parent's"),
        ("ALTER COLUMN amount_minor TYPE numeric", "column amount_minor is numeric NOT NULL and not bigint NOT NULL"),
        ("ALTER COLUMN currency DROP NOT NULL", "column currency is character(3) and not character(3) NOT NULL"),
        ("DROP CONSTRAINT payments_p_acme_tenant_id_idempotency_key_key",
         "no valid UNIQUE CONSTRAINT USING btree (tenant_id, idempotency_key)"),
        ("DROP CONSTRAINT payments_currency_check",
         "constraint payments_currency_check is not CHECK ((currency ~ '^[A-Z]{3}$'::text))"),
    ],
)  # fmt: skip
def test_a_table_of_another_shape_is_not_adopted(migrated, layout, change, what):
    migrated.execute(render_part("create_leaf", leaves("acme", layout)[0]))
    migrated.execute(f"ALTER TABLE {LEAF} {change}")
    with pytest.raises(PartitionMismatchError) as refusal:
        ensure_tenant(migrated, "acme", layout)
    assert refusal.value.differences["payments"][0].startswith(f"{what}; settle: ")
    assert migrated.execute("SELECT count(*) FROM strata.tenant_partitions").fetchone() == (0,)


@pytest.mark.parametrize("layout", ["list"], indirect=True)
@pytest.mark.parametrize("statement", ["CREATE VIEW partitions.payments_p_acme AS SELECT 1"])
def test_what_is_no_table_is_not_adopted(migrated, layout, statement):
    migrated.execute(statement)
    with pytest.raises(PartitionMismatchError, match="is not a table"):
        ensure_tenant(migrated, "acme", layout)


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_a_leaf_with_another_bound_is_not_adopted(migrated, layout):
    migrated.execute(f"CREATE TABLE {LEAF} PARTITION OF app.payments FOR VALUES IN ('globex')")
    found = inspect_tenant(migrated, "acme", layout).differences["payments"]
    assert any("attached to app.payments FOR VALUES IN ('globex') and not to" in difference for difference in found)
    with pytest.raises(PartitionMismatchError):
        ensure_tenant(migrated, "acme", layout)


def test_a_new_column_of_the_parent_is_no_drift(tenant, layout):
    wanted = load(layout)
    column = "ALTER TABLE app.payments ADD COLUMN note text COLLATE \"C\" NOT NULL DEFAULT 'x'"
    apply(tenant, (*wanted, Migration(len(wanted) + 1, "note", column, "checksum")))
    observed = inspect_tenant(tenant, "acme", layout)
    assert observed.differences == {}
    assert observed.digests == wanted_digests("acme", layout)


def test_digests_tell_tenants_layouts_and_tables_apart():
    digests = [
        digest
        for tenant_id in ("acme", "globex")
        for layout in ("list", "bucketed")
        for digest in wanted_digests(tenant_id, layout).values()
    ]
    assert len(set(digests)) == len(digests) == 16
