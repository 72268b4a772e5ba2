"""`strata tenant`: the life of a tenant as an operator sees it, on a real database and a bucket."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from strata.archives.bucket import ArchiveBucketError
from strata.archives.errors import NotArchivedError, TenantPresentError
from strata.cli.row_progress import row_progress
from strata.cli.tenant_archive import NewIdError, NotArchivableError, NotConfirmedError, OtherTenantsArchiveError
from strata.cli.tenant_entries import add
from strata.partitions.onboard import ensure_tenant
from strata.partitions.registered import UnknownTenantError
from strata.stack_file import StackFileError, TenantEntryError, TenantFile
from tests.strata.archives.conftest import binary_rows
from tests.strata.cli.stack import ROWS, archiving_stack, emulator_url, place, stack  # noqa: F401 - fixtures among them

if TYPE_CHECKING:
    from pathlib import Path

    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.strata.cli.conftest import Run


def done(run: Run, *words: str) -> str:
    """Run a command that must end well, and return what it printed."""
    result = run(*words)
    assert result.exit_code == 0, result.exception
    return result.stdout


def as_json(run: Run, *words: str):
    return json.loads(done(run, *words, "--json"))


def test_a_tenant_is_archived_by_hand_and_comes_back(run: Run, archiving_stack: Connection) -> None:  # noqa: F811
    before = binary_rows(archiving_stack, "app.payments")
    assert "strata tenant offboard acme --remove" in done(run, "tenant", "archive", "acme", "--confirm", "acme")
    (listed,) = as_json(run, "tenant", "list", "--state", "archived")
    assert (listed["tenant_id"], listed["rows"], listed["tables"]) == ("acme", None, 4)
    shown = as_json(run, "tenant", "show", "acme")
    assert shown["differences"] == {}
    assert shown["next_step"].startswith("strata tenant restore acme brings its rows back")

    tried = done(run, "tenant", "restore", "acme", "--dry-run")
    assert f"would be brought back from {listed['archive_uri']}; nothing was done" in tried
    assert as_json(run, "tenant", "list", "--state", "archived") == [listed]
    assert f"acme is back, with {sum(ROWS.values())} rows" in done(run, "tenant", "restore", "acme")
    assert binary_rows(archiving_stack, "app.payments") == before
    assert isinstance(run("tenant", "restore", "acme").exception, NotArchivedError | TenantPresentError)


def test_a_tenant_gets_a_new_id_by_its_archive(run: Run, archiving_stack: Connection) -> None:  # noqa: F811
    archived = as_json(run, "tenant", "archive", "acme", "--confirm", "acme")
    assert archived["rows"] == ROWS
    restored = done(run, "tenant", "restore", "acme", "--as", "acme-eu")
    assert "strata tenant add acme-eu" in restored
    assert "strata tenant forget acme --confirm acme" in restored
    count = "SELECT count(*) FROM app.payments WHERE tenant_id = 'acme-eu'"
    assert archiving_stack.execute(count).fetchone() == (ROWS["payments"],)
    assert isinstance(run("tenant", "forget", "acme").exception, NotConfirmedError)
    assert "would be forgotten" in done(run, "tenant", "forget", "acme", "--dry-run")
    forgotten = as_json(run, "tenant", "forget", "acme", "--confirm", "acme")
    assert forgotten == {"tenant_id": "acme", "archive_uri": archived["archive_uri"], "forgotten": True}
    assert isinstance(run("tenant", "show", "acme").exception, UnknownTenantError)
    # The archive is still there, and it is acme's.
    wrong = run("tenant", "restore", "globex", "--from", archived["archive_uri"])
    assert isinstance(wrong.exception, OtherTenantsArchiveError)
    assert wrong.exception.next_command.endswith("--as globex")
    tried = run("tenant", "restore", "globex", "--from", archived["archive_uri"], "--as", "hooli", "--dry-run")
    assert isinstance(tried.exception, OtherTenantsArchiveError)
    assert tried.exception.next_command.endswith("--as hooli --dry-run")
    assert "acme is back" in done(run, "tenant", "restore", "acme", "--from", archived["archive_uri"])


def test_a_try_of_a_restore_refuses_what_the_restore_would(
    run: Run,
    archiving_stack: Connection,  # noqa: F811
) -> None:
    done(run, "tenant", "archive", "acme", "--confirm", "acme")
    present = run("tenant", "restore", "acme", "--as", "globex", "--dry-run")
    assert isinstance(present.exception, TenantPresentError)
    assert present.exception.tenant_id == "globex"
    archiving_stack.execute("UPDATE strata.tenant_partitions SET state = 'restoring' WHERE tenant_id = 'acme'")
    assert "tenant acme would be brought back" in done(run, "tenant", "restore", "acme", "--dry-run")


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("new_id", "what"),
    [
        ("", "the new id is empty"),
        ("Weird Id!", "the new id 'Weird Id!' is not a tenant id"),
        ("system", "the new id 'system' is reserved for rows that belong to no customer"),
        ("a" * 2000, f"the new id '{'a' * 2000}' has 2000 characters"),
    ],
)
def test_rows_get_no_id_that_no_stack_file_may_name(run: Run, new_id: str, what: str, more: tuple[str, ...]) -> None:
    """An unset variable of a shell, for one, makes an empty id: it is not the old one."""
    refused = run("tenant", "restore", "acme", "--as", new_id, *more)
    assert isinstance(refused.exception, NewIdError)
    assert refused.exception.what == what


def test_a_new_id_is_what_the_stacks_own_pattern_allows(run: Run, archiving_stack: Connection) -> None:  # noqa: F811
    done(run, "tenant", "archive", "acme", "--confirm", "acme")
    wide = ("tenant", "restore", "acme", "--as", "-Weird Id!", "--id-pattern", ".*!", "--dry-run")
    assert "tenant -Weird Id! would be brought back" in done(run, *wide)
    refused = run(*wide[:4], "acme-eu", *wide[5:])
    assert isinstance(refused.exception, NewIdError)
    assert "idPattern .*! as a whole" in (refused.exception.allowed or "")
    assert run(*wide[:6], "[", "--dry-run").exit_code == 2


def test_what_comes_next_is_about_the_database_that_was_named(
    run: Run,
    stack: Connection,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = ("--database", os.environ["STRATA_DATABASE"])
    monkeypatch.setenv("STRATA_DATABASE", "ssm:/strata/other/database")
    refused = run("tenant", "archive", "acme", *named)
    assert isinstance(refused.exception, NotConfirmedError)
    assert refused.exception.next_command == f"strata tenant archive acme --confirm acme {' '.join(named)}"
    # Whose stack file that is nobody can know, and the one that the shell is about is another.
    step = as_json(run, "tenant", "show", "acme", *named)["next_step"]
    assert "strata tenant offboard acme --on-remove archive --stack STACK, then pulumi up --stack STACK" in step
    stack.execute("UPDATE strata.tenant_partitions SET state = 'archived' WHERE tenant_id = 'acme'")
    step = as_json(run, "tenant", "show", "acme", *named)["next_step"]
    assert step.startswith(f"strata tenant restore acme {' '.join(named)} brings its rows back")
    assert f"strata tenant forget acme {' '.join(named)} frees its id" in step


def test_archiving_by_hand_is_confirmed_unless_the_tenant_is_leaving(run: Run, archiving_stack: Connection) -> None:  # noqa: F811
    refused = run("tenant", "archive", "acme")
    assert isinstance(refused.exception, NotConfirmedError)
    assert refused.exception.next_command == "strata tenant archive acme --confirm acme"
    assert isinstance(run("tenant", "archive", "acme", "--confirm", "globex").exception, NotConfirmedError)
    tried = done(run, "tenant", "archive", "acme", "--dry-run")
    assert "tenant acme would be archived to s3://" in tried
    assert as_json(run, "tenant", "show", "acme")["states"] == ["active"]
    archiving_stack.execute("UPDATE strata.tenant_partitions SET state = 'offboarding' WHERE tenant_id = 'acme'")
    assert "tenant acme is archived" in done(run, "tenant", "archive", "acme")
    again = run("tenant", "archive", "acme")
    assert isinstance(again.exception, NotArchivableError)
    assert again.exception.next_command == "strata tenant restore acme"


def test_the_reserved_tenant_is_not_archived(run: Run, stack: Connection, layout: Layout) -> None:  # noqa: F811
    ensure_tenant(stack, "system", layout)
    assert isinstance(run("tenant", "archive", "system", "--confirm", "system").exception, NotArchivableError)


def test_what_is_not_archived_is_not_restored_or_forgotten(run: Run, stack: Connection) -> None:  # noqa: F811
    assert isinstance(run("tenant", "restore", "acme").exception, NotArchivedError)
    assert isinstance(run("tenant", "forget", "acme", "--confirm", "acme").exception, NotArchivedError)
    assert isinstance(run("tenant", "restore", "nobody").exception, UnknownTenantError)
    elsewhere = run("tenant", "restore", "acme", "--from", "https://bucket/x")
    assert isinstance(elsewhere.exception, ArchiveBucketError)


def test_list_shows_everyone_and_show_what_differs(run: Run, stack: Connection) -> None:  # noqa: F811
    stack.execute("ANALYZE")
    done(run, "partitions", "refresh", "--sizes")
    lines = done(run, "tenant", "list").splitlines()
    assert [line.split()[:4] for line in lines[1:]] == [
        ["acme", "active", "4", "543"],
        ["globex", "active", "4", "543"],
    ]
    assert "next: nothing; when it leaves: strata tenant offboard acme" in done(run, "tenant", "show", "acme")
    stack.execute("CREATE INDEX extra ON partitions.payments_p_acme (amount_minor)")
    shown = done(run, "tenant", "show", "acme")
    assert "payments: index partitions.extra, INDEX USING btree (amount_minor), is not the parent's; settle:" in shown
    assert shown.endswith("next: settle each difference as it says, then pulumi up --refresh\n")


def test_a_state_that_is_none_is_usage(run: Run) -> None:
    assert run("tenant", "list", "--state", "asleep").exit_code == 2


STACK = "config:\n  aws:region: eu-central-1  # ours\n  strata:tenants:\n    - globex  # the first\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the stack file of a project that the test stands in."""
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PULUMI_OPTION_CONFIG_FILE", raising=False)
    monkeypatch.setenv("PULUMI_STACK", "dev")
    return tmp_path / "Pulumi.dev.yaml"


def test_a_tenant_comes_and_leaves_by_the_stack_file(run: Run, project: Path) -> None:
    tried = done(run, "tenant", "add", "acme", "--dry-run")
    assert "+    - acme" in tried
    assert tried.endswith("nothing was written\n")
    assert project.read_text() == STACK
    assert "next: pulumi preview" in done(run, "tenant", "add", "acme")
    assert project.read_text() == f"{STACK}    - acme\n"
    marked = done(run, "tenant", "offboard", "acme", "--on-remove", "archive")
    assert "It stays in service, with every row" in marked
    assert "strata tenant offboard acme --remove" in marked
    assert "says so already" in done(run, "tenant", "offboard", "acme", "--on-remove", "archive")
    removed = done(run, "tenant", "offboard", "acme", "--remove")
    assert "Then it archives their rows, reads the archive back" in removed
    assert project.read_text() == STACK


def test_dropping_rows_is_confirmed_and_said(run: Run, project: Path) -> None:
    refused = run("tenant", "offboard", "globex", "--on-remove", "drop")
    assert isinstance(refused.exception, NotConfirmedError)
    assert refused.exception.what == "dropping deletes every row of the tenant from the database, and makes no archive"
    assert refused.exception.next_command == ("strata tenant offboard globex --on-remove drop --confirm globex")
    assert project.read_text() == STACK
    done(run, "tenant", "offboard", "globex", "--on-remove", "drop", "--confirm", "globex")
    assert project.read_text().endswith(
        "    - id: globex  # the first\n      state: offboarding\n      onRemove: drop\n      confirm: globex\n"
    )
    removed = as_json(run, "tenant", "offboard", "globex", "--remove", "--dry-run")
    assert (removed["entry"], removed["written"]) == (None, False)
    assert (
        "Then it drops them: every row of the tenant is gone from the database for good. What an archive that was begun"
        " before has in the bucket stays there, and the run names the place.\n"
    ) in done(run, "tenant", "offboard", "globex", "--remove")
    assert "strata:tenants: []" in project.read_text()


def test_entries_that_would_be_refused_are_refused_here(run: Run, project: Path) -> None:
    assert isinstance(run("tenant", "add", "globex").exception, TenantEntryError)
    assert isinstance(run("tenant", "add", "No Such Id").exception, TenantEntryError)
    assert isinstance(run("tenant", "offboard", "globex", "--remove").exception, TenantEntryError)
    assert isinstance(run("tenant", "add", "a", "--stack", "none").exception, StackFileError)
    assert run("tenant", "offboard", "globex").exit_code == 2
    assert run("tenant", "offboard", "globex", "--remove", "--on-remove", "drop").exit_code == 2
    assert project.read_text() == STACK


def test_a_tenant_that_only_the_database_has_finds_its_way_out(
    run: Run,
    archiving_stack: Connection,  # noqa: F811
    project: Path,
) -> None:
    """One that was restored under a new id, for instance: show and offboard led to each other."""
    for words in (("--on-remove", "archive"), ("--remove",)):
        refused = run("tenant", "offboard", "acme", *words, "--stack", "dev")
        assert isinstance(refused.exception, TenantEntryError)
        assert str(refused.exception) == (
            f"the file names no such tenant (tenant acme, file {project}); allowed: a tenant that the stack file names;"
            " next: strata tenant show acme --database ssm:/strata/dev/database; where only the database has it, strata"
            " tenant archive acme --confirm acme --database ssm:/strata/dev/database archives it"
        )
    step = as_json(run, "tenant", "show", "acme")["next_step"]
    assert step.endswith(
        "; where the stack file has no entry for it: strata tenant add acme keeps it,"
        " strata tenant archive acme --confirm acme archives it"
    )
    done(run, "tenant", "archive", "acme", "--confirm", "acme")
    assert as_json(run, "tenant", "show", "acme")["states"] == ["archived"]


def test_the_file_that_is_named_is_changed(run: Run, project: Path, tmp_path: Path) -> None:
    other = tmp_path / "Pulumi.other.yaml"
    other.write_text(STACK)
    assert as_json(run, "tenant", "add", "acme", "--file", str(other))["file"] == str(other)
    assert as_json(run, "tenant", "add", "hooli", "--stack", "other")["entry"] == {
        "tenant_id": "hooli",
        "state": "active",
        "on_remove": "archive",
        "confirm": None,
    }
    assert (project.read_text(), other.read_text()) == (STACK, f"{STACK}    - acme\n    - hooli\n")


def test_what_comes_next_is_about_the_stack_that_was_named(run: Run, project: Path, tmp_path: Path) -> None:
    """Pasted into a shell, whose variables are about another stack, it reaches no tenant of that one."""
    (tmp_path / "Pulumi.other.yaml").write_text(STACK)
    of_other = ("--stack", "other")
    refused = run("tenant", "offboard", "globex", "--on-remove", "drop", *of_other)
    assert isinstance(refused.exception, NotConfirmedError)
    assert refused.exception.next_command == (
        "strata tenant offboard globex --on-remove drop --confirm globex --stack other"
    )
    active = run("tenant", "offboard", "globex", "--remove", *of_other)
    assert isinstance(active.exception, TenantEntryError)
    assert active.exception.next_command == (
        "strata tenant offboard globex --on-remove archive --stack other, then pulumi up --stack other, then this again"
    )
    assert "next: pulumi preview --stack other shows its SQL" in done(run, "tenant", "add", "acme", *of_other)
    marked = done(run, "tenant", "offboard", "acme", "--on-remove", "archive", *of_other)
    assert "next: pulumi up --stack other, then strata tenant offboard acme --remove --stack other, then" in marked
    removed = done(run, "tenant", "offboard", "acme", "--remove", *of_other)
    assert "strata tenant restore acme --database ssm:/strata/other/database brings" in removed
    assert project.read_text() == STACK


@pytest.mark.parametrize(("name", "stack_name"), [("Pulumi.other.yaml", "other"), ("copy.yaml", "STACK")])
@pytest.mark.usefixtures("project")
def test_what_comes_next_is_about_the_file_that_was_named(run: Run, tmp_path: Path, name: str, stack_name: str) -> None:
    (tmp_path / name).write_text(STACK)
    marked = done(run, "tenant", "offboard", "globex", "--on-remove", "archive", "--file", name)
    deploy = f"pulumi up --stack {stack_name} --config-file {name}"
    assert f"next: {deploy}, then strata tenant offboard globex --remove --file {name}, then {deploy}" in marked


def test_the_engine_does_not_read_the_file_of_the_exported_stack_for_another(
    run: Run, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", str(project))
    (tmp_path / "Pulumi.other.yaml").write_text(STACK)
    added = done(run, "tenant", "add", "acme", "--stack", "other")
    assert f"pulumi up --stack other --config-file {tmp_path}/Pulumi.other.yaml makes its partitions" in added


def test_an_id_that_looks_like_an_option_is_no_option_in_what_comes_next(run: Run, project: Path) -> None:
    project.write_text("config:\n  strata:partitions: {idPattern: '.+'}\n  strata:tenants: [a]\n")
    done(run, "tenant", "add", "--", "-rf")
    marked = done(run, "tenant", "offboard", "--on-remove", "drop", "--confirm=-rf", "--", "-rf")
    assert "then strata tenant offboard --remove -- -rf, then pulumi up" in marked


def test_commands_at_the_same_time_all_count(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"t{number}" for number in range(6)]
    written = TenantFile.write

    def slow(file: TenantFile) -> None:
        time.sleep(0.05)
        written(file)

    monkeypatch.setattr(TenantFile, "write", slow)
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: add(name, file=project), names))
    assert sorted(one.tenant_id for one in TenantFile.open(project).entries) == ["globex", *names]


def test_progress_tells_rows_rate_and_time_left() -> None:
    out = StringIO()
    with row_progress(
        "restoring", {"payments": 1000}, Console(file=out, force_terminal=True, width=120, color_system=None)
    ) as report:
        for rows in (0, 400, 1000, 500):
            report("payments", rows)
        report("invoices", 7)
    shown = out.getvalue()
    assert "1,000/1,000 rows" in shown
    assert "payments (comparing)" in shown
    assert "500/1,000 rows" in shown
    assert "7 rows" in shown


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with row_progress("restoring", {}) as report:
        report("payments", 5)
    assert capsys.readouterr() == ("", "")
