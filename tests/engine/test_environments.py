"""The program of the AWS stacks, planned by the real engine against the stand-ins; and a database that is there."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from local import postgres
from tests.engine.clients import client, connection

if TYPE_CHECKING:
    from tests.engine.environment import EngineEnvironment, Result

pytestmark = pytest.mark.engine


def _variables(environment: EngineEnvironment, stack: str) -> dict[str, str]:
    return {"PULUMI_STACK": stack, "PULUMI_OPTION_CONFIG_FILE": str(environment.home.project / f"Pulumi.{stack}.yaml")}


def _planned(environment: EngineEnvironment, stack: str) -> dict[str, dict[str, Any]]:
    """Plan a stack of the project, and return the new resources by name."""
    variables = _variables(environment, stack)
    environment.pulumi("stack", "init", stack, "--non-interactive", **variables)
    result: Result = environment.pulumi("preview", "--non-interactive", "--json", **variables)
    digest = json.loads(result.output[result.output.index("{") :])
    assert {step["op"] for step in digest["steps"]} == {"create"}
    return {step["urn"].rsplit("::", 1)[1]: step["newState"] for step in digest["steps"]}


def _zones(planned: dict[str, dict[str, Any]]) -> int:
    return sum(re.fullmatch(r"network-database-\d", name) is not None for name in planned)


def test_dev_is_planned(environment_of_a_copy: EngineEnvironment) -> None:
    """Two zones, no standby, no deletion protection, the list layout."""
    environment = environment_of_a_copy
    planned = _planned(environment, "dev")
    assert _zones(planned) == 2
    assert {"database-instance", "edge-distribution", "tenant-globex", "access-logs-delivery"} <= planned.keys()
    instance = planned["database-instance"]["inputs"]
    assert instance["storageEncrypted"] is True
    assert instance["manageMasterUserPassword"] is True
    assert not planned["database-instance"].get("protect")
    assert planned["tenant-globex"]["protect"] is True


def test_staging_is_planned(environment_of_a_copy: EngineEnvironment) -> None:
    """Production's layout and protection, without a standby."""
    environment = environment_of_a_copy
    planned = _planned(environment, "staging")
    instance = planned["database-instance"]
    assert instance["protect"] is True
    assert instance["inputs"]["multiAz"] is False
    assert _zones(planned) == 2
    assert any("payments_b" in line for line in planned["tenant-initech"]["inputs"]["statements"]["payments"])


def test_prod_is_planned(environment_of_a_copy: EngineEnvironment) -> None:
    """Three zones, a standby and protection; certificate and records in the zone that it names; the bucketed layout."""
    environment = environment_of_a_copy
    planned = _planned(environment, "prod")
    assert _zones(planned) == 3
    instance = planned["database-instance"]
    assert instance["protect"] is True
    assert instance["inputs"]["multiAz"] is True
    assert instance["inputs"]["deletionProtection"] is True
    certificate = next(one for one in planned.values() if one["type"] == "aws:acm/certificate:Certificate")
    assert certificate["inputs"]["region"] == "us-east-1"
    assert {"A", "AAAA"} <= {
        one["inputs"]["type"] for one in planned.values() if one["type"] == "aws:route53/record:Record"
    }
    statements = planned["tenant-globex"]["inputs"]["statements"]["payments"]
    assert any("payments_b" in line for line in statements)


def test_a_database_that_is_there_is_used(environment_of_a_copy: EngineEnvironment) -> None:
    """Everything but the instance is made inside a server that the stack did not make, with the same outputs."""
    environment = environment_of_a_copy
    password = secrets.token_urlsafe(24)
    server = postgres.create(
        environment.home.postgres / "theirs",
        identifier="theirs",
        master_username="theirs",
        master_password=password,
        database="payments",
    )
    secret = client(environment, "secretsmanager").create_secret(
        Name="theirs", SecretString=json.dumps({"username": "theirs", "password": password})
    )
    existing = {
        "endpoint": server.host,
        "port": server.port,
        "database": "payments",
        "resourceId": "db-THEIRS",
        "masterSecretArn": secret["ARN"],
    }
    config = yaml.safe_load((environment.home.project / "Pulumi.local.yaml").read_text())["config"]
    config["strata:database"] = {"sslMode": "disable", "existing": existing}
    (environment.home.project / "Pulumi.second.yaml").write_text(
        yaml.safe_dump({"config": {**config, "strata:purpose": "development"}})
    )
    variables = _variables(environment, "second")
    environment.pulumi("stack", "init", "second", "--non-interactive", **variables)
    environment.pulumi("up", "--yes", "--skip-preview", "--non-interactive", **variables)
    environment.pulumi("preview", "--non-interactive", "--expect-no-changes", **variables)

    outputs = json.loads(environment.pulumi("stack", "output", "--json", **variables).output)
    assert outputs.keys() == environment.outputs().keys()
    assert outputs["database_endpoint"] == f"{server.host}:{server.port}"
    assert outputs["database_resource_id"] == "db-THEIRS"
    assert connection(environment, "second")["database"] == "payments"
    assert password not in environment.pulumi("stack", "export", "--show-secrets", **variables).output
    url = f"postgresql://strata_deployer@{server.host}:{server.port}/payments?options=-c%20role%3Dstrata_owner"
    tenants = environment.psql("SELECT DISTINCT tenant_id FROM strata.tenant_partitions ORDER BY 1", url=url)
    assert tenants.split() == ["globex", "initech", "system"]
