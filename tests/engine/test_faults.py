"""A provider, an engine or a session killed in the middle of tenants' lives: the next run converges.

What is in the middle is made so: a lock of the test's own holds the work at a place, until it is seen to wait there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from local import postgres
from local.process_table import process_table
from local.variables import process_environment
from strata.partitions.registry import find_registry_differences
from tests.engine.changes import add_tenant, remove_tenant
from tests.engine.clients import client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine.environment import EngineEnvironment

    Kill = Callable[[EngineEnvironment, subprocess.Popen[str]], None]

pytestmark = pytest.mark.engine

SECONDS = 120
#: Enough that reading them takes longer than to see that the removal has come so far.
ROWS = 50_000


def kill_provider(environment: EngineEnvironment, _up: subprocess.Popen[str]) -> None:
    """Kill the process that serves the dynamic providers; the engine is told by the broken connection."""
    plugin = f"{environment.home.bin}/pulumi-resource-pulumi-python"
    found = [one.pid for one in process_table() if one.pid == one.group and plugin in one.words[:2]]
    assert found
    for pid in found:
        os.killpg(pid, signal.SIGKILL)  # a script that waits for Python


def kill_engine(_environment: EngineEnvironment, up: subprocess.Popen[str]) -> None:
    """Kill the engine; nobody tells its plugins."""
    up.kill()


def end_sessions(environment: EngineEnvironment, _up: subprocess.Popen[str]) -> None:
    """End every session of the library from the server's side."""
    (folder,) = postgres.folders(environment.home.root)
    with postgres.connect(postgres.describe(folder), "postgres") as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strata'")


@contextmanager
def _database(environment: EngineEnvironment) -> Iterator[psycopg.Connection]:
    with psycopg.connect(process_environment(environment.home)["STRATA_DATABASE_URL"], autocommit=True) as connection:
        yield connection


def _interrupted(environment: EngineEnvironment, kill: Kill, hold: Callable[[psycopg.Connection], None]) -> None:
    """Run ``pulumi up``, and kill something once a session waits for what is held."""
    words = [str(environment.home.bin / "pulumi"), "up", "--yes", "--skip-preview", "--non-interactive"]
    with (
        _database(environment) as connection,
        _database(environment) as looking,
        subprocess.Popen(
            words,
            env=process_environment(environment.home),
            cwd=environment.home.project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as up,
        connection.transaction(force_rollback=True),
    ):
        hold(connection)
        blocked = "SELECT FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        _wait_until(lambda: looking.execute(blocked, (connection.info.backend_pid,)).fetchone() is not None)
        kill(environment, up)
        up.communicate(timeout=SECONDS)
        assert up.returncode != 0


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _check(environment: EngineEnvironment, expected: dict[str, str | None]) -> None:
    """Assert that the registry is as expected and equals the catalog, and that nothing is left to do."""
    with _database(environment) as connection:
        assert find_registry_differences(connection, "list") == ()
        query = "SELECT DISTINCT tenant_id, state FROM strata.tenant_partitions WHERE tenant_id = ANY (%s)"
        found = dict(connection.execute(query, (list(expected),)).fetchall())
    assert found == {tenant_id: state for tenant_id, state in expected.items() if state}
    environment.pulumi("preview", "--non-interactive", "--refresh", "--expect-no-changes")


@pytest.mark.parametrize("kill", [kill_provider, kill_engine, end_sessions])
def test_five_tenants_are_onboarded_whatever_is_killed(environment: EngineEnvironment, kill: Kill) -> None:
    tenant_ids = [f"{kill.__name__.replace('_', '-')}-{number}" for number in range(5)]
    for tenant_id in tenant_ids:
        environment.edit_config(add_tenant(tenant_id))

    def hold(connection: psycopg.Connection) -> None:
        """The third tenant's registration waits for one of the same name; those before it are made."""
        connection.execute(
            "INSERT INTO strata.tenant_partitions (tenant_id, table_name, partition_name) VALUES (%s, 'invoices', 'x')",
            (tenant_ids[2],),
        )

    _interrupted(environment, kill, hold)
    environment.up()
    _check(environment, dict.fromkeys(tenant_ids, "active"))


def test_a_tenant_is_dropped_though_the_provider_is_killed(environment: EngineEnvironment) -> None:
    """The detach waits for a reader of another tenant when it is struck."""
    tenant_id = "dropped"
    _arrange_leaving(environment, {"id": tenant_id, "state": "offboarding", "onRemove": "drop", "confirm": tenant_id})

    def hold(connection: psycopg.Connection) -> None:
        connection.execute("SELECT FROM app.payments WHERE tenant_id = 'globex'")

    _interrupted(environment, kill_provider, hold)
    environment.up()
    _check(environment, {tenant_id: None})


@pytest.mark.parametrize("kill", [kill_provider, kill_engine])
def test_a_tenant_is_archived_whatever_is_killed(environment: EngineEnvironment, kill: Kill) -> None:
    """The second of its tables is being read when it is struck; all its rows are in the one archive in the end."""
    tenant_id = f"archived-{kill.__name__.replace('_', '-')}"
    _arrange_leaving(environment, {"id": tenant_id, "state": "offboarding", "onRemove": "archive"})

    def hold(connection: psycopg.Connection) -> None:
        registry = (
            "SELECT FROM strata.tenant_partitions WHERE tenant_id = %s AND state = 'detached' HAVING count(*) = 4"
        )
        with _database(environment) as looking:
            _wait_until(lambda: looking.execute(registry, (tenant_id,)).fetchone() is not None)
        connection.execute(f'LOCK TABLE partitions."webhook_logs_p_{tenant_id}" IN ACCESS EXCLUSIVE MODE')

    _interrupted(environment, kill, hold)
    environment.up()
    _check(environment, {tenant_id: "archived"})
    s3, bucket = client(environment, "s3"), environment.outputs()["archive_bucket"]
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=f"tenants/{tenant_id}/")["Contents"]]
    (manifest_key,) = [key for key in keys if key.endswith("/manifest.json")]
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=manifest_key)["Body"].read())
    assert {table["table"]: table["rows"] for table in manifest["tables"]}["payments"] == ROWS
    assert {part["key"] for table in manifest["tables"] for part in table["parts"]} == {*keys} - {manifest_key}


def _arrange_leaving(environment: EngineEnvironment, entry: dict[str, str]) -> None:
    """Deploy a tenant with rows, then its state offboarding, and remove its entry without deploying that."""
    environment.edit_config(add_tenant(entry["id"]))
    environment.deploy()
    environment.psql(
        "INSERT INTO app.payments (tenant_id, amount_minor, currency, payment_method, idempotency_key)"
        f" SELECT '{entry['id']}', n, 'EUR', 'card', n::text FROM generate_series(1, {ROWS}) n"
    )
    environment.edit_config(remove_tenant(entry["id"]))
    environment.edit_config(add_tenant(entry))
    environment.deploy()
    environment.edit_config(remove_tenant(entry["id"]))
