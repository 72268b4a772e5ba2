"""`strata tenant restore`, and the way out of it, on a real database and a bucket."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from strata.archives.errors import RestoreFailedError, RestoreMismatchError
from strata.archives.restore_errors import ArchivedElsewhereError, LeafInTheWayError, NotRestoringError
from strata.partitions.errors import TenantArchivedError
from strata.partitions.onboard import ensure_tenant
from tests.strata.archives.conftest import states_of
from tests.strata.cli.stack import ROWS, archiving_stack, emulator_url, place, stack  # noqa: F401 - fixtures among them

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.strata.cli.conftest import Run


def done(run: Run, command: str) -> str:
    """Run a command as it is pasted into a shell; it must end well. Return what it printed."""
    strata, *words = shlex.split(command)
    assert strata == "strata"
    result = run(*words)
    assert result.exit_code == 0, result.exception
    return result.stdout


def hinder(connection: Connection) -> None:
    """Make every restore fail while it loads."""
    connection.execute("ALTER TABLE app.payments ADD CONSTRAINT small CHECK (amount_minor < 100) NOT VALID")


@pytest.fixture
def hindered(run: Run, archiving_stack: Connection) -> str:  # noqa: F811
    """Return the place of the archive of acme, whose restore has begun and cannot end."""
    uri = json.loads(done(run, "strata tenant archive acme --confirm acme --json"))["archive_uri"]
    hinder(archiving_stack)
    failed = run("tenant", "restore", "acme").exception
    assert isinstance(failed, RestoreFailedError)
    return str(uri)


def test_a_restore_that_cannot_end_is_given_up(
    run: Run,
    archiving_stack: Connection,  # noqa: F811
    hindered: str,
    layout: Layout,
) -> None:
    with pytest.raises(TenantArchivedError) as onboarding:
        ensure_tenant(archiving_stack, "acme", layout)
    assert onboarding.value.next_command == (
        "strata tenant restore acme, then pulumi up; or, to give the restore up, strata tenant restore acme --abandon"
    )
    tried = done(run, "strata tenant restore acme --abandon --dry-run")
    assert tried == (
        f"the restore of tenant acme from {hindered} would be given up, and dropped: payments_p_acme, invoices_p_acme,"
        " audit_logs_p_acme, webhook_logs_p_acme; nothing was done\n"
    )
    assert set(states_of(archiving_stack, "acme").values()) == {"restoring"}
    assert done(run, "strata tenant restore acme --abandon") == (
        f"the restore of tenant acme is given up; its archive is kept: {hindered}\n"
        "tenant acme is archived, as before the restore\n"
        "next: strata tenant restore acme, once what hindered it is settled; or, to begin it anew without its rows,"
        " strata tenant forget acme --confirm acme\n"
    )
    assert set(states_of(archiving_stack, "acme").values()) == {"archived"}
    assert isinstance(run("tenant", "restore", "acme", "--abandon").exception, NotRestoringError)
    archiving_stack.execute("ALTER TABLE app.payments DROP CONSTRAINT small")
    assert "acme is back" in done(run, "strata tenant restore acme")


def test_a_tenant_that_comes_back_by_another_id_goes_on_by_that(
    run: Run,
    archiving_stack: Connection,  # noqa: F811
) -> None:
    uri = json.loads(done(run, "strata tenant archive acme --confirm acme --json"))["archive_uri"]
    hinder(archiving_stack)
    failed = run("tenant", "restore", "acme", "--as", "acme-2").exception
    assert isinstance(failed, RestoreFailedError)
    again = f"strata tenant restore acme --from {uri} --as acme-2"
    abandon = "strata tenant restore acme-2 --abandon"
    assert failed.next_command == f"settle what is named, then {again}; or give the restore up: {abandon}"
    assert json.loads(done(run, f"{abandon} --json")) == {
        "tenant_id": "acme-2",
        "archive_uri": uri,
        "partitions": [f"{table}_p_acme-2" for table in ROWS],
        "archived": False,
        "abandoned": True,
    }
    run(*shlex.split(again)[1:])
    assert "the registry knows no tenant acme-2 any more" in done(run, abandon)
    run(*shlex.split(again)[1:])
    archiving_stack.execute("ALTER TABLE app.payments DROP CONSTRAINT small")
    back = done(run, "strata tenant restore acme-2")
    assert "tenant acme-2 is back" in back
    assert "acme itself stays archived" in back


def test_a_try_refuses_what_could_not_end(run: Run, archiving_stack: Connection) -> None:  # noqa: F811
    uri = json.loads(done(run, "strata tenant archive acme --confirm acme --json"))["archive_uri"]
    done(run, "strata tenant archive globex --confirm globex")
    other = run("tenant", "restore", "acme", "--from", uri, "--as", "globex", "--dry-run")
    assert isinstance(other.exception, ArchivedElsewhereError)
    archiving_stack.execute('CREATE TABLE partitions."payments_p_acme-2" ()')
    in_the_way = run("tenant", "restore", "acme", "--as", "acme-2", "--dry-run")
    assert isinstance(in_the_way.exception, LeafInTheWayError)
    archiving_stack.execute("ALTER TABLE app.payments DROP COLUMN description")
    misfit = run("tenant", "restore", "acme", "--dry-run")
    assert isinstance(misfit.exception, RestoreMismatchError)


@pytest.mark.parametrize("more", [("--as", "acme-2"), ("--from", "s3://b/c"), ("--id-pattern", ".*")])
def test_what_is_given_up_is_named_by_the_tenant_alone(run: Run, more: tuple[str, ...]) -> None:
    refused = run("tenant", "restore", "acme", "--abandon", *more)
    assert refused.exit_code == 2
    assert "name the tenant alone" in refused.output


def test_rows_that_were_only_looked_at_leave_again(
    run: Run,
    archiving_stack: Connection,  # noqa: F811
) -> None:
    """As the runbook has it: beside the tenant that is there, and gone afterwards."""
    uri = json.loads(done(run, "strata tenant archive acme --confirm acme --json"))["archive_uri"]
    done(run, "strata tenant restore acme")
    done(run, f"strata tenant restore acme --from {uri} --as acme-audit")
    count = "SELECT count(*) FROM app.payments WHERE tenant_id = 'acme-audit'"
    assert archiving_stack.execute(count).fetchone() == (ROWS["payments"],)
    left = json.loads(done(run, "strata tenant archive acme-audit --confirm acme-audit --json"))
    assert archiving_stack.execute(count).fetchone() == (0,)
    assert left["archive_uri"] != uri
    assert left["archive_uri"].split("/")[-2] == "acme-audit"
    done(run, "strata tenant forget acme-audit --confirm acme-audit")
    assert states_of(archiving_stack, "acme-audit") == {}
    assert set(states_of(archiving_stack, "acme").values()) == {"active"}
