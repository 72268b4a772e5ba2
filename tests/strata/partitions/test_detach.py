"""What keeps a tenant's partitions from being removed: found before anything is changed, and named with the way on."""

from __future__ import annotations

import pytest

from strata import sql
from strata.partitions.errors import PartitionMismatchError
from strata.partitions.inspect import inspect_tenant
from strata.partitions.offboard import drop_tenant
from strata.partitions.onboard import ensure_tenant
from strata.partitions.render import leaves
from tests.strata.rows import insert_payment, payments_of

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)


@pytest.fixture
def tenants(migrated, layout):
    ensure_tenant(migrated, "acme", layout)
    insert_payment(migrated, "acme")
    return migrated


def _is_gone(connection, layout):
    return inspect_tenant(connection, "acme", layout).partitions == {} and _states(connection) == []


def _states(connection):
    return connection.execute("SELECT DISTINCT state FROM strata.tenant_partitions WHERE tenant_id = 'acme'").fetchall()


def test_a_table_that_nothing_proves_to_be_the_tenants_is_not_dropped(tenants, layout):
    """What is advised settles it; then the tenant can leave."""
    tenants.execute("ALTER TABLE partitions.payments_p_acme DROP CONSTRAINT strata_tenant_ck")
    with pytest.raises(PartitionMismatchError) as refusal:
        drop_tenant(tenants, "acme", layout)
    what, settle = refusal.value.differences["payments"][0].split("; settle: ")
    assert what == 'no constraint strata_tenant_ck proves whose rows partitions."payments_p_acme" holds'
    assert payments_of(tenants, "acme") == 1
    insert_payment(tenants, "acme", "still written")
    tenants.execute(settle)
    drop_tenant(tenants, "acme", layout)
    assert _is_gone(tenants, layout)


@only_list
def test_a_check_that_was_never_validated_proves_nothing(tenants, layout):
    check = "CHECK (tenant_id IS NOT NULL AND tenant_id = 'acme') NOT VALID"
    tenants.execute(
        "ALTER TABLE partitions.payments_p_acme DROP CONSTRAINT strata_tenant_ck,"
        f" ADD CONSTRAINT strata_tenant_ck {check}"
    )
    with pytest.raises(PartitionMismatchError) as refusal:
        drop_tenant(tenants, "acme", layout)
    assert refusal.value.differences["payments"] == (
        (
            "constraint strata_tenant_ck is not validated;"
            ' settle: ALTER TABLE partitions."payments_p_acme" VALIDATE CONSTRAINT strata_tenant_ck'
        ),
    )
    tenants.execute('ALTER TABLE partitions."payments_p_acme" VALIDATE CONSTRAINT strata_tenant_ck')
    drop_tenant(tenants, "acme", layout)
    assert _is_gone(tenants, layout)


@only_list
def test_a_check_of_another_tenant_is_a_persons_matter(tenants, layout):
    tenants.execute(
        "ALTER TABLE partitions.payments_p_acme DROP CONSTRAINT strata_tenant_ck,"
        " ADD CONSTRAINT strata_tenant_ck CHECK (tenant_id IS NOT NULL AND tenant_id >= 'acme')"
    )
    with pytest.raises(PartitionMismatchError) as refusal:
        drop_tenant(tenants, "acme", layout)
    assert refusal.value.differences["payments"] == (
        (
            "constraint strata_tenant_ck is CHECK (((tenant_id IS NOT NULL) AND (tenant_id >= 'acme'::text))) and not"
            " CHECK (((tenant_id IS NOT NULL) AND (tenant_id = 'acme'::text))); settle: find out whose rows it holds;"
            ' ALTER TABLE partitions."payments_p_acme" DROP CONSTRAINT strata_tenant_ck,'
            " ADD CONSTRAINT strata_tenant_ck"
            " CHECK (((tenant_id IS NOT NULL) AND (tenant_id = 'acme'::text)))"
        ),
    )


DEPENDENTS = {
    "view partitions.one": "CREATE VIEW partitions.one AS SELECT * FROM partitions.payments_p_acme",
    "materialized view partitions.one": "CREATE MATERIALIZED VIEW partitions.one AS TABLE partitions.payments_p_acme",
    "constraint one_fkey on table partitions.one": (
        "CREATE TABLE partitions.one (tenant_id text, id uuid, CONSTRAINT one_fkey"
        " FOREIGN KEY (tenant_id, id) REFERENCES partitions.payments_p_acme (tenant_id, id))"
    ),
    "function partitions.one()": (
        "CREATE FUNCTION partitions.one() RETURNS bigint LANGUAGE sql"
        " BEGIN ATOMIC SELECT count(*) FROM partitions.payments_p_acme; END"
    ),
}


@only_list
@pytest.mark.parametrize("dependent", DEPENDENTS)
def test_what_depends_on_a_partition_is_found_before_writes_stop(tenants, layout, dependent):
    tenants.execute(DEPENDENTS[dependent])
    with pytest.raises(PartitionMismatchError) as refusal:
        drop_tenant(tenants, "acme", layout)
    assert refusal.value.differences == {
        "payments": (f'{dependent} depends on it; settle: drop that, or let it use app."payments"',)
    }
    assert _states(tenants) == [("active",)]
    insert_payment(tenants, "acme", "still written")


@only_list
def test_what_a_partition_has_of_its_own_goes_with_it(tenants, layout):
    """A CHECK, a rule, a policy and a trigger with conditions depend on it too, and are part of it."""
    table = "partitions.payments_p_acme"
    tenants.execute(f"ALTER TABLE app.payments DETACH PARTITION {table}")
    tenants.execute(
        f"ALTER TABLE {table} ADD CHECK (amount_minor > 0 AND currency <> ''), ADD one serial, ADD parent uuid,"
        " ADD two bigint GENERATED ALWAYS AS (amount_minor * 2) STORED,"
        f" ADD FOREIGN KEY (tenant_id, parent) REFERENCES {table} (tenant_id, id);"
        f"CREATE RULE one AS ON UPDATE TO {table} WHERE new.amount_minor > 5 DO ALSO NOTHING;"
        f"CREATE POLICY one ON {table} USING (amount_minor > (SELECT min(amount_minor) FROM {table}));"
        f"CREATE INDEX ON {table} (abs(amount_minor)) WHERE amount_minor > 5;"
        f"CREATE STATISTICS partitions.one ON amount_minor, currency FROM {table};"
        f"CREATE TRIGGER one BEFORE UPDATE ON {table} FOR EACH ROW WHEN (new.amount_minor > 5)"
        " EXECUTE FUNCTION strata.refuse_write()"
    )
    drop_tenant(tenants, "acme", layout)
    assert _is_gone(tenants, layout)


@only_list
def test_what_was_made_upon_a_partition_since_is_named_at_the_drop(tenants, layout, monkeypatch):
    """Its message names what to settle, and not PostgreSQL's hint to drop whatever that is."""
    rendered = sql.render

    def with_a_view(template, **values):
        if template == "offboarding/drop_leaves.sql.j2":
            tenants.execute(DEPENDENTS["view partitions.one"])
        return rendered(template, **values)

    with monkeypatch.context() as patch:
        patch.setattr(sql, "render", with_a_view)
        with pytest.raises(PartitionMismatchError) as refusal:
            drop_tenant(tenants, "acme", layout)
    assert refusal.value.differences == {
        "partitions": (
            (
                "view partitions.one depends on table partitions.payments_p_acme;"
                " settle: drop that, or let it use the partitioned table"
            ),
        )
    }
    with pytest.raises(PartitionMismatchError, match="view partitions.one depends on it"):
        drop_tenant(tenants, "acme", layout)
    tenants.execute("DROP VIEW partitions.one")
    drop_tenant(tenants, "acme", layout)
    assert _is_gone(tenants, layout)


@pytest.mark.parametrize("remove", ["detach", "attach"])
def test_a_leaf_that_hangs_elsewhere_is_not_removed(tenants, layout, remove):
    """By hand, or by a run that takes the database for one of the other layout."""
    other = "bucketed" if layout == "list" else "list"
    wrong = {"detach": other, "attach": layout}[remove]
    if remove == "attach":
        leaf = leaves("acme", layout)[0]
        tenants.execute("CREATE TABLE app.next (LIKE app.payments INCLUDING ALL) PARTITION BY LIST (tenant_id)")
        tenants.execute(f"ALTER TABLE {leaf.qualified_parent} DETACH PARTITION {leaf.qualified_name}")
        tenants.execute(f"ALTER TABLE app.next ATTACH PARTITION {leaf.qualified_name} {leaf.bound}")
    with pytest.raises(PartitionMismatchError, match=r"payments: attached to (app|partitions)\."):
        drop_tenant(tenants, "acme", wrong)
    assert tenants.execute("SELECT count(*) FROM partitions.payments_p_acme").fetchone() == (1,)
    assert _states(tenants) == [("active",)]


@only_list
def test_what_is_no_plain_table_is_not_dropped(tenants, layout):
    """A large tenant's partition may have been divided by hand; nobody knows what all is in it."""
    leaf = leaves("acme", layout)[0]
    tenants.execute(f"ALTER TABLE {leaf.qualified_parent} DETACH PARTITION {leaf.qualified_name}")
    tenants.execute(f"DROP TABLE {leaf.qualified_name}")
    tenants.execute(f"CREATE TABLE {leaf.qualified_name} (LIKE app.payments) PARTITION BY LIST (status)")
    with pytest.raises(PartitionMismatchError, match='partitions."payments_p_acme" is not a plain table'):
        drop_tenant(tenants, "acme", layout)
    assert tenants.execute("SELECT to_regclass('partitions.payments_p_acme') IS NOT NULL").fetchone() == (True,)
