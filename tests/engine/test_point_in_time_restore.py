"""A database that goes back in time, step by step as docs/runbooks/point-in-time-restore.md says.

What RDS does is done here by hand: an instance gets another identifier, and an older copy of it takes its place with a
resource id and a master secret of its own.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local import postgres
from tests.engine.changes import add_tenant

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.environment import EngineEnvironment

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]  # six runs of the engine, on a busy machine

IDENTIFIER = "strata-local"


def insert_payment(environment: EngineEnvironment, tenant_id: str, key: str) -> None:
    environment.psql(
        "INSERT INTO app.payments (tenant_id, amount_minor, currency, payment_method, idempotency_key)"
        f" VALUES ('{tenant_id}', 100, 'EUR', 'card', '{key}')"
    )


def payments(environment: EngineEnvironment) -> list[str]:
    return environment.psql("SELECT tenant_id || ' ' || idempotency_key FROM app.payments ORDER BY 1").splitlines()


def copy_of_now(folder: Path, target: Path) -> None:
    """Keep what the instance is now: the moment that is gone back to."""
    postgres.stop(folder)
    shutil.copytree(folder, target, symlinks=True, ignore=shutil.ignore_patterns("socket"))
    postgres.start(folder)


def swap(folder: Path, older: Path) -> str:
    """Rename the instance, restore the older copy under its name, and return the new resource id."""
    postgres.move(folder, folder.with_name(f"{IDENTIFIER}-before-restore"), f"{IDENTIFIER}-before-restore")
    # The stand-in gives each instance a port of its own; on RDS both have 5432 at names of their own.
    postgres.stop(folder.with_name(f"{IDENTIFIER}-before-restore"))
    shutil.move(older, folder)
    instance = postgres.describe(folder)
    resource_id = f"db-{secrets.token_hex(13).upper()}"
    replace(instance, registration={**instance.registration, "resource_id": resource_id, "secret_arn": None}).save(
        folder
    )
    postgres.start(folder)
    return resource_id


def test_the_stack_takes_over_a_restored_instance(fresh_environment: EngineEnvironment, tmp_path: Path) -> None:
    """Tenants of that moment are verified with their rows, and one that came later is made again, empty."""
    environment = fresh_environment
    environment.up()
    folder = environment.home.root / "postgres" / IDENTIFIER
    insert_payment(environment, "globex", "before")
    older = environment.home.root / "older"
    copy_of_now(folder, older)
    environment.edit_config(add_tenant("acme"))
    environment.deploy()
    insert_payment(environment, "globex", "after")
    insert_payment(environment, "acme", "after")

    old_id = str(environment.outputs()["database_resource_id"])
    new_id = swap(folder, older)
    assert payments(environment) == ["globex before"]

    # Until the state knows the new instance, the engine would go on with the old one.
    assert f"{IDENTIFIER}-before-restore" in environment.preview("--refresh", "--diff", check=False)

    state = tmp_path / "state.json"
    state.write_text(environment.pulumi("stack", "export").output.replace(old_id, new_id))
    environment.pulumi("stack", "import", "--file", str(state))
    # Refresh and update in one run, where the runbook has a look at the plan between them.
    done = environment.deploy("--refresh")
    assert "tenant-acme" in done
    assert "replac" not in done

    assert environment.outputs()["database_resource_id"] == new_id
    assert payments(environment) == ["globex before"]
    insert_payment(environment, "acme", "afresh")
    environment.strata("partitions", "verify")
    environment.preview("--refresh", "--expect-no-changes")
