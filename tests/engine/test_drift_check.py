"""`strata drift detect` with the real engine: with the database within reach, and without."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from strata.drift.scope import DEPLOYERS_OWN, INSIDE_DATABASE, SECRET_VALUES
from tests.engine.clients import client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.environment import EngineEnvironment

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]  # five runs of the engine, on a busy machine

INSIDE = (
    "postgresql:",
    *(f"pulumi-python:dynamic/strata:{name}" for name in ("DatabaseLogins", "SchemaMigrations", "TenantPartitions")),
)


def found(environment: EngineEnvironment, *options: str, output: Path) -> dict[str, Any]:
    environment.strata("drift", "detect", "--stack", "local", "--output", str(output), *options)
    return dict(json.loads(output.read_text()))


def drifted(finding: dict[str, Any]) -> dict[str, str]:
    return {one["urn"].rpartition("::")[2]: one["kind"] for one in finding["drifted"]}


@contextmanager
def no_login(environment: EngineEnvironment, role: str) -> Iterator[None]:
    """Have the server refuse a role, so that whatever looks into the database fails."""
    (data,) = environment.home.postgres.glob("*/data")
    rules = data / "pg_hba.conf"
    before = rules.read_text()
    first = next(line for line in before.splitlines() if line.startswith(("local", "host")))
    postmaster = int((data / "postmaster.pid").read_text().split()[0])
    try:
        rules.write_text(before.replace(first, f"host all {role} 0.0.0.0/0 reject\n{first}", 1))
        os.kill(postmaster, signal.SIGHUP)
        yield
    finally:
        rules.write_text(before)
        os.kill(postmaster, signal.SIGHUP)


def test_what_changed_is_found_and_what_was_not_looked_at_is_said(
    environment: EngineEnvironment, tmp_path: Path
) -> None:
    """A bucket was opened and a leaf detached; who cannot reach the database finds one, and names the rest."""
    state = environment.export()
    clean = found(environment, "--with-database", "--fail-on", "drift", output=tmp_path / "clean.json")
    assert (clean["drifted"], clean["errors"], clean["unchecked"]) == ([], [], [])
    assert {one["reason"] for one in clean["left_out"]} == {DEPLOYERS_OWN.reason, SECRET_VALUES.reason}
    bucket = environment.outputs()["access_log_bucket"]
    open_to_all = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
    )
    client(environment, "s3").put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=open_to_all)
    environment.psql("ALTER TABLE app.payments DETACH PARTITION partitions.payments_p_globex")
    with no_login(environment, "strata_readonly"):
        refused = environment.strata("drift", "detect", "--stack", "local", "--with-database", check=False)
        outside = found(environment, output=tmp_path / "outside.json")
    inside = found(environment, "--with-database", output=tmp_path / "inside.json")
    assert refused.code == 1
    assert "the check for drift is not complete" in refused
    assert drifted(outside) == {"access-logs-public-access": "changed"}
    assert drifted(inside) == {"access-logs-public-access": "changed", "tenant-globex": "changed"}
    assert outside["errors"] == outside["unchecked"] == []
    assert left_out(outside, INSIDE_DATABASE.reason) == _inside_database(state)
    assert environment.export() == state, "a check changes nothing"


def left_out(finding: dict[str, Any], reason: str) -> set[str]:
    return {urn for one in finding["left_out"] if one["reason"] == reason for urn in one["urns"]}


def _inside_database(state: dict[str, Any]) -> set[str]:
    resources = state["deployment"]["resources"]
    return {str(one["urn"]) for one in resources if str(one["type"]).startswith(INSIDE)}
