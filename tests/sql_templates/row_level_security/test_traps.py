"""The traps of the setting, of the owner and of the planner, each as it is on the real server."""

import re

import pytest
from psycopg import errors

from strata.partitions.tables import PARTITIONED_TABLES
from tests.sql_templates.row_level_security.fence import AS_ACME, TENANT_IDS, TENANTS, as_application
from tests.strata.shared_database import PAYMENT


def test_a_set_local_that_has_ended_leaves_an_empty_text_that_is_nobody(nobody):
    assert nobody.execute("SELECT current_setting('app.tenant_id', true)").fetchone() == (None,)
    with nobody.transaction():
        nobody.execute("SELECT set_config('app.tenant_id', 'acme', true)")
        assert nobody.execute(TENANT_IDS).fetchall() == [("acme",)]
    assert nobody.execute("SELECT current_setting('app.tenant_id', true)").fetchone() == ("",)
    assert nobody.execute(TENANT_IDS).fetchall() == []


@pytest.mark.parametrize("table", PARTITIONED_TABLES)
def test_the_empty_text_is_no_tenant_anywhere(owner, table):
    with pytest.raises(errors.InvalidParameterValue):
        owner.execute("SELECT strata.create_tenant_partition(%s, '')", (table,))
    checks = owner.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
        (f"app.{table}",),
    ).fetchall()
    assert ("CHECK ((tenant_id <> ''::text))",) in checks


def test_what_ends_a_tenant_in_a_pool_ends_it(acme):
    for end in ("RESET app.tenant_id", "RESET ALL", "DISCARD ALL"):
        acme.execute(AS_ACME)
        acme.execute(end)
        assert acme.execute(TENANT_IDS).fetchall() == []


def test_the_owner_is_not_held_and_would_be_told_if_it_were(owner):
    forced = "SELECT count(*) FROM pg_class WHERE relforcerowsecurity AND relnamespace = ANY (%s::regnamespace[])"
    assert owner.execute(forced, (["app", "partitions"],)).fetchone() == (0,)
    assert len(owner.execute(TENANT_IDS).fetchall()) == len(TENANTS)
    with owner.transaction(force_rollback=True):
        owner.execute("ALTER TABLE app.payments FORCE ROW LEVEL SECURITY")
        assert owner.execute(TENANT_IDS).fetchall() == []  # an archive would be silently empty
        owner.execute("SET LOCAL row_security = off")
        with pytest.raises(errors.InsufficientPrivilege, match="would be affected by row-level security"):
            owner.execute(TENANT_IDS)


def test_every_relation_of_a_tenant_has_row_level_security(owner):
    relations = owner.execute(
        "SELECT relname, relrowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = pg_class.oid) FROM pg_class"
        " WHERE relkind IN ('r', 'p') AND relnamespace = ANY (%s::regnamespace[])",
        (["app", "partitions"],),
    ).fetchall()
    assert {relname for relname, _, _ in relations} >= set(PARTITIONED_TABLES)
    for relname, is_enabled, policies in relations:
        assert is_enabled, relname
        assert policies == (1 if relname in PARTITIONED_TABLES else 0), relname


def test_a_tenant_that_is_not_there_is_told_before_the_policy_is_looked_at(acme):
    with pytest.raises(errors.CheckViolation, match="no partition of relation"):
        acme.execute(PAYMENT, ("nobody", "first"))


def test_a_duplicate_key_tells_no_values(acme):
    with pytest.raises(errors.UniqueViolation) as duplicate:
        acme.execute(PAYMENT, ("acme", "first"))
    assert duplicate.value.diag.message_detail is None


def plan(connection, query):
    return "\n".join(line for (line,) in connection.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {query}"))


def test_a_query_with_its_tenant_plans_one_leaf(acme):
    text = plan(acme, f"{TENANT_IDS} WHERE tenant_id = 'acme'")
    assert "payments_p_acme" in text
    assert "payments_p_globex" not in text
    assert "Subplans Removed" not in text


def test_a_query_without_it_is_pruned_only_when_it_starts(acme, owner):
    assert "Subplans Removed: 1" in plan(acme, TENANT_IDS)
    with owner.transaction(force_rollback=True):
        setting = "nullif(current_setting('app.tenant_id', true), '')"
        owner.execute(f"ALTER POLICY tenant_isolation ON app.payments USING (tenant_id = (SELECT {setting}))")
        as_application(owner)
        worse = plan(owner, TENANT_IDS)
    # The trap: a sub-select is known too late, and all leaves are opened.
    assert "Subplans Removed" not in worse
    assert "payments_p_globex" in worse


def test_no_index_is_lost_to_an_operator_that_may_leak(owner):
    leaky = owner.execute(
        """
        SELECT DISTINCT indrelid::regclass::text, amopopr::regoperator::text
        FROM pg_index, unnest(indclass::oid[]) AS class (oid)
        JOIN pg_opclass ON pg_opclass.oid = class.oid
        JOIN pg_amop ON amopfamily = opcfamily AND amoplefttype = opcintype AND amoprighttype = opcintype
        JOIN pg_operator ON pg_operator.oid = amopopr
        JOIN pg_proc ON pg_proc.oid = oprcode
        WHERE indrelid = ANY (%s::regclass[]) AND NOT proleakproof
        """,
        ([f"app.{table}" for table in PARTITIONED_TABLES],),
    ).fetchall()
    assert leaky == []


def test_an_operator_that_may_leak_loses_its_index(owner):
    owner.execute(
        "INSERT INTO app.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
        " SELECT 'acme', 'k' || n, n, 'EUR', 'card' FROM generate_series(1, 2000) n"
    )
    with owner.transaction(force_rollback=True):
        owner.execute("CREATE INDEX ON app.payments (tenant_id, (amount_minor::numeric))")
        owner.execute("ANALYZE app.payments")
        owner.execute("SET LOCAL enable_seqscan = off")
        query = f"{TENANT_IDS} WHERE tenant_id = 'acme' AND {{}} = 7"
        as_application(owner)
        leaky = plan(owner, query.format("amount_minor::numeric"))
        sound = plan(owner, f"{TENANT_IDS} WHERE tenant_id = 'acme' AND idempotency_key = 'k7'")
    assert re.search(r"Index Cond: .*idempotency_key = 'k7'", sound)
    assert re.search(r"(?m)^ *Filter: .*numeric = '7'", leaky)


def test_the_policy_is_the_same_on_every_table(owner):
    policies = owner.execute(
        "SELECT DISTINCT polname, polcmd, polpermissive, polroles, pg_get_expr(polqual, polrelid),"
        " pg_get_expr(polwithcheck, polrelid) FROM pg_policy"
    ).fetchall()
    expression = "(tenant_id = NULLIF(current_setting('app.tenant_id'::text, true), ''::text))"
    assert policies == [("tenant_isolation", "*", True, [0], expression, expression)]
