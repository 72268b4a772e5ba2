"""What an application's role may try to get past the policies, and what keeps it out."""

import pytest
from psycopg import errors

from strata.partitions.layout import bucket_of
from tests.sql_templates.row_level_security.fence import AS_ACME, TENANT_IDS, TENANTS, as_application

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
        as_application(owner)
        assert owner.execute("SELECT * FROM app.held").fetchall() == [("acme",)]
        # The trap: a plain view reads as its owner, whom no policy holds.
        assert len(owner.execute("SELECT * FROM app.open").fetchall()) == len(TENANTS)


def test_a_function_is_fenced_only_when_it_runs_as_its_caller(owner):
    with owner.transaction(force_rollback=True):
        for name, security in (("held", "INVOKER"), ("open", "DEFINER")):
            owner.execute(
                f"CREATE FUNCTION app.{name}() RETURNS SETOF text LANGUAGE sql SECURITY {security} AS '{TENANT_IDS}'"
            )
        as_application(owner)
        assert owner.execute("SELECT app.held()").fetchall() == [("acme",)]
        # The trap: it runs as its owner, whom no policy holds.
        assert len(owner.execute("SELECT app.open()").fetchall()) == len(TENANTS)


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
