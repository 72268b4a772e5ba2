"""Whose a row is, and sources of other shapes."""

import pytest
from psycopg.sql import SQL

from strata import sql
from strata.partitions.backfill.copy import Options, backfill_table, backfill_tenant
from strata.partitions.backfill.errors import UnmappedRowsError
from strata.partitions.backfill.source import Source, TenantJoin
from tests.strata.partitions.backfill.legacy import SOURCE, fill, held, insert

pytestmark = pytest.mark.parametrize("layout", ["list"], indirect=True)


def test_rows_of_nobody_are_counted_and_refused_unless_somebody_takes_them(tenants, layout):
    for number, tenant_id in enumerate(["acme", None, "", "system"]):
        insert(tenants, tenant_id, number)
    for call in (
        lambda: backfill_table(tenants, "payments", SOURCE, layout),
        lambda: backfill_tenant(tenants, "acme", "payments", SOURCE, layout),
    ):
        with pytest.raises(UnmappedRowsError, match="2 rows belong to no tenant .source legacy.payments") as raised:
            call()
        assert raised.value.rows == 2
        assert held(tenants) == set()
    source = Source(SOURCE, fallback="system")
    assert backfill_tenant(tenants, "system", "payments", source, layout).copied == 3
    assert [(each.rows, each.copied) for each in backfill_table(tenants, "payments", source, layout).tenants] == [
        (1, 1),
        (3, 0),
    ]


@pytest.mark.parametrize("options", [None, Options(ensure=True)])
def test_a_row_of_nobody_that_appears_while_the_backfill_begins_is_refused(
    tenants, layout, fresh_database, monkeypatch, options
):
    insert(tenants, "acme", 1)
    render = sql.render

    def appears(template, **values):
        if template == "backfill/map.sql.j2":
            with fresh_database.deployer() as other:
                insert(other, None, 9)
        return render(template, **values)

    monkeypatch.setattr(sql, "render", appears)
    with pytest.raises(UnmappedRowsError, match="1 rows belong to no tenant"):
        backfill_table(tenants, "payments", SOURCE, layout, options)
    assert held(tenants) == set()


def test_audit_logs_take_the_tenant_of_their_user_else_the_systems(tenants, layout):
    tenants.execute("CREATE TABLE legacy.users (number bigint PRIMARY KEY, organisation varchar(40))")
    tenants.execute("INSERT INTO legacy.users VALUES (1, 'acme'), (2, 'O''Neil'), (3, NULL)")
    tenants.execute(
        "CREATE TABLE legacy.audit"
        " (id bigint PRIMARY KEY, user_number bigint, action varchar(20) NOT NULL, at timestamp NOT NULL)"
    )
    tenants.execute(
        "INSERT INTO legacy.audit SELECT n, nullif(n % 5, 0), 'login', '2026-01-01' FROM generate_series(1, 50) n"
    )
    source = Source(
        "legacy.audit",
        tenant_from=TenantJoin("legacy.users", {"user_number": "number"}, "organisation"),
        fallback="system",
        columns={
            "id": SQL("md5('legacy.audit ' || s.id)::uuid"),
            "actor_type": SQL("'user'"),
            "actor_id": SQL("coalesce(s.user_number::text, 'nobody')"),
            "resource_type": SQL("'session'"),
            "resource_id": SQL("'?'"),
            "created_at": SQL("s.at AT TIME ZONE 'UTC'"),
        },
        left_out=frozenset({"at"}),
    )
    found = backfill_table(tenants, "audit_logs", source, layout, Options(batch_rows=7))
    assert {each.tenant_id: each.copied for each in found.tenants} == {"acme": 10, "O'Neil": 10, "system": 30}
    again = backfill_table(tenants, "audit_logs", source, layout)
    assert {each.tenant_id: each.already_there for each in again.tenants} == {"acme": 10, "O'Neil": 10, "system": 30}
    expression = Source(
        "legacy.audit",
        SQL("CASE WHEN s.user_number = 1 THEN 'acme' END"),
        "system",
        source.columns,
        frozenset({"at", "user_number"}),
    )
    assert backfill_tenant(tenants, "acme", "audit_logs", expression, layout).already_there == 10


def test_a_composite_key_and_a_name_that_must_be_quoted(tenants, layout):
    tenants.execute('CREATE TABLE legacy."Odd; ""table""" (LIKE app.payments INCLUDING DEFAULTS)')
    tenants.execute('ALTER TABLE legacy."Odd; ""table""" ADD PRIMARY KEY (created_at, id)')
    fill(tenants)
    tenants.execute('INSERT INTO legacy."Odd; ""table""" SELECT * FROM legacy.payments')
    source = Source('legacy."Odd; ""table"""')
    assert backfill_table(tenants, "payments", source, layout, Options(batch_rows=2)).is_complete
    assert held(tenants) == held(tenants, "legacy.payments")
