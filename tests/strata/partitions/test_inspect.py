import pytest

from strata.deadline import Deadline
from strata.migrations import Migration, apply, load
from strata.partitions.compare import TENANT_CHECK
from strata.partitions.detach import Removal
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
    assert observed.differences["payments"] == ("there is no such partition; settle: pulumi up --refresh creates it",)


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


#: What somebody did to a leaf that is attached, or with `detached` to one that is not, and a statement that undoes it.
SETTLED_BY_A_STATEMENT = {
    f'CREATE INDEX "Mine" ON {LEAF} (description)': 'DROP INDEX CONCURRENTLY partitions."Mine"',
    f"ALTER TABLE {LEAF} ADD CONSTRAINT mine UNIQUE (tenant_id, currency)": f"ALTER TABLE {LEAF} DROP CONSTRAINT mine",
    f'ALTER TABLE {LEAF} ADD CONSTRAINT "Mine" UNIQUE (tenant_id, currency)': (
        f'ALTER TABLE {LEAF} DROP CONSTRAINT "Mine"'
    ),
    f"ALTER TABLE {LEAF} ADD CONSTRAINT mine EXCLUDE (currency WITH =)": f"ALTER TABLE {LEAF} DROP CONSTRAINT mine",
    f'ALTER TABLE {LEAF} ADD CONSTRAINT "Mine" CHECK (true)': f'ALTER TABLE {LEAF} DROP CONSTRAINT "Mine"',
    "ALTER TABLE app.payments ADD CONSTRAINT later CHECK (amount_minor < 5) NOT VALID;"
    f" ALTER TABLE {LEAF} VALIDATE CONSTRAINT later": 'ALTER TABLE app."payments" VALIDATE CONSTRAINT later',
    f"ALTER TABLE {LEAF} SET UNLOGGED": f"ALTER TABLE {LEAF} SET LOGGED",
    f"ALTER TABLE {LEAF} OWNER TO strata_deployer": f"ALTER TABLE {LEAF} OWNER TO strata_owner",
    f"ALTER TABLE {LEAF} FORCE ROW LEVEL SECURITY": f"ALTER TABLE {LEAF} NO FORCE ROW LEVEL SECURITY",
    f'CREATE POLICY "All" ON {LEAF} USING (true)': f'DROP POLICY "All" ON {LEAF}',
    f"GRANT SELECT ON {LEAF} TO PUBLIC": f"REVOKE ALL ON {LEAF} FROM PUBLIC",
    f"GRANT SELECT (id), UPDATE (status) ON {LEAF} TO strata_app": f"REVOKE ALL ON {LEAF} FROM strata_app",
    f'CREATE TRIGGER "Mine" BEFORE INSERT ON {LEAF} FOR EACH ROW EXECUTE FUNCTION strata.refuse_write()': (
        f'DROP TRIGGER "Mine" ON {LEAF}'
    ),
    "CREATE TRIGGER ours BEFORE INSERT ON app.payments FOR EACH ROW EXECUTE FUNCTION strata.refuse_write();"
    f" ALTER TABLE {LEAF} DISABLE TRIGGER ours": f"ALTER TABLE {LEAF} ENABLE TRIGGER ours",
    f"CREATE TRIGGER strata_offboarding BEFORE INSERT ON {LEAF} FOR EACH ROW EXECUTE FUNCTION strata.refuse_write()": (
        f"DROP TRIGGER strata_offboarding ON {LEAF}"
    ),
    f'detached; ALTER TABLE {LEAF} ADD COLUMN "Extra" int': f'ALTER TABLE {LEAF} DROP COLUMN "Extra"',
    f"detached; ALTER TABLE {LEAF} DROP COLUMN description": f"ALTER TABLE {LEAF} ADD COLUMN description text",
    f'detached; CREATE TABLE partitions."Child" () INHERITS ({LEAF})': (
        f'ALTER TABLE partitions."Child" NO INHERIT {LEAF}'
    ),
    f'detached; CREATE TABLE partitions."Above" (LIKE {LEAF}); ALTER TABLE {LEAF} INHERIT partitions."Above"': (
        f'ALTER TABLE {LEAF} NO INHERIT partitions."Above"'
    ),
    'detached; ALTER TABLE app.payments ADD COLUMN "Note" text COLLATE "C" NOT NULL DEFAULT 5': (
        f'ALTER TABLE {LEAF} ADD COLUMN "Note" text COLLATE "C" NOT NULL DEFAULT 5'
    ),
    f"detached; ALTER TABLE {LEAF} DROP CONSTRAINT payments_currency_check": (
        f"ALTER TABLE {LEAF} ADD CONSTRAINT payments_currency_check CHECK ((currency ~ '^[A-Z]{{3}}$'::text))"
    ),
    f"detached; ALTER TABLE {LEAF} DROP CONSTRAINT payments_currency_check,"
    " ADD CONSTRAINT payments_currency_check CHECK (true)": (
        f"ALTER TABLE {LEAF} DROP CONSTRAINT payments_currency_check,"
        " ADD CONSTRAINT payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))"
    ),
}


@pytest.mark.parametrize("layout", ["list"], indirect=True)
@pytest.mark.parametrize(("change", "settle"), SETTLED_BY_A_STATEMENT.items())
def test_what_is_to_be_run_settles_the_difference(tenant, layout, change, settle):
    if change.startswith("detached; "):
        tenant.execute(f"ALTER TABLE app.payments DETACH PARTITION {LEAF}")
    tenant.execute("SET ROLE strata_deployer")
    tenant.execute(change.removeprefix("detached; "))
    (difference,) = _of_payments(tenant, layout)
    assert difference.endswith(f"; settle: {settle}")
    assert inspect_tenant(tenant, "acme", layout).digests["payments"] != wanted_digests("acme", layout)["payments"]
    with pytest.raises(PartitionMismatchError):
        ensure_tenant(tenant, "acme", layout)
    tenant.execute(settle)
    assert _of_payments(tenant, layout) == []
    ensure_tenant(tenant, "acme", layout)
    assert inspect_tenant(tenant, "acme", layout).differences == {}


def _of_payments(connection, layout):
    """Return how the leaf of payments differs; that it is not attached is mended and no matter here."""
    found = inspect_tenant(connection, "acme", layout).differences.get("payments", ())
    return [difference for difference in found if not difference.startswith("not attached")]


@pytest.mark.parametrize("kind", ["NO INHERIT", "NOT VALID"])
def test_a_not_null_that_no_partition_may_have_is_settled(tenant, layout, kind):
    """PostgreSQL 18 has it; the error of the attach itself would name neither the column nor what to do."""
    if tenant.info.server_version < 180000:
        pytest.skip("before PostgreSQL 18, NOT NULL has no kinds")
    (parent,) = (leaf.qualified_parent for leaf in leaves("acme", layout) if leaf.table == "payments")
    tenant.execute(f"ALTER TABLE {parent} DETACH PARTITION {LEAF}")
    tenant.execute(f"ALTER TABLE {LEAF} ALTER COLUMN status DROP NOT NULL")
    tenant.execute(f"ALTER TABLE {LEAF} ADD CONSTRAINT mine NOT NULL status {kind}")
    settle = f"ALTER TABLE {LEAF} ALTER COLUMN status DROP NOT NULL, ALTER COLUMN status SET NOT NULL"
    wanted = "text NOT NULL DEFAULT 'pending'::text"
    found = f"text NOT NULL {kind} DEFAULT 'pending'::text"
    assert _of_payments(tenant, layout) == [f"column status is {found} and not {wanted}; settle: {settle}"]
    with pytest.raises(PartitionMismatchError):
        ensure_tenant(tenant, "acme", layout)
    tenant.execute(settle)
    ensure_tenant(tenant, "acme", layout)
    assert inspect_tenant(tenant, "acme", layout).differences == {}


def test_a_constraint_that_is_looked_at_later_is_not_the_parents(migrated, layout):
    """Adopted, it would stand in for the parent's, and every INSERT ... ON CONFLICT of the tenant would fail."""
    migrated.execute(render_part("create_leaf", leaves("acme", layout)[0]))
    own = "payments_p_acme_tenant_id_idempotency_key_key"
    unique = "UNIQUE (tenant_id, idempotency_key)"
    migrated.execute(f"ALTER TABLE {LEAF} DROP CONSTRAINT {own}, ADD CONSTRAINT {own} {unique} DEFERRABLE")
    with pytest.raises(PartitionMismatchError):
        ensure_tenant(migrated, "acme", layout)
    index = "UNIQUE CONSTRAINT USING btree (tenant_id, idempotency_key)"
    drop = f"ALTER TABLE {LEAF} DROP CONSTRAINT {own}"
    assert _of_payments(migrated, layout) == [
        f"no constraint {TENANT_CHECK}; settle: pulumi up --refresh adds it",
        f"no valid {index}; settle: add it to {LEAF}, as a constraint where it says so",
        f"index partitions.{own}, {index} DEFERRABLE, is not the parent's; settle: {drop}",
        "row-level security is off; settle: pulumi up --refresh enables it",
    ]
    migrated.execute(f"ALTER TABLE {LEAF} DROP CONSTRAINT {own}, ADD CONSTRAINT {own} {unique}")
    ensure_tenant(migrated, "acme", layout)
    assert inspect_tenant(migrated, "acme", layout).differences == {}


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_a_leaf_of_another_table_is_settled_from_the_first_line_on(tenant, layout):
    """What it inherits from there can be dropped when it has left, and not before."""
    tenant.execute("CREATE TABLE app.other (LIKE app.payments INCLUDING ALL) PARTITION BY LIST (tenant_id)")
    tenant.execute("ALTER TABLE app.other ADD CONSTRAINT of_other CHECK (true)")
    tenant.execute(f"ALTER TABLE app.payments DETACH PARTITION {LEAF}")
    tenant.execute(f"ALTER TABLE {LEAF} ADD CONSTRAINT of_other CHECK (true)")
    tenant.execute(f"ALTER TABLE app.other ATTACH PARTITION {LEAF} FOR VALUES IN ('acme')")
    found = _of_payments(tenant, layout)
    assert len(found) == 2
    for difference in found:
        tenant.execute(difference.rpartition("; ")[2].removeprefix("settle: "))
    assert _of_payments(tenant, layout) == []
    ensure_tenant(tenant, "acme", layout)


def test_a_tenant_on_its_way_out_may_refuse_writes(tenant, layout):
    """It is no drift to a refresh; once the registry has forgotten the removal, it is."""
    Removal(tenant, "acme", layout, Deadline(10)).take_out_of_service()
    found = inspect_tenant(tenant, "acme", layout).differences
    assert "not attached; settle: pulumi up --refresh attaches it" in found["payments"]
    assert "writes to it are refused" not in str(found)
    tenant.execute("DELETE FROM strata.tenant_partitions")
    with pytest.raises(PartitionMismatchError, match="writes to it are refused; settle: DROP TRIGGER"):
        ensure_tenant(tenant, "acme", layout)


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
