"""Records: what Route 53 refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.cloudfront_distribution import HOSTED_ZONE_ID
from local.providers.aws.route53 import Record, record_sets
from local.providers.resource import UNKNOWN, ProviderError

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws

ALIAS = {"name": "d1.cloudfront.net", "zoneId": HOSTED_ZONE_ID, "evaluateTargetHealth": False}


def record(**more: object) -> dict[str, Any]:
    return {"zoneId": "Z1", "name": "api.example.com", "type": "A", "ttl": 60, "records": ["192.0.2.1"], **more}


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"records": None}, "records", "needs exactly one of records and aliases"),
        ({"ttl": None}, "ttl", "needed beside records"),
        ({"records": None, "aliases": [ALIAS]}, "ttl", "an alias has the TTL of its target"),
        ({"records": ["2001:db8::1"]}, "records[0]", "'2001:db8::1' is not an address for a record of type A"),
        (
            {"type": "AAAA", "records": ["192.0.2.1"]},
            "records[0]",
            "'192.0.2.1' is not an address for a record of type AAAA",
        ),
        ({"type": "CNAME", "records": ["a.example", "b.example"]}, "records", "has 2 items; a CNAME has one"),
        ({"records": ["192.0.2.1", "192.0.2.1"]}, "records[1]", "192.0.2.1 is there twice"),
        ({"ttl": -1}, "ttl", "is -1; route53 takes 0 to 2147483647"),
        (
            {"records": None, "ttl": None, "aliases": [ALIAS, ALIAS]},
            "aliases",
            "has 2 items; a record has one alias target",
        ),
    ],
)
def test_record_rules(change: dict[str, Any], place: str, reason: str) -> None:
    (failure,) = Record().check(None, record(**change))
    assert (failure.property, failure.reason) == (place, reason)


def test_the_type_is_one_of_route53s() -> None:
    (failure,) = Record().check(None, record(type="ALIAS"))
    assert failure.property == "type"


def test_values_not_known_yet_are_not_judged() -> None:
    assert Record().check(None, record(records=UNKNOWN, name=UNKNOWN, zoneId=UNKNOWN)) == []
    assert Record().check(None, record(records=[UNKNOWN])) == []


def test_a_record_needs_its_zone(aws: Aws) -> None:
    with pytest.raises(ProviderError, match=r"NoSuchHostedZone: zoneId: no hosted zone has the id ZNOBODY"):
        Record().create(aws, record(zoneId="ZNOBODY"))


def test_an_existing_record_is_overwritten_only_when_asked(aws: Aws) -> None:
    zone = _zone(aws)
    Record().create(aws, record(zoneId=zone))
    with pytest.raises(ProviderError, match=r"creating record api.example.com: InvalidChangeBatch: .*already exists"):
        Record().create(aws, record(zoneId=zone, records=["192.0.2.2"]))
    made = Record().create(aws, record(zoneId=zone, records=["192.0.2.2"], allowOverwrite=True))
    live = Record().read(aws, made.id, record(zoneId=zone))
    assert live is not None
    assert live["records"] == ["192.0.2.2"]


def test_a_name_outside_the_zone_is_below_it(aws: Aws) -> None:
    made = Record().create(aws, record(zoneId=_zone(aws), name="api"))
    live = Record().read(aws, made.id, record(name="api"))
    assert live is not None
    assert (live["name"], live["fqdn"]) == ("api", "api.example.com")
    assert [found["Name"] for found in record_sets(aws, "api.example.com")] == ["api.example.com."]


def test_no_cname_at_the_apex(aws: Aws) -> None:
    with pytest.raises(ProviderError, match=r"InvalidChangeBatch: a CNAME is not permitted at the zone's apex"):
        Record().create(aws, record(zoneId=_zone(aws), name="example.com", type="CNAME", records=["a.example.org"]))


def test_an_alias_needs_its_distribution(aws: Aws) -> None:
    wanted = record(zoneId=_zone(aws), records=None, ttl=None, aliases=[ALIAS])
    with pytest.raises(ProviderError, match=r"no distribution has the domain name d1.cloudfront.net"):
        Record().create(aws, wanted)


def test_a_wildcard_is_read_back(aws: Aws) -> None:
    made = Record().create(aws, record(zoneId=_zone(aws), name="*.example.com"))
    assert Record().read(aws, made.id, record(name="*.example.com")) is not None
    Record().delete(aws, made.id, {})
    assert Record().read(aws, made.id, {}) is None


def _zone(aws: Aws) -> str:
    zone: str = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="one")["HostedZone"]["Id"]
    return zone.rpartition("/")[2]
