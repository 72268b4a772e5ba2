"""Data sources of the SDK's root module (tokens ``aws:index/...``)."""

from __future__ import annotations

from typing import Any, Final

from local.providers.aws.calls import call
from local.providers.resource import Function, Properties, ProviderError

# EC2 API, DescribeAvailabilityZones, "Filters": name to key of the answer.
_ZONE_FILTERS: Final = {
    "group-name": "GroupName",
    "opt-in-status": "OptInStatus",
    "region-name": "RegionName",
    "state": "State",
    "zone-id": "ZoneId",
    "zone-name": "ZoneName",
    "zone-type": "ZoneType",
}


class GetCallerIdentity(Function):
    """``aws:index/getCallerIdentity:getCallerIdentity``."""

    token = "aws:index/getCallerIdentity:getCallerIdentity"  # noqa: S105 - a token, no secret

    def invoke(self, provider: Any, arguments: Properties) -> Properties:
        """Return account, ARN and user id."""
        del arguments
        identity = call("reading the caller's identity", provider.client("sts").get_caller_identity)
        account = identity["Account"]
        return {"accountId": account, "arn": identity["Arn"], "id": account, "userId": identity["UserId"]}


class GetRegion(Function):
    """``aws:index/getRegion:getRegion``."""

    token = "aws:index/getRegion:getRegion"  # noqa: S105 - a token, no secret

    def invoke(self, provider: Any, arguments: Properties) -> Properties:
        """Return the named region, or the provider's; `endpoint` selects one as AWS names it."""
        endpoint = arguments.get("endpoint")
        name = arguments.get("name") or arguments.get("region") or provider.region
        if endpoint is not None:
            if not (endpoint.startswith("ec2.") and endpoint.endswith(".amazonaws.com")):
                raise ProviderError(f"{self.token}: no region has the endpoint {endpoint}")
            name = endpoint.removeprefix("ec2.").removesuffix(".amazonaws.com")
        endpoint = f"ec2.{name}.amazonaws.com"
        return {"description": name, "endpoint": endpoint, "id": name, "name": name, "region": name}


class GetPartition(Function):
    """``aws:index/getPartition:getPartition``."""

    token = "aws:index/getPartition:getPartition"  # noqa: S105 - a token, no secret

    def invoke(self, provider: Any, arguments: Properties) -> Properties:
        """Return the partition and its names."""
        del arguments
        # IAM user guide, "AWS services regions and partitions": China has a suffix of its own.
        suffix = "amazonaws.com.cn" if provider.partition == "aws-cn" else "amazonaws.com"
        return {
            "dnsSuffix": suffix,
            "id": provider.partition,
            "partition": provider.partition,
            "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
        }


class GetAvailabilityZones(Function):
    """``aws:index/getAvailabilityZones:getAvailabilityZones``."""

    token = "aws:index/getAvailabilityZones:getAvailabilityZones"  # noqa: S105 - a token, no secret

    def invoke(self, provider: Any, arguments: Properties) -> Properties:
        """Return the zones that the arguments let through, in the order of their names."""
        region = arguments.get("region") or provider.region
        client = provider.client("ec2", region)
        zones = call("listing zones", client.describe_availability_zones)["AvailabilityZones"]
        zones = sorted((zone for zone in zones if self._passes(zone, arguments)), key=lambda zone: zone["ZoneName"])
        return {
            **arguments,
            "groupNames": sorted({zone["GroupName"] for zone in zones}),
            "id": region,
            "names": [zone["ZoneName"] for zone in zones],
            "region": region,
            "zoneIds": [zone["ZoneId"] for zone in zones],
        }

    def _passes(self, zone: Properties, arguments: Properties) -> bool:
        if zone["ZoneName"] in arguments.get("excludeNames", []) or zone["ZoneId"] in arguments.get(
            "excludeZoneIds", []
        ):
            return False
        if "state" in arguments and zone["State"] != arguments["state"]:
            return False
        if not arguments.get("allAvailabilityZones") and zone["OptInStatus"] == "not-opted-in":
            return False
        return all(zone[self._key(each["name"])] in each["values"] for each in arguments.get("filters", []))

    def _key(self, name: str) -> str:
        if name not in _ZONE_FILTERS:
            allowed = ", ".join(_ZONE_FILTERS)
            raise ProviderError(f"{self.token}: no filter {name!r} is modelled; allowed are {allowed}")
        return _ZONE_FILTERS[name]


FUNCTIONS: Final = (GetAvailabilityZones, GetCallerIdentity, GetPartition, GetRegion)
