"""Certificates: what ACM refuses, and what it would wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.acm import Certificate, CertificateValidation
from local.providers.aws.cloudfront_distribution import Distribution
from local.providers.aws.route53 import Record
from local.providers.resource import UNKNOWN, ProviderError
from tests.local.providers.aws.cases_cloudfront import distribution

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws

REGION = "us-east-1"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"domainName": "https://example.com"}, "domainName"),
        ({"domainName": None}, "domainName"),
        ({"domainName": "a.*.example.com"}, "domainName"),
        ({"validationMethod": None}, "validationMethod"),
        ({"validationMethod": "EMAIL"}, "validationMethod"),
        ({"subjectAlternativeNames": ["ok.example.com", "example"]}, "subjectAlternativeNames[1]"),
        ({"keyAlgorithm": "RSA_512"}, "keyAlgorithm"),
    ],
)
def test_certificate_rules(change: dict[str, Any], place: str) -> None:
    (failure,) = Certificate().check(None, {"domainName": "example.com", "validationMethod": "DNS", **change})
    assert failure.property == place


def test_names_not_known_yet_are_not_judged() -> None:
    inputs = {"domainName": UNKNOWN, "subjectAlternativeNames": [UNKNOWN], "validationMethod": "DNS"}
    assert Certificate().check(None, inputs) == []


def test_an_empty_list_of_names_is_none(aws: Aws) -> None:
    inputs = {"domainName": "api.example.com", "subjectAlternativeNames": [], "validationMethod": "DNS"}
    assert Certificate().check(None, inputs) == []
    made = Certificate().create(aws, {**inputs, "region": REGION})
    live = Certificate().read(aws, made.id, {**inputs, "region": REGION})
    assert live is not None
    assert live["subjectAlternativeNames"] == []


def test_a_certificate_in_use_stays(aws: Aws) -> None:
    made = _certificate(aws)
    certificate = {"acmCertificateArn": made, "sslSupportMethod": "sni-only"}
    user = Distribution().create(aws, distribution(viewerCertificate=certificate))
    with pytest.raises(ProviderError, match=f"ResourceInUseException: {user.id}"):
        Certificate().delete(aws, made, {"region": REGION})


def test_a_validation_needs_every_record(aws: Aws) -> None:
    arn = _certificate(aws)
    (option,) = Certificate().read(aws, arn, {"region": REGION})["domainValidationOptions"]
    name = option["resourceRecordName"]
    wanted = {"certificateArn": arn, "region": REGION}
    with pytest.raises(ProviderError, match=f"missing {name.rstrip('.')} for api.example.com"):
        CertificateValidation().create(aws, {**wanted, "validationRecordFqdns": ["other.example.com"]})
    with pytest.raises(ProviderError, match=f"no hosted zone has the record {name.rstrip('.')}"):
        CertificateValidation().create(aws, {**wanted, "validationRecordFqdns": [name]})

    zone = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="one")["HostedZone"]["Id"]
    inputs = {"zoneId": zone.rpartition("/")[2], "name": name, "type": "CNAME", "ttl": 300}
    Record().create(aws, {**inputs, "records": [option["resourceRecordValue"]]})
    made = CertificateValidation().create(aws, {**wanted, "validationRecordFqdns": [name.rstrip(".").upper()]})
    assert made.id == arn


def test_a_validation_in_another_region_does_not_find_the_certificate(aws: Aws) -> None:
    arn = _certificate(aws)
    with pytest.raises(ProviderError, match="the certificate does not exist in this region"):
        CertificateValidation().create(aws, {"certificateArn": arn, "region": "eu-west-1"})


def _certificate(aws: Aws) -> str:
    inputs = {"domainName": "api.example.com", "validationMethod": "DNS", "region": REGION}
    return Certificate().create(aws, inputs).id
