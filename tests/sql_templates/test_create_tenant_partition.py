"""The function for SQL clients is as safe as the library: what that refuses, this refuses."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors

from strata import migrations
from strata.database import connect_as_deployer
from strata.partitions.errors import TenantArchivedError
from strata.partitions.inspect import inspect_tenant
from strata.partitions.offboard import drop_tenant
from strata.partitions.onboard import ensure_tenant
from strata.partitions.registry import find_registry_differences
from strata.partitions.render import leaves
from strata.partitions.tables import PARTITIONED_TABLES

CALL = "SELECT strata.create_tenant_partition(%s, %s)"
LEAF = "partitions.payments_p_acme"


def _partitions(connection):
    return connection.execute(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'partitions'::regnamespace AND relkind = 'r'"
    ).fetchone()[0]


def test_a_tenant_that_is_not_active_is_refused_as_the_library_refuses_it(migrated, layout):
    ensure_tenant(migrated, "acme", layout)
    for state in ("offboarding", "detached", "verified", "archived", "restoring"):
        with migrated.transaction(force_rollback=True):
            # One table is enough, and another one than what is asked for.
            migrated.execute(
                "UPDATE strata.tenant_partitions SET state = %s, archive_uri = 's3://a/b'"
                " WHERE tenant_id = 'acme' AND table_name = 'invoices'",
                (state,),
            )
            migrated.execute(f"DROP TABLE {LEAF}")
            before = _partitions(migrated)
            refused = pytest.raises(psycopg.Error, match=f"tenant acme is {state}: no partition is made for it")
            with refused as raised, migrated.transaction():
                migrated.execute(CALL, ("payments", "acme"))
            assert raised.value.sqlstate == "55T02"
            assert "restore or forget its archive" in raised.value.diag.message_hint
            assert _partitions(migrated) == before
    migrated.execute("UPDATE strata.tenant_partitions SET state = 'archived', archive_uri = 's3://a/b'")
    with pytest.raises(TenantArchivedError, match="the tenant is archived"):
        ensure_tenant(migrated, "acme", layout)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_cannot_see_what_became_of_the_tenant_is_refused(migrated, fresh_database, layout, level):
    """Its snapshot is older than the lock: it made and committed a partition of a tenant archived meanwhile."""
    ensure_tenant(migrated, "acme", layout)
    with fresh_database.deployer() as caller:
        caller.execute(f"BEGIN ISOLATION LEVEL {level}")
        caller.execute("SELECT FROM strata.tenant_partitions")
        migrated.execute("UPDATE strata.tenant_partitions SET state = 'archived', archive_uri = 's3://a/b'")
        migrated.execute(f"DROP TABLE {LEAF}")
        with pytest.raises(errors.ActiveSqlTransaction) as refusal:
            caller.execute(CALL, ("payments", "acme"))
        caller.execute("ROLLBACK")
    assert (
        refusal.value.diag.message_primary == f"no partition is made for tenant acme in a {level.lower()} transaction"
    )
    assert refusal.value.diag.message_hint == (
        "Allowed: read committed. Next: BEGIN ISOLATION LEVEL READ COMMITTED, and the call again."
    )
    assert migrated.execute("SELECT to_regclass(%s)", (LEAF,)).fetchone() == (None,)


@pytest.mark.parametrize("level", ["READ COMMITTED", "READ UNCOMMITTED"])
def test_a_transaction_that_sees_what_others_commit_makes_a_partition(migrated, level):
    migrated.execute(f"BEGIN ISOLATION LEVEL {level}")
    assert migrated.execute(CALL, ("payments", "acme")).fetchone() == ("payments_p_acme",)
    migrated.execute("COMMIT")


def test_a_dropped_tenant_is_made_again(migrated, layout):
    ensure_tenant(migrated, "acme", layout)
    drop_tenant(migrated, "acme", layout)
    for table in PARTITIONED_TABLES:
        migrated.execute(CALL, (table, "acme"))
    assert inspect_tenant(migrated, "acme", layout).differences == {}
    assert find_registry_differences(migrated, layout) == ()


UNLIKE = (
    f"ALTER TABLE {LEAF} DISABLE ROW LEVEL SECURITY",
    f"ALTER TABLE {LEAF} DROP CONSTRAINT strata_tenant_ck",
    f"ALTER TABLE {LEAF} DROP CONSTRAINT strata_tenant_ck, ADD CONSTRAINT strata_tenant_ck CHECK (tenant_id <> '')",
    f"ALTER TABLE {LEAF} SET UNLOGGED",
)


def test_what_the_library_would_mend_or_refuse_is_not_taken_for_whole(migrated, layout):
    ensure_tenant(migrated, "acme", layout)
    for change in UNLIKE:
        with migrated.transaction(force_rollback=True):
            migrated.execute(change)
            assert inspect_tenant(migrated, "acme", layout).differences
            with pytest.raises(errors.ObjectNotInPrerequisiteState, match="payments_p_acme differs from what"):
                migrated.execute(CALL, ("payments", "acme"))
    parent = leaves("acme", layout)[0].qualified_parent
    migrated.execute(f"ALTER TABLE {parent} DETACH PARTITION {LEAF}")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="is not the attached partition of tenant acme"):
        migrated.execute(CALL, ("payments", "acme"))


def test_a_name_that_another_tenant_has_registered_is_refused(migrated):
    migrated.execute(
        "INSERT INTO strata.tenant_partitions (tenant_id, table_name, partition_name)"
        " VALUES ('other', 'payments', 'payments_p_acme')"
    )
    with pytest.raises(errors.UniqueViolation):
        migrated.execute(CALL, ("payments", "acme"))
    assert _partitions(migrated) == 0


def test_calls_at_once_make_one_partition(migrated, layout, reference):
    def call(_):
        with connect_as_deployer(reference) as connection:
            return [connection.execute(CALL, (table, "O'Neil \\")).fetchone()[0] for table in PARTITIONED_TABLES]

    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(call, range(4)))
    assert names == [names[0]] * 4
    assert _partitions(migrated) == len(PARTITIONED_TABLES)
    assert inspect_tenant(migrated, "O'Neil \\", layout).differences == {}


#: Where a backslash escapes, each would end the literal around it, and what follows would run as the owner.
ESCAPES = ("\\'); DROP POLICY tenant_isolation ON app.payments; --", "back\\slash", "a\\", "\\", "\\'")


@pytest.mark.parametrize("settings", ["standard_conforming_strings = off", "quote_all_identifiers = on"])
def test_a_caller_cannot_change_how_the_function_quotes(migrated, fresh_database, layout, settings):
    migrated.execute("GRANT USAGE ON SCHEMA strata TO strata_app")
    migrated.execute("GRANT EXECUTE ON FUNCTION strata.create_tenant_partition TO strata_app")
    with fresh_database.connect("strata_app") as caller:
        caller.execute(f"SET {settings}")
        for tenant_id in ESCAPES:
            # Twice: the second call compares what is there.
            for _ in range(2):
                caller.execute(CALL, ("payments", tenant_id))
    fenced = "SELECT relrowsecurity, EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid) FROM pg_class"
    assert migrated.execute(f"{fenced} WHERE oid = 'app.payments'::regclass").fetchone() == (True, True)
    for tenant_id in ESCAPES:
        differences = inspect_tenant(migrated, tenant_id, layout).differences
        assert "payments" not in differences, differences


def test_no_id_takes_the_name_of_an_index(migrated, layout):
    """Indexes and partitions share one name space; each of these ids was another tenant's index once."""
    ensure_tenant(migrated, "acme", layout)
    indexes = migrated.execute(
        "SELECT substring(relname FROM '^payments_p_(.*)') FROM pg_class"
        " WHERE relkind = 'i' AND relname LIKE 'payments\\_p\\_acme\\_%'"
    ).fetchall()
    assert len(indexes) > len(PARTITIONED_TABLES)
    for (tenant_id,) in indexes:
        ensure_tenant(migrated, tenant_id, layout)
        for table in PARTITIONED_TABLES:
            migrated.execute(CALL, (table, tenant_id))
        assert inspect_tenant(migrated, tenant_id, layout).differences == {}
    assert find_registry_differences(migrated, layout) == ()


def test_a_partition_that_has_the_name_of_an_index_stops_the_migration(migrated, layout):
    """It cannot be renamed unseen: the stack's resource has the name too."""
    guard = migrations.load(layout)[13].sql.partition("CREATE OR REPLACE")[0]
    migrated.execute(guard)
    migrated.execute(
        "INSERT INTO strata.tenant_partitions (tenant_id, table_name, partition_name)"
        " VALUES ('acme_pkey', 'payments', 'payments_p_acme_pkey')"
    )
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="payments_p_acme_pkey has a name that PostgreSQL"):
        migrated.execute(guard)
