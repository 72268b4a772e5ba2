import pytest
from psycopg.sql import SQL

from strata import sql
from strata.partitions.backfill.copy import backfill_table
from strata.partitions.backfill.errors import BackfillSourceError
from strata.partitions.backfill.plan import make_plan
from strata.partitions.backfill.source import Source, TenantJoin

pytestmark = pytest.mark.parametrize("layout", ["list"], indirect=True)


@pytest.fixture
def legacy(migrated):
    migrated.execute("CREATE SCHEMA legacy")
    migrated.execute("CREATE TABLE legacy.payments (LIKE app.payments INCLUDING DEFAULTS, PRIMARY KEY (id))")
    migrated.execute("CREATE TABLE legacy.owners (payment uuid, kind text, owner text, UNIQUE (payment, kind))")
    return migrated


def _problems(connection, source):
    with pytest.raises(BackfillSourceError) as raised:
        make_plan(connection, "payments", source)
    assert "next: name what is missing in the Source, and run again" in str(raised.value)
    return raised.value.problems


def test_a_table_of_the_same_columns_needs_no_more_than_its_name(legacy):
    plan = make_plan(legacy, "payments", Source("legacy.payments"))
    assert (plan.source_schema, plan.source_name, plan.source_key, plan.key) == ("legacy", "payments", ("id",), ("id",))
    assert "tenant_id" not in {column.name for column in plan.columns}
    assert [column.name for column in plan.key_columns] == ["id"]
    assert plan.join is None
    assert plan.keeps_keys_apart


def test_text_is_compared_by_its_bytes(legacy):
    """Where a test can have a collation that takes two texts for equal, test_copy.py shows what this is for."""
    plan = make_plan(legacy, "payments", Source("legacy.payments"))
    values = {column.name: column.value for column in plan.columns}
    where = {"tenant_id": "acme", "first": 0, "last": 1, "copied": "{}"}
    compared = sql.render("backfill/compare_batch.sql.j2", plan=plan, **where)
    assert f'map."{values["description"]}" COLLATE "C"' in compared
    assert f'map."{values["amount_minor"]}" COLLATE' not in compared


def test_keys_are_kept_apart_by_the_whole_key_of_the_source_as_it_stands(legacy):
    hashed = Source("legacy.payments", columns={"id": SQL("md5(s.id::text)::uuid")})
    assert not make_plan(legacy, "payments", hashed).keeps_keys_apart
    legacy.execute("ALTER TABLE legacy.payments DROP CONSTRAINT payments_pkey, ADD PRIMARY KEY (id, currency)")
    assert not make_plan(legacy, "payments", Source("legacy.payments")).keeps_keys_apart


TIMES = "created_at would come from timestamp without time zone and is timestamp with time zone"
UNFIT = {
    "DROP CONSTRAINT payments_pkey": "the source has no primary key",
    "DROP COLUMN currency": "nothing gives currency, which has no default",
    "RENAME id TO number": "nothing gives the key id: every run would copy each row once more",
    "ADD COLUMN tax bigint": "tax would not be copied: name them in columns or in left_out",
    "ALTER amount_minor TYPE numeric(12, 2)": (
        "amount_minor would come from numeric and is bigint: give an expression in columns"
    ),
    # PostgreSQL would cut 'EUR ' to 'EUR' without a word, and no later run would find it as it is in the source.
    "ALTER currency TYPE text": "currency would come from text and is character: give an expression in columns",
    "ALTER currency TYPE varchar(3)": (
        "currency would come from character varying and is character: give an expression in columns"
    ),
    "ALTER created_at TYPE timestamp": f"{TIMES}: give an expression in columns",
    "RENAME tenant_id TO organisation": "tenant_from names tenant_id, which the source does not have",
}


def test_a_source_that_does_not_fit_is_refused_before_the_first_row(legacy):
    for change, problem in UNFIT.items():
        with legacy.transaction(force_rollback=True):
            legacy.execute(f"ALTER TABLE legacy.payments {change}")
            assert problem in _problems(legacy, Source("legacy.payments"))


def test_all_problems_are_told_together(legacy):
    legacy.execute("ALTER TABLE legacy.payments DROP currency, DROP payment_method, ADD extra text")
    assert len(_problems(legacy, Source("legacy.payments", columns={"status": "state"}))) == 4


def test_columns_that_are_wider_or_renamed_are_taken(legacy):
    legacy.execute(
        "ALTER TABLE legacy.payments ALTER amount_minor TYPE integer,"
        " ALTER tenant_id TYPE varchar(40), ALTER description TYPE varchar(80)"
    )
    legacy.execute("ALTER TABLE legacy.payments RENAME description TO note")
    plan = make_plan(legacy, "payments", Source("legacy.payments", columns={"description": "note"}))
    assert ("description", 's."note"') in [(column.name, column.expression) for column in plan.columns]


WRONG = (
    (Source("legacy.nothing"), "there is no table legacy.nothing"),
    (Source("legacy.payments; DROP TABLE app.payments"), "there is no table legacy.payments; DROP"),
    (Source("legacy.payments", columns={"tenant_id": "id"}), "columns names tenant_id, which is no column to copy"),
    (Source("legacy.payments", columns={"status": "state"}), "columns takes status from state, which the source"),
    (Source("legacy.payments", columns={"status": SQL("s.state")}), "column s.state does not exist"),
    (
        Source("legacy.payments", columns={"status": SQL("unnest(ARRAY['captured', 'failed'])")}),
        "set-returning functions are not allowed in CASE",
    ),
    (Source("legacy.payments", columns={"status": SQL("1")}), "status would come from integer and is text"),
    (Source("legacy.payments", left_out=frozenset({"x"})), "left_out names x, which the source does not have"),
    (Source("legacy.payments", SQL("s.owner"), left_out=frozenset({"tenant_id"})), "column s.owner does not exist"),
    (
        Source("legacy.payments", TenantJoin("legacy.owners", {"id": "payment"}, "owner")),
        "no unique index of legacy.owners is on payment: a row might have two tenants",
    ),
    (
        Source("legacy.payments", TenantJoin("legacy.owners", {"number": "payment", "kind": "kind"}, "who")),
        "tenant_from names who, which legacy.owners does not have",
    ),
    (Source("legacy.payments", TenantJoin("legacy.nobody", {"id": "x"})), "there is no table legacy.nobody"),
)


def test_a_mapping_that_names_what_is_not_there_is_refused(legacy):
    for source, problem in WRONG:
        found = _problems(legacy, source)
        assert any(each.startswith(problem) for each in found), (problem, found)


def test_only_a_partitioned_table_is_filled(legacy, layout):
    with pytest.raises(BackfillSourceError, match=r"app.migrations is none of payments, .*source legacy.payments"):
        backfill_table(legacy, "migrations", "legacy.payments", layout)
