"""What a user can get wrong, through the real engine: a cause, where it is, what is allowed, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local import postgres
from tests.engine.changes import add_tenant

if TYPE_CHECKING:
    from tests.engine.environment import EngineEnvironment, Result

pytestmark = pytest.mark.engine


def _refused(result: Result, *words: str) -> None:
    assert result.code != 0
    assert "Traceback" not in result
    for word in words:
        assert word in result


def test_a_bad_stack_file_is_reported_whole(restored_config: EngineEnvironment) -> None:
    """Each problem with its key and what is allowed; no resource is even planned."""
    environment = restored_config

    def spoil(config: dict[str, Any]) -> None:
        config["strata:tenants"] = ["globex", "globex", "", "system", {"id": "acme", "sate": "active"}]
        config["strata:database"] = {**config["strata:database"], "engineVersion": "15"}

    environment.edit_config(spoil)
    preview = environment.preview(check=False)
    keys = [f"strata:tenants[{number}]" for number in (1, 2, 3, 4)]
    _refused(preview, *keys, "strata:database.engineVersion", "did you mean state", "allowed: ")
    assert "aws:ec2:Vpc" not in preview


def test_more_tenants_than_the_lock_table_takes(restored_config: EngineEnvironment) -> None:
    """The key to set is named."""
    environment = restored_config
    environment.edit_config(lambda config: config.update({"strata:partitions": {"capacity": 1}}))
    _refused(
        environment.preview(check=False),
        "tenants are more than strata:partitions.capacity 1",
        "set strata:partitions.capacity to",
    )


def test_a_version_that_this_machine_does_not_have(restored_config: EngineEnvironment) -> None:
    """The stand-in has one PostgreSQL, and says which."""
    environment = restored_config

    def older(config: dict[str, Any]) -> None:
        config["strata:database"] = {**config["strata:database"], "engineVersion": "17.6"}

    environment.edit_config(older)
    _refused(environment.preview(check=False), "database-instance", "engineVersion", "18")


def test_replacing_the_instance_is_refused_in_the_preview(restored_config: EngineEnvironment) -> None:
    """Another region would make a new, empty instance behind the same reference."""
    environment = restored_config
    environment.edit_config(lambda config: config.update({"aws:region": "eu-west-1"}))
    resource_id = environment.outputs()["database_resource_id"]
    _refused(
        environment.preview(check=False),
        f"the database instance {resource_id} would be replaced, and the new one is empty",
        f"allowed: changes that keep {resource_id}",
    )


def test_an_unreachable_database(environment: EngineEnvironment) -> None:
    """One line with host, port and the next command; the tenant is made by the next run."""
    environment.edit_config(add_tenant("stark"))
    [folder] = postgres.folders(environment.home.root)
    postgres.stop(folder)
    failed = environment.deploy(check=False)
    server = postgres.describe(folder)
    _refused(failed, "tenant-stark", f"host {server.host}", f"port {server.port}", "next: ")
    environment.up()
    assert environment.psql("SELECT count(*) FROM strata.tenant_partitions WHERE tenant_id = 'stark'") == "4"
