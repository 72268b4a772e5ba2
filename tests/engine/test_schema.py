"""Migrations through the real engine, on a copy of the project whose templates a test may edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engine.environment import EngineEnvironment

pytestmark = pytest.mark.engine


def test_the_applied_schema_is_recorded(environment_of_a_copy: EngineEnvironment) -> None:
    """Four partitioned parents, and a record of each migration."""
    environment = environment_of_a_copy
    parents = environment.psql("SELECT relname FROM pg_class WHERE relkind = 'p' ORDER BY 1")
    assert parents.split() == ["audit_logs", "invoices", "payments", "webhook_logs"]
    files = list((environment.home.project / "sql_templates" / "migrations").glob("[0-9]*.sql.j2"))
    assert environment.psql("SELECT count(*) FROM strata.migrations") == str(len(files))


def test_editing_an_applied_migration_fails_the_preview(environment_of_a_copy: EngineEnvironment) -> None:
    """In a few lines that say what to do; a changed comment is no edit."""
    environment = environment_of_a_copy
    path = environment.home.project / "sql_templates" / "migrations" / "0003_payments.sql.j2"
    text = path.read_text()
    try:
        path.write_text(text + "\n-- a remark\n")
        environment.preview("--expect-no-changes")
        path.write_text(text.replace("customer_reference text,", "customer_reference text, notes text,"))
        preview = environment.preview(check=False)
    finally:
        path.write_text(text)
    assert preview.code != 0
    assert "migration 0003_payments is applied and was edited" in preview
    assert "allowed: add a new one" in preview
    assert "CREATE TABLE" not in preview
    assert "Traceback" not in preview


def test_a_new_migration_is_pending_in_the_preview_and_applied_once(environment_of_a_copy: EngineEnvironment) -> None:
    """Its SQL shows line by line; the column appears in every partition."""
    environment = environment_of_a_copy
    folder = environment.home.project / "sql_templates" / "migrations"
    number = len(list(folder.glob("[0-9]*.sql.j2"))) + 1
    (folder / f"{number:04}_payment_notes.sql.j2").write_text(
        "-- Locks: ACCESS EXCLUSIVE on app.payments and its partitions, for as long as the catalog takes.\n"
        "ALTER TABLE app.payments ADD COLUMN notes text;\n"
    )
    preview = environment.preview("--diff")
    assert "ALTER TABLE app.payments ADD COLUMN notes text;" in preview
    environment.deploy()
    environment.preview("--expect-no-changes")
    assert environment.psql("SELECT count(*) FROM pg_attribute WHERE attname = 'notes'") == "4"
    environment.preview("--refresh", "--expect-no-changes")
