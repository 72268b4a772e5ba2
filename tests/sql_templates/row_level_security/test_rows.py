"""What an application's role sees and changes, statement by statement, on the real server."""

import pytest
from psycopg import errors

from strata.partitions.tables import PARTITIONED_TABLES
from tests.sql_templates.row_level_security.fence import AS_ACME, TENANT_IDS
from tests.strata.shared_database import PAYMENT

MERGE = (
    "MERGE INTO app.payments USING (VALUES ({tenant}, 'first')) AS new (tenant_id, idempotency_key)"
    " ON payments.tenant_id = new.tenant_id AND payments.idempotency_key = new.idempotency_key"
    " WHEN MATCHED THEN {matched} WHEN NOT MATCHED THEN INSERT"
    " (tenant_id, idempotency_key, amount_minor, currency, payment_method)"
    " VALUES (new.tenant_id, new.idempotency_key, 1, 'EUR', 'card')"
)


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
