"""`strata environment rollout` on the real engine: forty tenants, killed in the middle, gone on with, and complete."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from typing import TYPE_CHECKING

import psycopg
import pytest

from local.process_table import process_table
from local.variables import process_environment
from strata.engine_contract import TENANT_TYPE
from strata.partitions.registry import find_registry_differences
from strata.partitions.tables import PARTITIONED_TABLES
from tests.engine.changes import add_tenant
from tests.engine.test_faults import kill_provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.environment import EngineEnvironment

    Kill = Callable[[EngineEnvironment, subprocess.Popen[str]], None]

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]  # nine runs of the engine, on a busy machine

TENANTS = 40
SECONDS = 120


def kill_engine(_environment: EngineEnvironment, command: subprocess.Popen[str]) -> None:
    """Kill the engine that the command has started; nobody tells its plugins, and its lock stays."""
    (engine,) = [one.pid for one in process_table() if one.parent == command.pid and "up" in one.words]
    os.kill(engine, signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_engine, kill_provider])
def test_a_rollout_that_was_killed_is_gone_on_with(environment: EngineEnvironment, kill: Kill) -> None:
    tenant_ids = [f"{kill.__name__.replace('_', '-')}-{number:02}" for number in range(TENANTS)]
    for tenant_id in tenant_ids:
        environment.edit_config(add_tenant(tenant_id))

    killed = _killed_in_the_middle(environment, kill, tenant_ids[TENANTS // 2])

    assert "run this again: tenants that are there are found and kept" in killed
    if kill is kill_engine:
        assert "the engine was ended by SIGKILL after" in killed
        refused = environment.strata("environment", "rollout", check=False)
        assert refused.code == 1
        assert "error: another update has the stack" in refused
        assert "pulumi cancel --stack local, then this again" in refused
        environment.pulumi("cancel", "--yes")
    done = environment.strata("environment", "rollout", "--json").output
    report = json.loads(done[done.index("{\n") :])
    assert (report["rolled_out"], report["differences"]) == (True, [])
    # The state of a killed provider's run has what was done before; that of a killed engine's has nothing.
    assert {*report["tenant_ids"]} <= {*tenant_ids}
    assert kill is kill_provider or report["tenant_ids"] == tenant_ids
    _check_complete(environment, tenant_ids)


def test_only_tenants_are_rolled_out(environment: EngineEnvironment) -> None:
    """A tenant that is marked as leaving is a change beside the new one; nothing is made."""
    before = environment.home.stack_file.read_text()
    environment.edit_config(add_tenant("beside-another-change"))
    environment.edit_config(_offboarding("globex"))

    refused = environment.strata("environment", "rollout", check=False)

    environment.home.stack_file.write_text(before)
    assert refused.code == 1
    assert "error: the change is more than new tenants: 1 to update (tenant-globex)" in refused
    assert "next: take the new tenants out, pulumi up, put them back, and run this again" in refused
    known = "SELECT count(*) FROM strata.tenant_partitions WHERE tenant_id = 'beside-another-change'"
    assert environment.psql(known) == "0"


def _offboarding(tenant_id: str) -> Callable[[dict], None]:
    def change(config: dict) -> None:
        leaving = {"id": tenant_id, "state": "offboarding"}
        config["strata:tenants"] = [leaving if one == tenant_id else one for one in config["strata:tenants"]]

    return change


def _killed_in_the_middle(environment: EngineEnvironment, kill: Kill, held_tenant: str) -> str:
    """Run the command, kill something while a tenant in the middle waits, and return what the command said."""
    url = process_environment(environment.home)["STRATA_DATABASE_URL"]
    words = [str(environment.home.bin / "strata"), "environment", "rollout"]
    with (
        psycopg.connect(url, autocommit=True) as connection,
        psycopg.connect(url, autocommit=True) as looking,
        subprocess.Popen(
            words,
            env=process_environment(environment.home),
            cwd=environment.home.project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as command,
        connection.transaction(force_rollback=True),
    ):
        # Its registration waits for another of the same name, and those behind it for the lock of onboarding.
        connection.execute(
            "INSERT INTO strata.tenant_partitions (tenant_id, table_name, partition_name) VALUES (%s, 'invoices', 'x')",
            (held_tenant,),
        )
        blocked = "SELECT FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        deadline = time.monotonic() + SECONDS
        while looking.execute(blocked, (connection.info.backend_pid,)).fetchone() is None:
            assert time.monotonic() < deadline
            assert command.poll() is None, command.communicate()
            time.sleep(0.02)
        kill(environment, command)
        said = str(command.communicate(timeout=SECONDS)[0])
    assert command.returncode == 1
    return said


def _check_complete(environment: EngineEnvironment, tenant_ids: list[str]) -> None:
    """Assert that each tenant is there once: in the state, in the registry and in the catalog, and nothing else is."""
    once = dict.fromkeys(tenant_ids, 1)
    resources = environment.export()["deployment"]["resources"]
    recorded = Counter(one["outputs"]["tenant_id"] for one in resources if one["type"] == TENANT_TYPE)
    assert {tenant_id: recorded[tenant_id] for tenant_id in tenant_ids} == once
    url = process_environment(environment.home)["STRATA_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        assert find_registry_differences(connection, "list") == ()
        registered = connection.execute(
            "SELECT tenant_id, count(*), count(DISTINCT table_name) FROM strata.tenant_partitions"
            " WHERE tenant_id = ANY (%s) AND state = 'active' GROUP BY 1",
            (tenant_ids,),
        ).fetchall()
        leaves = connection.execute(
            "SELECT count(*) FROM pg_class JOIN pg_inherits ON inhrelid = oid"
            " WHERE relnamespace = 'partitions'::regnamespace AND relkind = 'r'"
        ).fetchone()
        tables = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'partitions'::regnamespace AND relkind = 'r'"
        ).fetchone()
    each = len(PARTITIONED_TABLES)
    assert sorted(registered) == [(tenant_id, each, each) for tenant_id in sorted(tenant_ids)]
    assert leaves == tables == (each * recorded.total(),)
