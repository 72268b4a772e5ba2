"""`strata environment rollout` beside an engine that only prints events; the real one is in tests/engine."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from typing import TYPE_CHECKING

import pytest

from strata.cli import environment_rollout
from strata.cli.environment_rollout import NoStackError, RolloutDiffersError
from strata.engine_contract import TENANT_TYPE
from strata.reference import resolve
from tests.strata.cli.stack import stack  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from strata.database import Connection
    from tests.strata.cli.conftest import Run

NEW = {
    "op": "create",
    "type": TENANT_TYPE,
    "urn": f"urn:pulumi:dev::strata::{TENANT_TYPE}::tenant-acme",
    "new": {"inputs": {"tenant_id": "acme"}},
}
#: A preview before the update knows of the tenant, one after it of nothing.
FAKE = f"""#!{sys.executable}
import json, pathlib, sys
done, new = pathlib.Path(__file__).with_name("done"), {NEW}
if sys.argv[1] == "up":
    done.touch()
    print(json.dumps({{"resOutputsEvent": {{"metadata": new}}}}))
elif not done.exists():
    print(json.dumps({{"resourcePreEvent": {{"metadata": new}}}}))
"""


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Put the engine on the PATH, and return a function that says whether it has deployed."""
    (tmp_path / "pulumi").write_text(FAKE)
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    return (tmp_path / "done").exists


@pytest.fixture
def of_stack(stack: Connection, monkeypatch: pytest.MonkeyPatch) -> Connection:  # noqa: F811 - the fixture
    """Let the parameter of stack dev lead to the database, and no other name."""

    def resolved(reference: str) -> object:
        assert reference == "ssm:/strata/dev/database"
        return resolve("env:STACK_DATABASE")

    monkeypatch.setattr("strata.cli.stack_database.resolve", resolved)
    return stack


def test_a_dry_run_says_how_many_and_deploys_nothing(run: Run, deployed: Callable[[], bool]) -> None:
    done = run("environment", "rollout", "--stack", "dev", "--dry-run")
    assert done.stdout == "1 new tenants would be made in stack dev, and nothing else; nothing was done\n"
    document = json.loads(run("environment", "rollout", "--stack", "dev", "--dry-run", "--json").stdout)
    assert document == {"stack": "dev", "tenant_ids": ["acme"], "rolled_out": False}
    assert not deployed()


def test_a_rollout_deploys_compares_and_says_what_to_do_when_killed(
    run: Run, deployed: Callable[[], bool], of_stack: Connection
) -> None:
    done = run("environment", "rollout", "--stack", "dev")
    assert deployed()
    assert done.exit_code == 0
    assert done.stdout.startswith("stack dev: 1 tenants made in 0 s, ")
    assert done.stdout.endswith("/s; the state knows them all, and registry, catalog and partitions agree\n")
    assert "if this is killed: pulumi cancel, then the same again; what is there is found and kept" in done.stderr
    again = run("environment", "rollout", "--stack", "dev")
    assert again.stdout.startswith("stack dev: no tenant is new; the state knows them all")
    assert "killed" not in again.stderr


def test_a_difference_in_the_database_is_an_error(run: Run, deployed: Callable[[], bool], of_stack: Connection) -> None:
    of_stack.execute("DROP TABLE partitions.invoices_p_acme")
    done = run("environment", "rollout", "--stack", "dev", "--json")
    assert isinstance(done.exception, RolloutDiffersError)
    document = json.loads(done.stdout)
    assert (document["rolled_out"], document["tenant_ids"]) == (True, ["acme"])
    assert [one["partition"] for one in document["differences"]] == ["invoices_p_acme"]
    assert (
        "invoices_p_acme (tenant acme, active): there is no such partition"
        in run("environment", "rollout", "--stack", "dev").stdout
    )
    assert deployed()


def test_no_stack_is_no_guess(run: Run, deployed: Callable[[], bool]) -> None:
    assert isinstance(run("environment", "rollout").exception, NoStackError)
    assert not deployed()


def test_where_nobody_sees_a_bar_a_line_is_said_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment_rollout, "_LINE_SECONDS", 0.0)
    with environment_rollout._tenant_progress(1_000) as report:
        for done in (1, 200, 500):
            report(done)
            time.sleep(0.05)
    said = capsys.readouterr()
    assert said.out == ""
    first, _, last = said.err.splitlines()
    assert first == "1 of 1,000 tenants"  # one moment is no rate
    assert re.fullmatch(r"500 of 1,000 tenants, [\d,]+\.\d/s, \d+ s left", last)
