"""ACM: certificates and the wait for them."""

from tests.local.providers.aws.cases_route53 import zone_id
from tests.local.providers.conformance import Case, World

CERTIFICATE = "aws:acm/certificate:Certificate"
REGION = {"region": "us-east-1"}


def _certificate(world: World, domain: str) -> tuple[str, list[str]]:
    """Return a certificate and the names of the records that validate it."""
    made = world.create(CERTIFICATE, {"domainName": domain, "validationMethod": "DNS", **REGION}, domain)
    records = [
        world.create(
            "aws:route53/record:Record",
            {
                "zoneId": zone_id(world),
                "name": option["resourceRecordName"],
                "type": option["resourceRecordType"],
                "records": [option["resourceRecordValue"]],
                "ttl": 300,
            },
            option["resourceRecordName"],
        )
        for option in made.outputs["domainValidationOptions"]
    ]
    return made.id, [record.outputs["fqdn"] for record in records]


def _validation(world: World, domain: str = "api.example.com") -> dict[str, object]:
    arn, names = _certificate(world, domain)
    return {"certificateArn": arn, "validationRecordFqdns": names, **REGION}


CASES = [
    Case(
        token=CERTIFICATE,
        inputs={"domainName": "api.example.com", "validationMethod": "DNS", **REGION},
        updates=[
            {"tags": {"team": "edge"}},
            {"options": {"certificateTransparencyLoggingPreference": "DISABLED"}},
            {"tags": None},
        ],
        replacements=[
            {"domainName": "other.example.com"},
            {"subjectAlternativeNames": ["www.example.com"]},
            {"keyAlgorithm": "EC_prime256v1"},
            {"validationMethod": "EMAIL"},
        ],
    ),
    Case(
        token="aws:acm/certificateValidation:CertificateValidation",
        inputs=_validation,
        replacements=[
            lambda world: {"certificateArn": _validation(world, "other.example.com")["certificateArn"]},
            {"validationRecordFqdns": ["_other.example.com"]},
        ],
        stays="the resource is a wait, over once the certificate is issued; the certificate is another resource",
    ),
]
