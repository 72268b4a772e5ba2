"""The local edge at work on an emulator: it follows what is deployed, and says so when it cannot."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from local.edge import runtime as runtime_module
from local.edge.messages import ViewerRequest
from local.edge.runtime import EdgeRuntime
from local.ports import free_port
from strata import aws
from strata.caching.reference import EdgeReferenceError
from tests.local.edge.test_control_plane import cloudfront, config, make_function, make_policies

if TYPE_CHECKING:
    from collections.abc import Callable

REFERENCE = "ssm:/strata/local/edge"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_module, "INVALIDATION_SECONDS", 0.05)
    monkeypatch.setattr(runtime_module, "DEPLOYMENT_EVERY", 1)


def deploy(change: Callable[[dict[str, Any]], None] = lambda _: None) -> str:
    """Make a distribution and the parameter that leads to it."""
    deployed = config(make_policies(), make_function([]))
    change(deployed)
    made = cloudfront().create_distribution(DistributionConfig=deployed)["Distribution"]
    parameters = {
        "distribution_id": made["Id"],
        "domain_name": made["DomainName"],
        "aliases": [],
        "key_value_store_arn": None,
        "secret_arn": None,
        "access_log_bucket": "logs",
        "region": "eu-west-1",
    }
    aws.client("ssm", "eu-west-1").put_parameter(
        Name="/strata/local/edge", Type="String", Value=json.dumps(parameters), Overwrite=True
    )
    return str(made["Id"])


def update(distribution_id: str, change: Callable[[dict[str, Any]], None]) -> None:
    answer = cloudfront().get_distribution_config(Id=distribution_id)
    change(answer["DistributionConfig"])
    cloudfront().update_distribution(
        Id=distribution_id, IfMatch=answer["ETag"], DistributionConfig=answer["DistributionConfig"]
    )


async def status(runtime: EdgeRuntime) -> tuple[int, str]:
    response = await runtime.handle(ViewerRequest("GET", "/", "", (("host", "localhost"),)))
    return response.status, response.body.decode()


async def until(runtime: EdgeRuntime, wanted: Callable[[int, str], bool]) -> tuple[int, str]:
    for _ in range(200):
        found = await status(runtime)
        if wanted(*found):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


def edge() -> EdgeRuntime:
    """Return an edge before an origin where nobody listens: 502 says that a request got that far."""
    return EdgeRuntime(REFERENCE, f"http://127.0.0.1:{free_port()}")


def test_a_deploy_is_followed_and_one_that_is_not_modelled_is_named(account: str) -> None:
    distribution_id = deploy()

    def break_it(deployed: dict[str, Any]) -> None:
        deployed["WebACLId"] = "arn:aws:wafv2:us-east-1:1:global/webacl/a/b"

    def mend_it(deployed: dict[str, Any]) -> None:
        deployed["WebACLId"] = ""

    async def run() -> list[tuple[int, str]]:
        async with edge() as runtime:
            found = [await status(runtime)]
            update(distribution_id, break_it)
            found.append(await until(runtime, lambda code, _: code == 503))
            update(distribution_id, mend_it)
            found.append(await until(runtime, lambda code, _: code == 502))
            return found

    before, broken, mended = asyncio.run(run())
    assert (before[0], mended[0]) == (502, 502)
    assert "the local edge serves nothing: the local edge does not model WebACLId (distribution E" in broken[1]


def test_a_stack_whose_edge_is_gone_is_served_by_nobody(account: str) -> None:
    deploy()

    async def run() -> tuple[int, str]:
        async with edge() as runtime:
            aws.client("ssm", "eu-west-1").delete_parameter(Name="/strata/local/edge")
            return await until(runtime, lambda code, _: code == 503)

    assert "reference ssm:/strata/local/edge" in asyncio.run(run())[1]


def test_a_distribution_that_was_made_anew_is_followed(account: str) -> None:
    deploy()

    async def run() -> None:
        async with edge() as runtime:
            aws.client("cloudfront", "us-east-1")
            second = aws.client("cloudfront", "us-east-1").create_distribution(
                DistributionConfig={
                    **cloudfront().get_distribution_config(Id=runtime.deployment.distribution.id)["DistributionConfig"],
                    "CallerReference": "two",
                    "Aliases": {"Quantity": 0},
                }
            )["Distribution"]["Id"]
            name = "/strata/local/edge"
            ssm = aws.client("ssm", "eu-west-1")
            value = json.loads(ssm.get_parameter(Name=name)["Parameter"]["Value"])
            ssm.put_parameter(Name=name, Value=json.dumps({**value, "distribution_id": second}), Overwrite=True)
            await runtime.refresh()
            assert runtime.deployment.distribution.id == runtime.edge.distribution.id == second

    asyncio.run(run())


def test_an_edge_outlives_an_aws_that_does_not_answer(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy()

    async def run() -> tuple[tuple[int, str], str | None]:
        async with edge() as runtime:
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
            monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
            for _ in range(100):
                await asyncio.sleep(0.05)
                if runtime._told:
                    break
            return await status(runtime), runtime._told

    (code, _), told = asyncio.run(run())
    assert code == 502
    assert told is not None
    assert told.startswith("does not see what is deployed: Could not connect to the endpoint URL")


def test_a_stack_without_an_edge_does_not_start(account: str) -> None:
    async def run() -> None:
        async with edge():
            pass

    with pytest.raises(EdgeReferenceError, match="next: pulumi up"):
        asyncio.run(run())
