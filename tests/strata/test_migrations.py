import dataclasses
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from strata import migrations, sql
from strata.database import connect_as_deployer
from strata.migrations import (
    EditedMigrationError,
    Migration,
    MigrationFailedError,
    MigrationFileError,
    OtherLayoutError,
    apply,
    load,
    read_applied,
    verify,
)

SUICIDE = "SELECT pg_terminate_backend(pg_backend_pid());"


def _edited(migration, **changes):
    return dataclasses.replace(migration, **changes)


@pytest.fixture
def templates(tmp_path, monkeypatch):
    """Return an empty folder of templates with what every migration's transaction begins with."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("_begin.sql.j2", "_record.sql.j2"):
        (folder / name).write_text((sql.TEMPLATES / "migrations" / name).read_text())
    monkeypatch.setattr(sql, "TEMPLATES", tmp_path)
    sql.environment.cache_clear()
    yield folder
    sql.environment.cache_clear()


def test_migrations_are_loaded_in_order(layout):
    loaded = load(layout)
    assert [migration.number for migration in loaded] == list(range(1, len(loaded) + 1))
    assert loaded[0].key == "0001_schemas"


def test_loading_twice_gives_the_same_checksums(layout):
    assert load(layout) == load(layout)


def test_the_layout_is_part_of_what_is_applied():
    one, other = load("list"), load("bucketed")
    assert {
        migration.name for migration, its in zip(one, other, strict=True) if migration.checksum != its.checksum
    } == {
        "payments",
        "invoices",
        "audit_logs",
        "webhook_logs",
        "create_tenant_partition",
        "tenant_partition_functions",
        "no_old_snapshot",
    }


@pytest.mark.parametrize("names", [["0002_b"], ["0001_a", "0003_c"], ["0001_a", "0001_b"], ["0001_A"], ["1_a"]])
def test_a_gap_a_duplicate_or_a_stray_file_is_refused(templates, names):
    for name in names:
        (templates / f"{name}.sql.j2").write_text("SELECT 1;")
    with pytest.raises(MigrationFileError) as refusal:
        load("list")
    number = len(names)
    assert str(refusal.value) == (
        f"not the next migration (file sql_templates/migrations/{names[-1]}.sql.j2); "
        f"allowed: {number:04}_name.sql.j2 at this place, in lower case"
    )


def test_comments_and_white_space_may_change(templates):
    file = templates / "0001_a.sql.j2"
    file.write_text("SELECT 1;")
    (before,) = load("list")
    sql.environment.cache_clear()
    file.write_text("{# Locks: none. #}\n-- one\nSELECT\n  1 ;\n")
    (after,) = load("list")
    assert after.checksum == before.checksum


def test_each_is_applied_once_and_recorded(migrated, layout):
    wanted = load(layout)
    applied = read_applied(migrated)
    assert [(record.key, record.checksum) for record in applied] == [(each.key, each.checksum) for each in wanted]
    assert apply(migrated, wanted) == applied
    assert verify(applied, wanted) == ()


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_only_what_is_new_is_pending(migrated, layout):
    wanted = load(layout)
    new = Migration(len(wanted) + 1, "new", "CREATE TABLE app.new ();", "checksum")
    assert verify(read_applied(migrated), (*wanted, new)) == (new,)
    assert apply(migrated, (*wanted, new))[-1].key == new.key
    assert migrated.execute("SELECT to_regclass('app.new') IS NOT NULL").fetchone() == (True,)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda wanted: (_edited(wanted[0], checksum="other"), *wanted[1:]), "was edited"),
        (lambda wanted: (_edited(wanted[0], name="other"), *wanted[1:]), "is now named other"),
        (lambda wanted: wanted[1:], "has vanished"),
    ],
)
@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_an_applied_migration_is_never_edited(migrated, layout, change, what):
    wanted = change(load(layout))
    with pytest.raises(EditedMigrationError) as refusal:
        apply(migrated, wanted)
    assert str(refusal.value) == (
        f"applied migration {what} (migration 0001_schemas); "
        "allowed: the file as it was applied; comments and white space may change; "
        "next: restore the file, and add a new one with the next number for the change"
    )


def test_the_other_layout_is_refused_for_itself(migrated, layout):
    """As it is met where the state is lost, or the database is an existing one; no file was edited."""
    other = "bucketed" if layout == "list" else "list"
    with pytest.raises(OtherLayoutError) as refusal:
        apply(migrated, load(other))
    assert str(refusal.value) == (
        f"the database has the layout {layout}, and {other} was asked for (migration 0003_payments); "
        f"allowed: strata:partitions.layout {layout}: a layout is chosen before the first deployment; "
        "next: set it back, or deploy a stack with a database of its own"
    )


def test_a_migration_that_fails_leaves_nothing_and_keeps_those_before_it(connection):
    good = Migration(1, "good", "CREATE SCHEMA app;", "a")
    bad = Migration(2, "bad", "CREATE TABLE app.half (); SELECT 1/0;", "b")
    with pytest.raises(MigrationFailedError) as failure:
        apply(connection, (good, bad))
    assert str(failure.value) == (
        "the migration failed: 22012: division by zero (migration 0002_bad); "
        "next: pulumi up (applied migrations are not run again)"
    )
    assert [record.key for record in read_applied(connection)] == [good.key]
    assert connection.execute("SELECT to_regclass('app.half')").fetchone() == (None,)


def test_a_database_without_migrations_has_none(connection):
    assert read_applied(connection) == []


def test_two_at_once_apply_each_once(reference):
    wanted = load("list")

    def work():
        with connect_as_deployer(reference) as connection:
            return apply(connection, wanted)

    with ThreadPoolExecutor() as pool:
        results = [future.result() for future in [pool.submit(work) for _ in range(4)]]
    assert all(result == results[0] for result in results)
    assert len(results[0]) == len(wanted)


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_a_lock_that_does_not_end_is_reported_and_leaves_nothing(migrated, layout, fresh_database):
    wanted = load(layout)
    new = Migration(len(wanted) + 1, "new", "ALTER TABLE app.payments ADD COLUMN new text;", "checksum")
    with fresh_database.deployer() as reader, reader.transaction():
        reader.execute("SELECT FROM app.payments")
        with pytest.raises(MigrationFailedError, match="55P03"):
            apply(migrated, (*wanted, new), budget_seconds=0.1)
    assert apply(migrated, (*wanted, new))[-1].key == new.key


@pytest.mark.parametrize("layout", ["list"], indirect=True)
def test_no_migration_runs_while_a_detach_is_pending(migrated, layout, fresh_database):
    migrated.execute("SELECT strata.create_tenant_partition('payments', 'acme')")
    with fresh_database.deployer() as reader, reader.transaction():
        reader.execute("SELECT FROM app.payments WHERE tenant_id = 'acme'")
        migrated.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrated.execute("ALTER TABLE app.payments DETACH PARTITION partitions.payments_p_acme CONCURRENTLY")
    wanted = load(layout)
    new = Migration(len(wanted) + 1, "new", "SELECT 1;", "checksum")
    with pytest.raises(MigrationFailedError, match="a partition is half detached"):
        apply(migrated, (*wanted, new))


def test_a_migration_is_in_the_database_or_not_when_the_connection_dies(connection, fresh_database):
    killing = Migration(1, "killing", f"CREATE SCHEMA app; SET ROLE strata_deployer; {SUICIDE}", "a")
    with pytest.raises(MigrationFailedError, match="57P01"):
        apply(connection, (killing,))
    with fresh_database.deployer() as other:
        assert migrations.read_applied(other) == []
        assert other.execute("SELECT to_regnamespace('app')").fetchone() == (None,)
