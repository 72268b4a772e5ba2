"""check of the schema's resource: pending migrations are inputs, applied ones stay as they are."""

from typing import Any

import pytest

from infra.providers.schema_migrations import SchemaMigrationsProvider

APPLIED = {"0001_first": ["CREATE TABLE a (b int);"], "0002_second": ["CREATE TABLE c (d int);"]}
DEPLOYED: dict[str, Any] = {"connection": "ssm:/strata/dev/database", "layout": "list", "migrations": APPLIED}


def _check(migrations: dict[str, list[str]]) -> tuple[dict[str, list[str]], list[str]]:
    result = SchemaMigrationsProvider().check(DEPLOYED, {**DEPLOYED, "migrations": migrations})
    return result.inputs["migrations"], [failure.reason for failure in result.failures]


def test_a_new_migration_is_pending() -> None:
    """The preview shows it as an added key with its lines."""
    wanted = {**APPLIED, "0003_third": ["ALTER TABLE a ADD e int;"]}
    assert _check(wanted) == (wanted, [])


def test_a_reworded_migration_keeps_its_text() -> None:
    """Comments and white space are not changes."""
    reworded = {**APPLIED, "0001_first": ["-- the first", "CREATE TABLE a", "(b int);"]}
    assert _check(reworded) == (APPLIED, [])


@pytest.mark.parametrize(
    ("migrations", "what"),
    [
        ({**APPLIED, "0001_first": ["CREATE TABLE a (b bigint);"]}, "was edited"),
        ({"0002_second": APPLIED["0002_second"]}, "was removed"),
    ],
)
def test_an_applied_migration_is_not_touched(migrations: dict[str, list[str]], what: str) -> None:
    """The preview fails and says to add a new one."""
    _, reasons = _check(migrations)
    assert reasons == [
        (
            f"migration 0001_first is applied and {what} (sql_templates/migrations/0001_first.sql.j2); "
            "allowed: add a new one; next: git checkout -- the file, and put the change into the next number"
        )
    ]


def test_another_layout_is_refused_for_itself_alone() -> None:
    """Of another layout every migration has another text; that nobody edited a file must not be blurred."""
    bucketed = {"connection": DEPLOYED["connection"], "layout": "bucketed", "migrations": {"0001_first": ["other"]}}
    failures = SchemaMigrationsProvider().check(DEPLOYED, bucketed).failures
    assert [failure.reason.split(" since ")[0] for failure in failures] == ["layout is 'list'"]
