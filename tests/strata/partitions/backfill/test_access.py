"""A source that the role may not read, or not as a whole: what is lacking is said as statements that can be pasted."""

import pytest
from psycopg.sql import SQL

from strata.partitions.backfill.copy import backfill_table
from strata.partitions.backfill.errors import BackfillSourceError, SourceDeniedError
from strata.partitions.backfill.source import Source, TenantJoin
from tests.strata.partitions.backfill.legacy import held, insert

pytestmark = pytest.mark.parametrize("layout", ["list"], indirect=True)


@pytest.fixture
def foreign(tenants, fresh_database):
    """Return a superuser's connection, and a source and a table to join it with that are another role's."""
    insert(tenants, "acme", 1)
    insert(tenants, "O'Neil", 2)
    with fresh_database.admin() as admin:
        admin.execute('CREATE ROLE "old owner"; CREATE SCHEMA "old place" AUTHORIZATION "old owner"')
        admin.execute('CREATE TABLE "old place".payments (LIKE legacy.payments INCLUDING ALL)')
        admin.execute('INSERT INTO "old place".payments SELECT * FROM legacy.payments')
        admin.execute('CREATE TABLE "old place".owners AS SELECT id AS payment, tenant_id FROM legacy.payments')
        admin.execute('ALTER TABLE "old place".owners ADD PRIMARY KEY (payment)')
        for table in ("payments", "owners"):
            admin.execute(f'ALTER TABLE "old place".{table} OWNER TO "old owner"')
        yield admin
        admin.execute('DROP OWNED BY "old owner" CASCADE; DROP ROLE "old owner"')


SOURCE = '"old place".payments'
USAGE = 'GRANT USAGE ON SCHEMA "old place" TO strata_owner'
SELECT = 'GRANT SELECT ON "old place".payments TO strata_owner'


def _denied(connection, layout, source=SOURCE):
    with pytest.raises(SourceDeniedError) as raised:
        backfill_table(connection, "payments", source, layout)
    return raised.value


def test_what_is_lacking_is_said_and_is_enough(tenants, foreign, layout):
    assert str(_denied(tenants, layout)) == (
        "the source cannot be copied: permission denied for schema old place"
        ' (source "old place".payments, table app.payments);'
        " allowed: a source of which the role that copies may read every row, and expressions that it may run;"
        f" next: as a role that may: {USAGE}; {SELECT}; then run again"
    )
    foreign.execute(USAGE)
    refused = _denied(tenants, layout)
    assert (refused.problems, refused.statements) == (("permission denied for table payments",), (SELECT,))
    foreign.execute(SELECT)
    assert backfill_table(tenants, "payments", SOURCE, layout).is_complete


def test_what_the_join_lacks_is_said_too(tenants, foreign, layout):
    source = Source(SOURCE, TenantJoin('"old place".owners', {"id": "payment"}), left_out=frozenset({"tenant_id"}))
    statements = _denied(tenants, layout, source).statements
    assert statements == (USAGE, 'GRANT SELECT ON "old place".owners TO strata_owner', SELECT)
    foreign.execute("; ".join(statements))
    assert backfill_table(tenants, "payments", source, layout).is_complete


@pytest.mark.parametrize("source", [SOURCE, Source(SOURCE, fallback="system")])
def test_a_source_whose_policies_hide_rows_is_not_taken_for_the_whole(tenants, foreign, layout, fresh_database, source):
    foreign.execute(f"{USAGE}; {SELECT}")
    foreign.execute(f"ALTER TABLE {SOURCE} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    foreign.execute(f"CREATE POLICY visible ON {SOURCE} USING (tenant_id = 'acme')")
    with fresh_database.deployer() as own:
        refused = _denied(own, layout, source)
    assert refused.problems == ('query would be affected by row-level security policy for table "payments"',)
    assert refused.statements == (
        'GRANT "old owner" TO strata_owner',
        f"ALTER TABLE {SOURCE} NO FORCE ROW LEVEL SECURITY",
    )
    assert held(tenants) == set()
    foreign.execute("; ".join(refused.statements))
    assert backfill_table(tenants, "payments", source, layout).is_complete


def test_a_function_that_may_not_be_run_is_no_lack_of_the_table(tenants, layout, fresh_database):
    with fresh_database.admin() as admin:
        admin.execute("CREATE FUNCTION whose(text) RETURNS text LANGUAGE sql AS 'SELECT $1'")
        admin.execute("REVOKE EXECUTE ON FUNCTION whose FROM public")
    refused = _denied(
        tenants, layout, Source("legacy.payments", SQL("whose(s.tenant_id)"), left_out=frozenset({"tenant_id"}))
    )
    assert refused.statements == ()
    assert str(refused).endswith("next: settle what it says; then run again")


def test_a_name_to_join_with_that_is_none_is_told_after_the_right_that_is_lacking(tenants, foreign, layout):
    source = Source(SOURCE, TenantJoin("legacy.", {"id": "payment"}), left_out=frozenset({"tenant_id"}))
    assert _denied(tenants, layout, source).statements == ()
    foreign.execute(f"{USAGE}; {SELECT}")
    with pytest.raises(BackfillSourceError, match=r"there is no table legacy\. "):
        backfill_table(tenants, "payments", source, layout)
