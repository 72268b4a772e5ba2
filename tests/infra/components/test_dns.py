from infra.components.dns import EdgeCertificate, EdgeCertificateArgs, EdgeRecords, EdgeRecordsArgs, proven_domains

ALIASES = ["api.example.com", "*.api.example.com", "pay.example.com"]


def test_the_certificate_is_issued_in_us_east_1_before_it_is_used(record):
    made = record(lambda: [EdgeCertificate("edge", EdgeCertificateArgs(ALIASES, "Z123")).certificate_arn])
    certificate = made.one("aws:acm/certificate:Certificate").inputs
    assert certificate["region"] == "us-east-1"
    assert certificate["domainName"] == "api.example.com"
    assert certificate["subjectAlternativeNames"] == ["*.api.example.com", "pay.example.com"]
    validation = made.one("aws:acm/certificateValidation:CertificateValidation").inputs
    assert validation["region"] == "us-east-1"
    assert validation["validationRecordFqdns"] == ["_proof.api.example.com", "_proof.pay.example.com"]
    assert made.result == ["arn:aws:mock:eu-central-1:123456789012:edge-certificate"]


def test_a_wildcard_and_its_domain_share_one_proof(record):
    made = record(lambda: [EdgeCertificate("edge", EdgeCertificateArgs(ALIASES, "Z123")).certificate_arn])
    records = [record.inputs for record in made.all("aws:route53/record:Record")]
    assert [(record["name"], record["records"]) for record in records] == [
        ("_proof.api.example.com", ["_value.api.example.com"]),
        ("_proof.pay.example.com", ["_value.pay.example.com"]),
    ]
    assert proven_domains(ALIASES) == ["api.example.com", "pay.example.com"]


def test_each_host_name_leads_to_cloudfront_over_both_protocols(record):
    args = EdgeRecordsArgs(["api.example.com", "*.api.example.com"], "Z123", "d1.cloudfront.net", "Z2FDTNDATAQYW2")

    made = record(lambda: [EdgeRecords("edge", args).urn])
    records = [record.inputs for record in made.all("aws:route53/record:Record")]
    assert [(record["name"], record["type"]) for record in records] == [
        ("api.example.com", "A"),
        ("api.example.com", "AAAA"),
        ("*.api.example.com", "A"),
        ("*.api.example.com", "AAAA"),
    ]
    for record_ in records:
        assert record_["aliases"] == [
            {"name": "d1.cloudfront.net", "zoneId": "Z2FDTNDATAQYW2", "evaluateTargetHealth": False}
        ]
