"""What changes behind the engine's back is shown by a refresh and mended by the next up."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.engine.clients import client

if TYPE_CHECKING:
    from tests.engine.environment import EngineEnvironment

pytestmark = pytest.mark.engine


def test_a_deleted_resource_is_made_again(environment: EngineEnvironment) -> None:
    """The connection parameter is gone from the account; the refresh sees it, and up writes it again."""
    parameters = client(environment, "ssm")
    before = parameters.get_parameter(Name="/strata/local/database")["Parameter"]["Value"]
    parameters.delete_parameter(Name="/strata/local/database")
    assert "connection-parameter" in environment.preview("--refresh")
    environment.deploy("--refresh")
    assert parameters.get_parameter(Name="/strata/local/database")["Parameter"]["Value"] == before
    environment.preview("--refresh", "--expect-no-changes")


def test_a_changed_resource_is_put_back(environment: EngineEnvironment) -> None:
    """Somebody opened the log bucket's public access block; up closes it again."""
    bucket = environment.outputs()["access_log_bucket"]
    buckets = client(environment, "s3")
    open_to_all = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
    )
    buckets.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=open_to_all)
    environment.deploy("--refresh")
    block = buckets.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())


def test_a_detached_leaf_is_attached_again(environment: EngineEnvironment) -> None:
    """The refresh names the table that drifted; the rows are there all the time."""
    environment.psql(
        "INSERT INTO app.payments (tenant_id, amount_minor, currency, payment_method, idempotency_key)"
        " VALUES ('globex', 100, 'EUR', 'card', 'drift')"
    )
    environment.psql("ALTER TABLE app.payments DETACH PARTITION partitions.payments_p_globex")
    preview = environment.preview("--refresh", "--diff")
    assert "tenant-globex" in preview
    assert "drifted" in preview
    environment.deploy("--refresh")
    found = environment.psql(
        "SELECT count(*) FROM app.payments WHERE tenant_id = 'globex' AND idempotency_key = 'drift'"
    )
    assert found == "1"
    environment.preview("--refresh", "--expect-no-changes")


def test_an_extra_index_is_shown_and_not_touched(environment: EngineEnvironment) -> None:
    """What Strata did not make it does not remove: the message lists the difference and how to settle it."""
    environment.psql("CREATE INDEX somebodys ON partitions.invoices_p_initech (created_at)")
    preview = environment.preview("--refresh", "--diff")
    assert "somebodys" in preview
    refused = environment.deploy("--refresh", check=False)
    assert refused.code != 0
    assert "somebodys" in refused
    assert "Traceback" not in refused
    environment.psql("DROP INDEX partitions.somebodys")
    environment.deploy("--refresh")
    environment.preview("--refresh", "--expect-no-changes")


def test_killed_processes_are_healed_and_no_row_is_lost(environment: EngineEnvironment) -> None:
    """Every process dies at once; up brings all back, with the rows, and makes again what the emulator forgot."""
    environment.psql(
        "INSERT INTO app.invoices (tenant_id, subtotal_minor, total_minor, currency, number, idempotency_key,"
        " customer_reference) VALUES ('globex', 100, 100, 'EUR', '1', 'heal', 'c')"
    )
    address = environment.psql("SHOW port")
    for pid in environment.running().values():
        os.kill(pid, signal.SIGKILL)
    environment.up()
    assert environment.psql("SHOW port") == address
    assert environment.psql("SELECT count(*) FROM app.invoices WHERE idempotency_key = 'heal'") == "1"
    assert client(environment, "s3").head_bucket(Bucket=environment.outputs()["access_log_bucket"])
    environment.preview("--refresh", "--expect-no-changes")


def test_down_keeps_the_data(environment: EngineEnvironment) -> None:
    """A stopped environment has no process left; the next up changes nothing."""
    environment.psql(
        "INSERT INTO app.audit_logs (tenant_id, actor_type, actor_id, action, resource_type, resource_id)"
        " VALUES ('globex', 'user', 'a', 'kept', 't', 'i')"
    )
    environment.command("down")
    assert environment.running() == {}
    assert "unchanged" in environment.up()
    assert environment.psql("SELECT count(*) FROM app.audit_logs WHERE action = 'kept'") == "1"
