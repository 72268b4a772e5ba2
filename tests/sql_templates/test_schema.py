"""What the migrations make, seen from the roles that use it."""

import uuid

import psycopg
import pytest
from psycopg import errors

from strata.partitions.onboard import ensure_tenant
from strata.partitions.tables import PARTITIONED_TABLES

PAYMENT = (
    "INSERT INTO app.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
    " VALUES (%(tenant_id)s, %(idempotency_key)s, %(amount_minor)s, %(currency)s, 'card')"
)
VALID = {"tenant_id": "acme", "idempotency_key": "k", "amount_minor": 100, "currency": "EUR"}


@pytest.fixture
def tenants(migrated, layout):
    for tenant_id in ("acme", "globex"):
        ensure_tenant(migrated, tenant_id, layout)
    migrated.execute("GRANT USAGE ON SCHEMA app TO strata_app")
    migrated.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO strata_app")
    return migrated


@pytest.fixture
def application(tenants, fresh_database):
    with fresh_database.connect("strata_app") as connection:
        yield connection


def _as_tenant(connection, tenant_id):
    connection.execute("SELECT set_config('app.tenant_id', %s, false)", (tenant_id,))


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": 0},
        {"currency": "eur"},
        {"currency": "EU"},
        {"idempotency_key": ""},
        {"tenant_id": "nobody"},
        {"tenant_id": ""},
        {"tenant_id": None},
    ],
)
@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_a_payment_that_is_none_is_refused(tenants, change):
    with pytest.raises(errors.CheckViolation):
        tenants.execute(PAYMENT, {**VALID, **change})


def test_an_idempotency_key_is_used_once_per_tenant(tenants):
    tenants.execute(PAYMENT, VALID)
    tenants.execute(PAYMENT, {**VALID, "tenant_id": "globex"})
    with pytest.raises(errors.UniqueViolation):
        tenants.execute(PAYMENT, VALID)
    assert tenants.execute(f"{PAYMENT} ON CONFLICT (tenant_id, idempotency_key) DO NOTHING", VALID).rowcount == 0


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_ids_are_version_7_and_in_order_of_time(migrated):
    first, then = (
        row[0] for row in migrated.execute("SELECT strata.uuid_v7() FROM generate_series(1, 2), pg_sleep(0.002)")
    )
    assert first.version == then.version == 7
    assert first.variant == uuid.RFC_4122
    now = migrated.execute("SELECT extract(epoch FROM clock_timestamp()) * 1000").fetchone()[0]
    assert 0 <= int(now) - (first.int >> 80) < 60_000
    assert first.int >> 80 <= then.int >> 80


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_no_column_is_an_identity_and_money_is_bigint(migrated):
    columns = migrated.execute(
        "SELECT attname, format_type(atttypid, atttypmod), attidentity FROM pg_attribute"
        " WHERE attrelid = ANY (%s::regclass[]) AND attnum > 0",
        ([f"app.{table}" for table in PARTITIONED_TABLES],),
    ).fetchall()
    assert {identity for _, _, identity in columns} == {""}
    assert {kind for name, kind, _ in columns if name.endswith("_minor")} == {"bigint"}


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_every_index_is_led_by_the_tenant(migrated):
    leading = migrated.execute(
        "SELECT DISTINCT pg_get_indexdef(indexrelid, 1, true) FROM pg_index WHERE indrelid = ANY (%s::regclass[])",
        ([f"app.{table}" for table in PARTITIONED_TABLES],),
    ).fetchall()
    assert leading == [("tenant_id",)]


def test_an_application_sees_and_writes_its_tenants_rows_only(application, tenants):
    tenants.execute(PAYMENT, {**VALID, "tenant_id": "globex"})
    _as_tenant(application, "acme")
    application.execute(PAYMENT, VALID)
    assert application.execute("SELECT tenant_id FROM app.payments").fetchall() == [("acme",)]
    assert application.execute("UPDATE app.payments SET description = 'x' WHERE tenant_id = 'globex'").rowcount == 0
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        application.execute(PAYMENT, {**VALID, "tenant_id": "globex", "idempotency_key": "other"})


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_a_session_without_a_tenant_sees_nothing(application, tenants):
    tenants.execute(PAYMENT, VALID)
    assert application.execute("SELECT FROM app.payments").fetchall() == []
    with application.transaction():
        application.execute("SELECT set_config('app.tenant_id', 'acme', true)")
    assert application.execute("SELECT FROM app.payments").fetchall() == []


def test_an_application_does_not_reach_a_leaf(application):
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied for schema partitions"):
        application.execute("SELECT FROM partitions.payments_p_acme")


def test_a_role_that_may_read_everything_reads_nothing_from_a_leaf(tenants, fresh_database):
    tenants.execute(PAYMENT, VALID)
    with fresh_database.admin() as admin:
        admin.execute("CREATE ROLE reader ROLE CURRENT_USER")
        try:
            admin.execute("GRANT pg_read_all_data TO reader")
            admin.execute("SET ROLE reader")
            assert admin.execute("SELECT FROM partitions.payments_p_acme").fetchall() == []
            assert admin.execute("SELECT FROM app.payments").fetchall() == []
        finally:
            admin.execute("RESET ROLE")
            admin.execute("DROP ROLE reader")


@pytest.mark.parametrize(
    "call", ["strata.create_tenant_partition('payments', 'initech')", "strata.refresh_partition_stats()"]
)
@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_an_application_does_not_call_what_changes_the_schema(application, call):
    with pytest.raises(errors.InsufficientPrivilege):
        application.execute(f"SELECT {call}")


def test_the_sql_function_makes_what_the_library_makes(migrated, layout):
    for table in PARTITIONED_TABLES:
        name = migrated.execute("SELECT strata.create_tenant_partition(%s, 'O''Neil \\')", (table,)).fetchone()[0]
        again = migrated.execute("SELECT strata.create_tenant_partition(%s, 'O''Neil \\')", (table,)).fetchone()[0]
        assert name == again
    made = ensure_tenant(migrated, "O'Neil \\", layout)
    assert name == made.partitions[PARTITIONED_TABLES[-1]]


@pytest.mark.parametrize(
    ("table", "tenant_id", "error"),
    [
        ("nowhere", "acme", errors.UndefinedTable),
        ("payments", "", errors.InvalidParameterValue),
        ("payments", None, errors.InvalidParameterValue),
        ("payments", "x" * 1025, errors.InvalidParameterValue),
        (None, "acme", errors.NullValueNotAllowed),
    ],
)
@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_the_sql_function_refuses_what_it_cannot_make(migrated, table, tenant_id, error):
    with pytest.raises(error):
        migrated.execute("SELECT strata.create_tenant_partition(%s, %s)", (table, tenant_id))


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_the_sql_function_adopts_nothing_unverified(migrated):
    migrated.execute("CREATE TABLE partitions.payments_p_acme (LIKE app.payments INCLUDING ALL)")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="is not the attached partition of tenant acme"):
        migrated.execute("SELECT strata.create_tenant_partition('payments', 'acme')")


def test_statistics_are_unknown_until_they_are_known(tenants):
    known = "SELECT row_estimate, bytes, last_analyzed_at FROM strata.tenant_partitions WHERE table_name = 'payments'"
    refresh = "SELECT strata.refresh_partition_stats()"
    assert tenants.execute(refresh).fetchone() == (0,)
    assert set(tenants.execute(known)) == {(None, None, None)}
    tenants.execute(PAYMENT, VALID)
    tenants.execute("ANALYZE partitions.payments_p_acme")
    assert tenants.execute(refresh).fetchone() == (1,)
    rows, size, analyzed_at = tenants.execute(f"{known} AND tenant_id = 'acme'").fetchone()
    assert (rows, analyzed_at is not None) == (1, True)
    pages = "SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE oid = %s::regclass"
    heap = tenants.execute(pages, ("partitions.payments_p_acme",)).fetchone()[0]
    total = tenants.execute("SELECT pg_total_relation_size('partitions.payments_p_acme')").fetchone()[0]
    assert heap < size <= total
    assert tenants.execute(refresh).fetchone() == (0,)


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_the_registry_refuses_two_tenants_with_one_name(migrated):
    register = (
        "INSERT INTO strata.tenant_partitions (tenant_id, table_name, partition_name) VALUES (%s, 'payments', 'x')"
    )
    migrated.execute(register, ("acme",))
    with pytest.raises(psycopg.errors.UniqueViolation):
        migrated.execute(register, ("globex",))
