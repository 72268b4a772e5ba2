"""What an application's role sees and changes, statement by statement, on the real server; and each trap on the way.

The rows of globex are there in every test; acme is the tenant of the session.
"""

import re

import pytest
from psycopg import errors

from strata.partitions.layout import bucket_of
from strata.partitions.onboard import ensure_tenant
from strata.partitions.tables import PARTITIONED_TABLES
from tests.strata.shared_database import PAYMENT, only_first_payments, shared_database

TENANTS = ["acme", "globex"]
AS_ACME = "SELECT set_config('app.tenant_id', 'acme', false)"
TENANT_IDS = "SELECT tenant_id FROM app.payments"
MERGE = (
    "MERGE INTO app.payments USING (VALUES ({tenant}, 'first')) AS new (tenant_id, idempotency_key)"
    " ON payments.tenant_id = new.tenant_id AND payments.idempotency_key = new.idempotency_key"
    " WHEN MATCHED THEN {matched} WHEN NOT MATCHED THEN INSERT"
    " (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
    " VALUES (new.tenant_id, new.idempotency_key, 1, 'EUR', 'card')"
)


@pytest.fixture(scope="module", params=["list", "bucketed"])
def layout(request):
    return request.param


@pytest.fixture(scope="module")
def database(postgresql_server, migrated_template, layout):
    with shared_database(postgresql_server, migrated_template(layout)) as made:
        with made.deployer() as owner:
            for tenant_id in TENANTS:
                ensure_tenant(owner, tenant_id, layout)
        yield made


@pytest.fixture
def owner(database):
    with database.deployer() as connection:
        only_first_payments(connection, TENANTS)
        yield connection


@pytest.fixture
def nobody(owner, database):
    """Return an application's session that no tenant was set in."""
    with database.connect("strata_app") as connection:
        yield connection


@pytest.fixture
def acme(nobody):
    nobody.execute(AS_ACME)
    return nobody


def rows(owner):
    return owner.execute("SELECT tenant_id, idempotency_key, amount_minor FROM app.payments ORDER BY 1, 2").fetchall()


FIRST = [("acme", "first", 1), ("globex", "first", 1)]

# What reads.

READS = [
    TENANT_IDS,
    f"{TENANT_IDS} FOR UPDATE",
    f"{TENANT_IDS} FOR KEY SHARE",
    f"WITH all_rows AS MATERIALIZED ({TENANT_IDS}) SELECT * FROM all_rows",
    "SELECT DISTINCT tenant_id FROM (SELECT * FROM app.payments TABLESAMPLE SYSTEM (100)) AS sample",
    "SELECT one.tenant_id FROM app.payments one JOIN app.payments other ON true WHERE one.id <= other.id",
    f"SELECT (SELECT min(tenant_id) FROM app.payments) FROM generate_series(1, 1) WHERE EXISTS ({TENANT_IDS})",
    "UPDATE app.payments SET description = 'x' RETURNING tenant_id",
    "DELETE FROM app.payments RETURNING tenant_id",
]


def test_a_session_without_a_tenant_sees_nothing(nobody):
    for read in READS:
        assert nobody.execute(read).fetchall() == [], read


@pytest.mark.parametrize("setting", ["", "nobody", "ACME", "acme ", "acme' OR true --", "%"])
def test_a_session_of_what_is_no_tenant_sees_nothing(nobody, setting):
    nobody.execute("SELECT set_config('app.tenant_id', %s, false)", (setting,))
    for read in READS:
        assert nobody.execute(read).fetchall() == [], read


@pytest.mark.parametrize("read", READS)
def test_a_session_sees_its_own_rows_only(acme, read):
    assert acme.execute(read).fetchall() == [("acme",)]


@pytest.mark.parametrize("table", PARTITIONED_TABLES)
@pytest.mark.parametrize("role", ["strata_app", "strata_readonly"])
def test_every_table_is_fenced_for_every_role(owner, database, table, role):
    with database.connect(role) as connection:
        connection.execute(AS_ACME)
        assert connection.execute("SELECT row_security_active(%s::regclass)", (f"app.{table}",)).fetchone() == (True,)


def test_the_rows_of_others_are_seen_by_no_name(acme, owner):
    assert acme.execute(f"{TENANT_IDS} WHERE tenant_id = 'globex'").fetchall() == []
    (key,) = owner.execute("SELECT id FROM app.payments WHERE tenant_id = 'globex'").fetchone()
    assert acme.execute(f"{TENANT_IDS} WHERE id = %s", (key,)).fetchall() == []
    assert acme.execute(f"{TENANT_IDS} WHERE tenant_id = 'globex' OR true").fetchall() == [("acme",)]


def test_a_function_in_a_condition_is_not_shown_the_rows_of_others(acme):
    acme.execute(
        "CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001"
        " AS $$BEGIN RAISE WARNING 'saw %', $1; RETURN true; END$$"
    )
    told = []
    acme.add_notice_handler(lambda notice: told.append(notice.message_primary))
    acme.execute(f"{TENANT_IDS} WHERE pg_temp.tell(tenant_id)")
    assert told == ["saw acme"]


def test_what_the_planner_knows_of_others_is_not_told(acme, owner):
    owner.execute("ANALYZE app.payments")
    for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
        query = f"SELECT * FROM {view} WHERE tablename LIKE 'payments%'"
        assert acme.execute(query).fetchall() == []


# What writes.


def test_an_insert_for_another_tenant_is_refused(acme, owner):
    with pytest.raises(errors.InsufficientPrivilege, match="violates row-level security policy"):
        acme.execute(PAYMENT, ("globex", "second"))
    acme.execute(PAYMENT, ("acme", "second"))
    assert rows(owner) == [FIRST[0], ("acme", "second", 1), FIRST[1]]


def test_an_insert_without_a_tenant_is_refused(nobody, owner):
    with pytest.raises(errors.InsufficientPrivilege, match="violates row-level security policy"):
        nobody.execute(PAYMENT, ("acme", "second"))
    assert rows(owner) == FIRST


@pytest.mark.parametrize("where", ["", " WHERE tenant_id = 'globex'", " WHERE idempotency_key = 'first'"])
def test_an_update_or_delete_reaches_no_row_of_others(acme, owner, where):
    own = 0 if "globex" in where else 1
    assert acme.execute(f"UPDATE app.payments SET amount_minor = 7{where}").rowcount == own
    assert rows(owner) == ([("acme", "first", 7), FIRST[1]] if own else FIRST)
    assert acme.execute(f"DELETE FROM app.payments{where}").rowcount == own
    assert rows(owner)[-1] == FIRST[1]


def test_a_row_is_not_moved_to_another_tenant(acme, owner):
    with pytest.raises(errors.InsufficientPrivilege, match="violates row-level security policy"):
        acme.execute("UPDATE app.payments SET tenant_id = 'globex', idempotency_key = 'moved'")
    assert rows(owner) == FIRST


def test_a_merge_meets_no_row_of_others(acme, owner):
    update, delete = "UPDATE SET amount_minor = 7", "DELETE"
    assert acme.execute(MERGE.format(tenant="'acme'", matched=update)).rowcount == 1
    assert rows(owner) == [("acme", "first", 7), FIRST[1]]
    for matched in (update, delete):
        with pytest.raises(errors.InsufficientPrivilege, match="violates row-level security policy"):
            acme.execute(MERGE.format(tenant="'globex'", matched=matched))
    assert acme.execute(MERGE.format(tenant="'acme'", matched=delete)).rowcount == 1
    assert rows(owner) == FIRST[1:]


@pytest.mark.parametrize(
    "action", ["DO NOTHING", "DO UPDATE SET amount_minor = 7", "DO UPDATE SET tenant_id = 'acme', amount_minor = 7"]
)
def test_an_upsert_of_anothers_key_is_refused(acme, owner, action):
    upsert = f"{PAYMENT} ON CONFLICT (tenant_id, idempotency_key) {action}"
    with pytest.raises(errors.InsufficientPrivilege, match="violates row-level security policy"):
        acme.execute(upsert, ("globex", "first"))
    assert rows(owner) == FIRST


def test_an_upsert_of_ones_own_key_works(acme, owner):
    upsert = f"{PAYMENT} ON CONFLICT (tenant_id, idempotency_key) DO UPDATE SET amount_minor = 7"
    assert acme.execute(upsert, ("acme", "first")).rowcount == 1
    assert rows(owner) == [("acme", "first", 7), FIRST[1]]


def test_truncate_which_no_policy_holds_back_is_not_granted(acme):
    with pytest.raises(errors.InsufficientPrivilege):
        acme.execute("TRUNCATE app.payments")


# COPY.


def copied(connection, query):
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        return b"".join(bytes(piece) for piece in copy).decode().split()


def test_copy_gives_the_visible_rows_and_says_nothing_of_the_rest(nobody):
    assert copied(nobody, f"COPY ({TENANT_IDS}) TO STDOUT") == []
    nobody.execute(AS_ACME)
    assert copied(nobody, f"COPY ({TENANT_IDS}) TO STDOUT") == ["acme"]


def test_copy_from_is_refused_and_a_batch_goes_by_insert(acme, owner):
    with pytest.raises(errors.FeatureNotSupported, match="COPY FROM not supported with row-level security"):
        copied(acme, "COPY app.payments (tenant_id) FROM STDIN")
    batch = (
        "INSERT INTO app.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
        " SELECT %s, key, 1, 'EUR', 'card' FROM unnest(%s::text[]) AS key"
    )
    keys = [f"k{number}" for number in range(1_000)]
    assert acme.execute(batch, ("acme", keys)).rowcount == 1_000
    with pytest.raises(errors.InsufficientPrivilege, match="violates row-level security policy"):
        acme.execute(batch, ("globex", keys))


# Ways around.

#: How the role that looks at the schema is kept from the rows of a leaf, which it sees the names of.
KEPT_OUT = {
    "strata_app": "permission denied for schema partitions",
    "strata_readonly": "permission denied for table payments_",
}
LIFTS = [
    "UPDATE strata.tenant_partitions SET state = 'archived'",
    "SELECT strata.create_tenant_partition('payments', 'mine')",
    "SELECT strata.refresh_partition_stats()",
    "SET ROLE strata_owner",
    "SET SESSION AUTHORIZATION strata_owner",
    "ALTER TABLE app.payments DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE app.payments NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY tenant_isolation ON app.payments",
    "CREATE POLICY mine ON app.payments USING (true)",
    "ALTER POLICY tenant_isolation ON app.payments USING (true)",
    "CREATE TABLE app.mine ()",
    "CREATE TRIGGER mine BEFORE INSERT ON app.payments EXECUTE FUNCTION strata.refuse_write()",
    "CREATE VIEW app.mine AS SELECT * FROM app.payments",
]


@pytest.mark.parametrize("role", ["strata_app", "strata_readonly"])
def test_neither_leaf_nor_bucket_is_reached(owner, database, layout, role):
    relations = ["payments_p_acme", "payments_p_globex"]
    if layout == "bucketed":
        relations.append(bucket_of("acme").name("payments"))
    with database.connect(role) as connection:
        connection.execute(AS_ACME)
        for name in relations:
            assert owner.execute("SELECT to_regclass(%s) IS NOT NULL", (f"partitions.{name}",)).fetchone() == (True,)
            for statement in ("SELECT FROM {}", "DELETE FROM {}", "COPY {} TO STDOUT", "INSERT INTO {} DEFAULT VALUES"):
                with pytest.raises(errors.InsufficientPrivilege, match=KEPT_OUT[role]):
                    connection.execute(statement.format(f"partitions.{name}"))


@pytest.mark.parametrize("role", ["strata_app", "strata_readonly"])
def test_an_application_does_not_lift_the_fence(owner, database, role):
    with database.connect(role) as connection:
        connection.execute(AS_ACME)
        for statement in LIFTS:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement)


def test_only_who_looks_at_the_schema_reads_the_registry(owner, database):
    for relation in ("strata.tenant_partitions", "strata.migrations"):
        with database.connect("strata_app") as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(f"SELECT FROM {relation}")
        with database.connect("strata_readonly") as connection:
            assert connection.execute(f"SELECT count(*) > 0 FROM {relation}").fetchone() == (True,)


def test_row_security_off_is_an_error_and_shows_nothing(acme):
    acme.execute("SET row_security = off")
    for statement in (TENANT_IDS, "UPDATE app.payments SET amount_minor = 7", "DELETE FROM app.payments"):
        with pytest.raises(errors.InsufficientPrivilege, match="would be affected by row-level security"):
            acme.execute(statement)


def test_a_view_is_fenced_only_when_it_runs_as_its_caller(acme, owner):
    with owner.transaction(force_rollback=True):
        owner.execute(f"CREATE VIEW app.held WITH (security_invoker = true) AS {TENANT_IDS}")
        owner.execute(f"CREATE VIEW app.open AS {TENANT_IDS}")
        owner.execute("GRANT SELECT ON app.held, app.open TO strata_app")
        _as_application(owner)
        assert owner.execute("SELECT * FROM app.held").fetchall() == [("acme",)]
        # The trap: a plain view reads as its owner, whom no policy holds.
        assert len(owner.execute("SELECT * FROM app.open").fetchall()) == len(TENANTS)


def test_a_function_is_fenced_only_when_it_runs_as_its_caller(owner):
    with owner.transaction(force_rollback=True):
        for name, security in (("held", "INVOKER"), ("open", "DEFINER")):
            owner.execute(
                f"CREATE FUNCTION app.{name}() RETURNS SETOF text LANGUAGE sql SECURITY {security} AS '{TENANT_IDS}'"
            )
        _as_application(owner)
        assert owner.execute("SELECT app.held()").fetchall() == [("acme",)]
        # The trap: it runs as its owner, whom no policy holds.
        assert len(owner.execute("SELECT app.open()").fetchall()) == len(TENANTS)


def _as_application(owner):
    """Let the transaction be the application's: the deployer made that role, and may give itself membership."""
    owner.execute("RESET ROLE")
    owner.execute("GRANT strata_app TO strata_deployer WITH INHERIT FALSE, SET TRUE")
    owner.execute("SET LOCAL ROLE strata_app")
    owner.execute("SELECT set_config('app.tenant_id', 'acme', true)")


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_nothing_in_the_schema_runs_as_its_owner_for_an_application(owner):
    schemas = (["app", "strata", "partitions"],)
    definers = owner.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND pronamespace = ANY (%s::regnamespace[])"
        " AND (has_function_privilege('strata_app', oid, 'EXECUTE')"
        " OR has_function_privilege('strata_readonly', oid, 'EXECUTE'))",
        schemas,
    )
    assert definers.fetchall() == []
    views = "SELECT oid::regclass FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = ANY (%s::regnamespace[])"
    assert owner.execute(views, schemas).fetchall() == []


def test_a_role_that_may_read_everything_reads_no_leaf_and_no_bucket(owner, database, layout):
    with database.admin() as admin, admin.transaction(force_rollback=True):
        admin.execute("CREATE ROLE reads_all")
        admin.execute("GRANT pg_read_all_data TO reads_all")
        admin.execute("SET LOCAL ROLE reads_all")
        relations = ["app.payments", "partitions.payments_p_acme", "partitions.payments_p_globex"]
        if layout == "bucketed":
            relations += [f"partitions.{bucket_of(tenant_id).name('payments')}" for tenant_id in TENANTS]
        for relation in relations:
            assert admin.execute(f"SELECT FROM {relation}").fetchall() == []
        admin.execute(AS_ACME)
        assert admin.execute(TENANT_IDS).fetchall() == [("acme",)]
        assert admin.execute("SELECT FROM partitions.payments_p_acme").fetchall() == []


# The traps of the setting, the owner, and the planner.


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
        _as_application(owner)
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
        _as_application(owner)
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
