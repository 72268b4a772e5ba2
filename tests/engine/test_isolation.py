"""The distribution that `pulumi up` leaves is the one that isolation is proved on, and callers are apart on it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.isolation.deployment import DEFAULT_SETUP, deployment_of
from benchmarks.isolation.proof import proof
from benchmarks.isolation.traffic import Scale
from local.edge import control_plane
from local.variables import process_environment
from strata import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.edge.control_plane import Deployment
    from local.edge.model import Behavior, Distribution, EdgeFunction
    from tests.engine.environment import EngineEnvironment

pytestmark = pytest.mark.engine


@pytest.fixture
def deployment(fresh_environment: EngineEnvironment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """What the account has after `make up` with the tenant claim of the proof."""
    claim = {"strata:cdn": {"tenantClaim": DEFAULT_SETUP.tenant_claim}}
    fresh_environment.edit_config(lambda config: config.update(claim))
    fresh_environment.up()
    for name, value in process_environment(fresh_environment.home).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    aws._client.cache_clear()  # clients hold the account of the test before
    yield control_plane.read(fresh_environment.outputs()["cdn_distribution_id"])
    aws._client.cache_clear()


def facts(distribution: Distribution) -> Distribution:
    """Return a distribution without what only names it: ids, ARNs, names of policies, and the order of lists."""
    numbers: dict[str, str] = {}

    def function(one: EdgeFunction | None) -> EdgeFunction | None:
        # Each has a number in the order of its first behavior, so that who shares one is still seen.
        return one and replace(one, arn=numbers.setdefault(one.arn, str(len(numbers))), key_value_store_arn="store")

    def behavior(one: Behavior) -> Behavior:
        response, request = one.response_headers_policy, one.origin_request_policy
        assert response is not None
        assert request is not None
        names = tuple(sorted(name.lower() for name in request.headers.names))
        return replace(
            one,
            cache_policy=replace(one.cache_policy, name=""),
            origin_request_policy=replace(request, name="", headers=replace(request.headers, names=names)),
            response_headers_policy=replace(
                response, name="", set_headers=tuple(sorted(response.set_headers, key=lambda header: header.name))
            ),
            viewer_request=function(one.viewer_request),
        )

    behaviors = tuple(map(behavior, distribution.behaviors))
    return replace(distribution, id="", domain_name="", aliases=(), behaviors=behaviors)


def test_isolation_is_proved_on_what_is_deployed(deployment: Deployment) -> None:
    """Member by member, so that a difference is named."""
    deployed, proved = facts(deployment.distribution), facts(deployment_of().distribution)
    for found, wanted in zip(deployed.behaviors, proved.behaviors, strict=True):
        assert found == wanted
    assert deployed.origins == proved.origins
    assert deployed == proved
    assert len(deployment.stores) == 1

    report = asyncio.run(proof(deployment, seed=3, requests=10_000, scale=Scale(2_000, 60, 3)))
    assert report.violations == ()
    assert report.statistics.result_types["Hit"] > 1_000
