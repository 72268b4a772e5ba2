"""Route 53: records."""

from tests.local.providers.aws.cases_cloudfront import DISTRIBUTION, distribution
from tests.local.providers.conformance import Case, World


def zone_id(world: World, name: str = "example.com") -> str:
    """Return a hosted zone, which no program of ours makes, from the emulator itself."""
    client = world.client("route53")
    zones = [zone for zone in client.list_hosted_zones()["HostedZones"] if zone["Name"] == f"{name}."]
    zone = zones[0] if zones else client.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]
    identifier: str = zone["Id"].rpartition("/")[2]
    return identifier


def _alias(world: World) -> dict[str, object]:
    made = world.create(DISTRIBUTION, distribution()).outputs
    target = {"name": made["domainName"], "zoneId": made["hostedZoneId"], "evaluateTargetHealth": False}
    return {"records": None, "ttl": None, "aliases": [target]}


CASES = [
    Case(
        token="aws:route53/record:Record",
        inputs=lambda world: {
            "zoneId": zone_id(world),
            "name": "api.example.com",
            "type": "A",
            "ttl": 60,
            "records": ["192.0.2.2", "192.0.2.1"],
        },
        updates=[{"ttl": 300}, {"records": ["192.0.2.3"]}, _alias],
        replacements=[
            {"name": "other.example.com"},
            {"type": "TXT"},
            lambda world: {"zoneId": zone_id(world, "example.org")},
        ],
        excused={"allowOverwrite": "says what create does with an existing record; it is in no record"},
    )
]
