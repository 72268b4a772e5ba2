"""The command in this process, and the AWS emulator for what it changes."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from typer.testing import CliRunner

from strata import aws
from strata.cli.main import app
from tests.local.providers.conftest import emulator_url  # noqa: F401 - a fixture of the session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

#: A terminal that folds nothing a test looks for.
WIDE = "250"


class Run(Protocol):
    def __call__(self, *arguments: str) -> Result: ...


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `strata` with arguments; an error of ours is the result's exception."""
    monkeypatch.setenv("COLUMNS", WIDE)
    for name in ("STRATA_EDGE", "STRATA_EDGE_URL"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: CliRunner().invoke(app, arguments)


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch, run: Run) -> dict[str, Any]:
    """Return the parameters of an edge that nothing answers for, as STRATA_EDGE leads to them."""
    parameters: dict[str, Any] = {
        "distribution_id": "E1EXAMPLE",
        "domain_name": "d1.cloudfront.net",
        "aliases": [],
        "key_value_store_arn": None,
        "secret_arn": None,
        "access_log_bucket": "logs",
        "region": "eu-west-1",
    }
    set_edge(monkeypatch, parameters)
    return parameters


def set_edge(monkeypatch: pytest.MonkeyPatch, parameters: dict[str, Any]) -> None:
    monkeypatch.setenv("EDGE_PARAMETERS", json.dumps(parameters))
    monkeypatch.setenv("STRATA_EDGE", "env:EDGE_PARAMETERS")


@pytest.fixture
def cloudfront(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:  # noqa: F811 - the fixture
    """Return a client of CloudFront in an account of the test's own, which the command uses too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(secrets.randbelow(9 * 10**11) + 10**11))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    aws._client.cache_clear()
    yield aws.client("cloudfront", "us-east-1")
    for service in ("cloudfront", aws.KEY_VALUE_STORE):
        aws.client(service, "us-east-1").close()
    aws._client.cache_clear()


def deployed(cloudfront: Any, monkeypatch: pytest.MonkeyPatch, store_arn: str | None = None) -> str:
    """Make a distribution that STRATA_EDGE leads to, and return its id."""
    behavior = {
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "https-only",
        "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    }
    config = {
        "CallerReference": "test",
        "Comment": "",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "api",
                    "DomainName": "api.example.com",
                    "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
                }
            ],
        },
        "DefaultCacheBehavior": behavior,
    }
    distribution = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]
    edge = {
        "distribution_id": distribution["Id"],
        "domain_name": distribution["DomainName"],
        "aliases": [],
        "key_value_store_arn": store_arn,
        "secret_arn": None,
        "access_log_bucket": "logs",
        "region": "eu-west-1",
    }
    set_edge(monkeypatch, edge)
    return str(distribution["Id"])
