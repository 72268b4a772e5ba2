"""What becomes of tenants and of the schema, from the steps of their resources."""

from __future__ import annotations

from typing import Any

import pytest

from strata.engine_contract import SCHEMA_TYPE, TENANT_TYPE
from strata.preview_report.changes import changes
from strata.preview_report.reading import read_events
from strata.preview_report.statements import TenantSql
from strata.preview_report.tenants import (
    Fate,
    Migration,
    TenantChange,
    pending_migrations,
    sql_patterns,
    tenant_changes,
)
from tests.strata.preview_report import streams

SQL = {"payments": ['CREATE TABLE partitions."payments_p_acme"', "    (LIKE app.payments);"]}


def properties(state: str = "active", on_remove: str = "archive", **more: Any) -> dict[str, Any]:
    return {"tenant_id": "acme", "state": state, "on_remove": on_remove, "statements": SQL, **more}


def found(operation: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> tuple[TenantChange, ...]:
    lines = [streams.step(operation, "tenant-acme", TENANT_TYPE, old=old, new=new), streams.same()]
    return tenant_changes(changes(read_events(lines).steps))


@pytest.mark.parametrize(
    ("operation", "old", "new", "fate"),
    [
        ("create", None, properties(), "onboarded"),
        ("update", properties(), properties("offboarding"), "offboarding"),
        ("update", properties("offboarding"), properties(), "kept"),
        ("update", properties(), properties(statements={}), "altered"),
        ("update", properties("offboarding"), properties("offboarding", "drop"), "offboarding"),
        ("delete", properties("offboarding"), None, "archived"),
        ("delete", properties("offboarding", "drop"), None, "dropped"),
        ("delete", properties(), None, "removed"),
        ("replace", properties(), properties(), "replaced"),
    ],
)
def test_fates(operation: str, old: dict[str, Any] | None, new: dict[str, Any] | None, fate: Fate) -> None:
    (tenant,) = found(operation, old, new)
    assert (tenant.tenant, tenant.fate) == ("acme", fate)
    assert bool(tenant.sql) == (fate in ("onboarded", "altered"))


def test_an_altered_tenant_is_told_by_what_differs() -> None:
    other = {"payments": [*SQL["payments"], "SELECT 'acme';"], "invoices": ["SELECT 1;"]}
    (tenant,) = found("update", properties(), properties(statements={**other, "audit_logs": []}))
    assert tenant.sql is not None
    assert set(tenant.sql.by_table) == {"payments", "invoices"}
    assert tenant.sql.by_table["payments"].endswith("\n+SELECT 'acme';")
    assert tenant.sql.by_table["invoices"] == "@@ -0,0 +1 @@\n+SELECT 1;"


def test_tenants_that_stay_are_not_told() -> None:
    assert found("same", properties(), properties()) == ()


def test_the_sql_is_what_the_resource_holds() -> None:
    (tenant,) = found("create", None, properties())
    text = 'CREATE TABLE partitions."payments_p_acme"\n    (LIKE app.payments);'
    assert tenant.sql == TenantSql("acme", "acme", {"payments": text})
    (pattern,) = sql_patterns([tenant], "onboarded")
    assert pattern.tenants == ("acme",)
    assert sql_patterns([tenant], "altered") == ()


@pytest.mark.parametrize("statements", [None, 3, [], {}, {"payments": None}, {"payments": "SELECT 1;"}])
def test_statements_of_another_shape_do_no_harm(statements: object) -> None:
    (tenant,) = found("create", None, properties(statements=statements))
    assert tenant.fate == "onboarded"


def migrations(operation: str, applied: dict[str, Any] | None, wanted: dict[str, Any]) -> tuple[Migration, ...]:
    old = None if applied is None else {"migrations": applied}
    line = streams.step(operation, "schema-migrations", SCHEMA_TYPE, old=old, new={"migrations": wanted})
    return pending_migrations(changes(read_events([line]).steps))


def test_pending_migrations_are_those_that_are_not_applied() -> None:
    first, second = {"0001_a": ["SELECT 1;"]}, {"0002_b": ["SELECT", "2;"]}
    assert migrations("update", first, {**second, **first}) == (Migration("0002_b", "SELECT\n2;"),)
    assert [one.key for one in migrations("create", None, {**second, **first})] == ["0001_a", "0002_b"]
    assert migrations("same", first, first) == ()
