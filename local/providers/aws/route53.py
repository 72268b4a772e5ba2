"""Route 53: records of a hosted zone, plain ones and aliases."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.aws.calls import call, find
from local.providers.aws.cloudfront_distribution import HOSTED_ZONE_ID
from local.providers.aws.shapes import Shape, known, paths
from local.providers.resource import CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESSES = {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}
_FORCES = "terraform-provider-aws, record.go: {} is ForceNew"


class Record(ResourceType):
    """``aws:route53/record:Record``; its id is ``<zone>_<name>_<type>``."""

    token = "aws:route53/record:Record"  # noqa: S105 - a type token, no secret
    shape = Shape("route53", "ResourceRecordSet", paths({"": "name ttl type"}))
    modelled = shape.paths | {
        "aliases.evaluateTargetHealth",
        "aliases.name",
        "aliases.zoneId",
        "allowOverwrite",
        "records",
        "zoneId",
    }
    unordered = frozenset({"records"})
    replaces: ClassVar = {
        "name": _FORCES.format("name"),
        "zoneId": _FORCES.format("zone_id"),
        # Terraform deletes and creates in one update; the id holds the type, so here it is said to be a replacement.
        "type": "Route 53 API, ChangeResourceRecordSets: a record set is known by its name and type",
    }

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of values, of aliases and of what excludes what."""
        del provider
        return [*self.shape.failures(inputs), *_exclusions(inputs), *_values(inputs), *_aliases(inputs.get("aliases"))]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the record in a zone that must exist; an existing one only with `allowOverwrite`."""
        zone_id = inputs["zoneId"]
        name = _qualified(inputs["name"], _require(provider, inputs))
        action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
        _change(provider, f"creating record {name}", zone_id, action, _record_set(inputs, name))
        return Created(f"{zone_id}_{name}_{inputs['type']}")

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live record."""
        zone_id, name, kind = _parts(resource_id)
        live = _live(provider, zone_id, name, kind)
        if live is None:
            return None
        said = state.get("records") or []
        values = [value["Value"] for value in live.get("ResourceRecords", [])]
        target = live.get("AliasTarget")
        alias = [
            {
                "evaluateTargetHealth": target["EvaluateTargetHealth"],
                "name": target["DNSName"].rstrip("."),
                "zoneId": target["HostedZoneId"],
            }
            for target in ([target] if target else [])
        ]
        return {
            "aliases": alias or None,
            "fqdn": name,
            "name": state.get("name") or name,
            "records": sorted(values, key=lambda value: said.index(value) if value in said else len(said)) or None,
            "ttl": live.get("TTL"),
            "type": kind,
            "zoneId": zone_id,
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Write the record over itself."""
        del old
        zone_id, name, _ = _parts(resource_id)
        _require(provider, new)
        _change(provider, f"updating record {name}", zone_id, "UPSERT", _record_set(new, name))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the record as it is live: Route 53 wants its values to be named exactly."""
        del state
        zone_id, name, kind = _parts(resource_id)
        live = _live(provider, zone_id, name, kind)
        if live is not None:
            _change(provider, f"deleting record {name}", zone_id, "DELETE", live)


def record_sets(provider: Any, name: str) -> list[Properties]:
    """Return the record sets of a name in every hosted zone of the account."""
    client = provider.client("route53")
    zones = call("listing hosted zones", client.list_hosted_zones)["HostedZones"]
    ids = [zone["Id"].rpartition("/")[2] for zone in zones if _inside(name, zone["Name"])]
    return [record for zone_id in ids for record in _named(provider, zone_id, name)]


def _parts(resource_id: str) -> tuple[str, str, str]:
    zone_id, _, rest = resource_id.partition("_")
    name, _, kind = rest.rpartition("_")
    return zone_id, name, kind


def _inside(name: str, zone: str) -> bool:
    bare = zone.rstrip(".").lower()
    return f".{name.rstrip('.').lower()}".endswith(f".{bare}")


def _qualified(name: str, zone: str) -> str:
    """Return the full name: one outside the zone is meant below it, as Terraform does."""
    bare = name.rstrip(".").lower()
    if not bare:
        return zone.rstrip(".")
    return bare if _inside(bare, zone) else f"{bare}.{zone.rstrip('.')}"


def _named(provider: Any, zone_id: str, name: str) -> list[Properties]:
    client = provider.client("route53")
    what = f"reading records of {zone_id}"
    answer = find(what, client.list_resource_record_sets, HostedZoneId=zone_id, StartRecordName=name)
    wanted = name.rstrip(".").lower()
    # Route 53 answers a wildcard's asterisk in octal.
    records = answer["ResourceRecordSets"] if answer else []
    return [r for r in records if r["Name"].replace("\\052", "*").rstrip(".").lower() == wanted]


def _live(provider: Any, zone_id: str, name: str, kind: str) -> Properties | None:
    return next((record for record in _named(provider, zone_id, name) if record["Type"] == kind), None)


def _require(provider: Any, inputs: Properties) -> str:
    """Refuse a zone or an alias target that does not exist, and return the zone's name."""
    client, zone_id = provider.client("route53"), inputs["zoneId"]
    zone = find(f"reading hosted zone {zone_id}", client.get_hosted_zone, Id=zone_id)
    if zone is None:
        raise ProviderError(f"record {inputs['name']}: NoSuchHostedZone: zoneId: no hosted zone has the id {zone_id}")
    zone_name = str(zone["HostedZone"]["Name"])
    apex = _qualified(inputs["name"], zone_name) == zone_name.rstrip(".").lower()
    if apex and inputs["type"] == "CNAME":
        raise ProviderError(f"record {inputs['name']}: InvalidChangeBatch: a CNAME is not permitted at the zone's apex")
    for alias in inputs.get("aliases") or []:
        if alias["zoneId"] == HOSTED_ZONE_ID and not _is_distribution(provider, alias["name"]):
            reason = f"aliases: no distribution has the domain name {alias['name']}"
            raise ProviderError(f"record {inputs['name']}: InvalidChangeBatch: {reason}")
    return zone_name


def _is_distribution(provider: Any, domain: str) -> bool:
    listing = call("listing distributions", provider.client("cloudfront").list_distributions)["DistributionList"]
    return domain.rstrip(".").lower() in {item["DomainName"].lower() for item in listing.get("Items", [])}


def _record_set(inputs: Properties, name: str) -> Properties:
    result: Properties = {"Name": name, "Type": inputs["type"]}
    if inputs.get("records"):
        result |= {"TTL": int(inputs["ttl"]), "ResourceRecords": [{"Value": value} for value in inputs["records"]]}
    for alias in inputs.get("aliases") or []:
        result["AliasTarget"] = {
            "DNSName": alias["name"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
            "HostedZoneId": alias["zoneId"],
        }
    return result


def _change(provider: Any, what: str, zone_id: str, action: str, record: Properties) -> None:
    client = provider.client("route53")
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    call(what, client.change_resource_record_sets, HostedZoneId=zone_id, ChangeBatch=batch)


def _exclusions(inputs: Properties) -> Iterator[CheckFailure]:
    aliases, records = inputs.get("aliases"), inputs.get("records")
    if bool(aliases) == bool(records):
        yield CheckFailure("records", "needs exactly one of records and aliases")
    if records and inputs.get("ttl") is None:
        yield CheckFailure("ttl", "needed beside records")
    if aliases and inputs.get("ttl") is not None:
        yield CheckFailure("ttl", "an alias has the TTL of its target")


def _values(inputs: Properties) -> Iterator[CheckFailure]:
    kind, records = inputs.get("type"), inputs.get("records")
    values = records if isinstance(records, list) and known(records) else []
    if kind == "CNAME" and len(values) > 1:
        yield CheckFailure("records", f"has {len(values)} items; a CNAME has one")
    for index, value in enumerate(values):
        if values.count(value) > 1 and values.index(value) != index:
            yield CheckFailure(f"records[{index}]", f"{value} is there twice")
        if kind in _ADDRESSES and not _is_address(kind, value):
            yield CheckFailure(f"records[{index}]", f"{value!r} is not an address for a record of type {kind}")


def _is_address(kind: str, value: str) -> bool:
    try:
        _ADDRESSES[kind](value)
    except ValueError:
        return False
    return True


def _aliases(aliases: Any) -> Iterator[CheckFailure]:
    if isinstance(aliases, list) and len(aliases) > 1:
        yield CheckFailure("aliases", f"has {len(aliases)} items; a record has one alias target")


RESOURCES = (Record,)
FUNCTIONS = ()
