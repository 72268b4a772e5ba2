"""boto3 clients of an engine test's own emulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from local.variables import process_environment

if TYPE_CHECKING:
    from tests.engine.environment import EngineEnvironment


def client(environment: EngineEnvironment, service: str) -> Any:
    """Return a client of a service in the environment's emulator."""
    variables = process_environment(environment.home)
    return boto3.client(
        service,
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )


def connection(environment: EngineEnvironment, stack: str = "local") -> dict[str, Any]:
    """Return the connection parameters that the stack wrote."""
    parameter = client(environment, "ssm").get_parameter(Name=f"/strata/{stack}/database")["Parameter"]["Value"]
    return dict(json.loads(parameter))


def master(environment: EngineEnvironment) -> dict[str, str]:
    """Return the master's user name and password from its secret."""
    secret = client(environment, "secretsmanager").get_secret_value(
        SecretId=connection(environment)["master_secret_arn"]
    )
    return dict(json.loads(secret["SecretString"]))
