"""What `pulumi up` left: the distribution with everything it refers to, its invalidations and its stores' contents.

All is read from AWS's API, which on this machine the emulator answers; nothing of the program's own is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from local.edge import deployed_policies
from local.edge.deployed_distribution import Referred, behaviors_of, distribution
from local.edge.deployed_fields import items
from local.edge.log_delivery import LogDelivery, read_deliveries
from local.edge.model import EdgeFunction
from strata import aws
from strata.caching.key_value_store import KeyValueStore
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from local.edge.model import Distribution

#: CloudFront answers in one region, whatever the stack's.
REGION: Final = "us-east-1"


class NoDistributionError(StrataError):
    """The stack has no distribution, or no longer."""


@dataclass(frozen=True)
class Deployment:
    """Everything that the local edge follows.

    Args:
        distribution: with its behaviors, policies and functions.
        stores: contents of the KeyValueStores that its functions may read, by ARN.
        log_deliveries: where and in which shape its access logs go.
    """

    distribution: Distribution
    stores: Mapping[str, Mapping[str, str]]
    log_deliveries: tuple[LogDelivery, ...]

    @property
    def functions(self) -> tuple[EdgeFunction, ...]:
        """The functions of its behaviors, each once."""
        found = (behavior.viewer_request for behavior in self.distribution.behaviors)
        return tuple({one.arn: one for one in found if one is not None}.values())


def read(distribution_id: str) -> Deployment:
    """Return what is deployed now.

    Raises:
        NoDistributionError: there is no distribution of that id.
        UnmodelledError: it has a setting that the local edge does not model.
        AwsCallError: the API does not answer.
    """
    client = _client()
    answer = _get_distribution(client, distribution_id)
    config = answer["DistributionConfig"]
    problems: list[str] = []
    found = distribution(answer, _referred(client, behaviors_of(config), problems), problems)
    functions = [one.viewer_request for one in found.behaviors if one.viewer_request is not None]
    stores = {one.key_value_store_arn for one in functions if one.key_value_store_arn is not None}
    return Deployment(
        found,
        {arn: KeyValueStore(arn).items() for arn in sorted(stores)},
        read_deliveries(answer["ARN"], config.get("Logging") or {}),
    )


def _client() -> Any:
    return aws.client("cloudfront", REGION)


def _get_distribution(client: Any, distribution_id: str) -> dict[str, Any]:
    try:
        return dict(client.get_distribution(Id=distribution_id)["Distribution"])
    except client.exceptions.NoSuchDistribution:
        raise NoDistributionError(
            "the distribution does not exist",
            where={"distribution": distribution_id},
            allowed="a stack with an API and cdn.enabled",
            next_command="make up",
        ) from None


def _referred(client: Any, behaviors: list[dict[str, Any]], problems: list[str]) -> Referred:
    arns = {
        one["FunctionARN"]
        for behavior in behaviors
        for one in items(behavior.get("FunctionAssociations"))
        if one["EventType"] == "viewer-request"
    }
    parse = deployed_policies
    return Referred(
        {
            name: parse.cache_policy(_policy(client, "cache_policy", "CachePolicy", name), problems)
            for name in _ids(behaviors, "CachePolicyId")
        },
        {
            name: parse.origin_request_policy(
                _policy(client, "origin_request_policy", "OriginRequestPolicy", name), problems
            )
            for name in _ids(behaviors, "OriginRequestPolicyId")
        },
        {
            name: parse.response_headers_policy(
                _policy(client, "response_headers_policy", "ResponseHeadersPolicy", name), problems
            )
            for name in _ids(behaviors, "ResponseHeadersPolicyId")
        },
        {arn: _function(client, arn) for arn in sorted(arns)},
    )


def _ids(behaviors: Iterable[Mapping[str, Any]], member: str) -> list[str]:
    return sorted({one[member] for one in behaviors if one.get(member)})


def _policy(client: Any, noun: str, kind: str, policy_id: str) -> dict[str, Any]:
    answer = getattr(client, f"get_{noun}")(Id=policy_id)
    return dict(answer[kind][f"{kind}Config"])


def _function(client: Any, arn: str) -> EdgeFunction:
    name = arn.rpartition("/")[2]
    config = client.describe_function(Name=name, Stage="LIVE")["FunctionSummary"]["FunctionConfig"]
    stores = items(config.get("KeyValueStoreAssociations"))
    return EdgeFunction(
        arn,
        client.get_function(Name=name, Stage="LIVE")["FunctionCode"].read(),
        config["Runtime"],
        stores[0]["KeyValueStoreARN"] if stores else None,
    )


class Invalidations:
    """The invalidations of a distribution that were made since the first look.

    What was made before cannot concern an edge that starts with nothing in its cache.
    """

    def __init__(self, distribution_id: str) -> None:
        self._distribution_id = distribution_id
        self._seen = {one["Id"] for one in self._list()}

    def new_items(self) -> list[str]:
        """Return the paths and tags of invalidations not seen before, the oldest first."""
        fresh = [one for one in self._list() if one["Id"] not in self._seen]
        found: list[str] = []
        for one in sorted(fresh, key=lambda one: one["CreateTime"]):
            answer = _client().get_invalidation(DistributionId=self._distribution_id, Id=one["Id"])
            found += items(answer["Invalidation"]["InvalidationBatch"]["Paths"])
            self._seen.add(one["Id"])
        return found

    def _list(self) -> list[dict[str, Any]]:
        client = _client()
        try:
            pages = client.get_paginator("list_invalidations").paginate(DistributionId=self._distribution_id)
            return [one for page in pages for one in items(page["InvalidationList"])]
        except client.exceptions.NoSuchDistribution:
            return []  # `read` says that it is gone
