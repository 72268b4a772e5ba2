import pytest

from infra.components.edge import Edge, EdgeArgs, origin_shield_region
from infra.config import ApiConfig, CdnConfig

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"


def deployed(record, *, certificate_arn=None, origin_protocol="https", origin_port=443, **cdn):
    api = ApiConfig(origin_domain="api.internal.example.com", origin_port=origin_port, origin_protocol=origin_protocol)

    def program():
        args = EdgeArgs("dev", "eu-central-1", api, CdnConfig(**cdn), certificate_arn)
        return [Edge("edge", args).distribution_id]

    return record(program)


def distribution(made) -> dict:
    return made.one("aws:cloudfront/distribution:Distribution").inputs


def behaviors(made) -> dict[str, dict]:
    return {behavior["pathPattern"]: behavior for behavior in distribution(made)["orderedCacheBehaviors"]}


def test_each_cached_path_is_a_pair_and_never_a_prefix(record):
    assert list(behaviors(deployed(record))) == [
        "/api/v1/payments",
        "/api/v1/payments/*",
        "/api/v1/invoices",
        "/api/v1/invoices/*",
        "/api/v1/config",
        "/api/v1/config/*",
        "/api/v1/currencies",
        "/api/v1/currencies/*",
    ]


def test_what_is_not_listed_is_never_kept_and_sees_the_whole_request(record):
    default = distribution(deployed(record))["defaultCacheBehavior"]
    assert default["cachePolicyId"] == "Managed-CachingDisabled"
    assert default["originRequestPolicyId"] == "Managed-AllViewerExceptHostHeader"
    assert default["targetOriginId"] == "api"


def test_callers_have_answers_of_their_own_for_30_seconds(record):
    made = deployed(record)
    policy = made.one("aws:cloudfront/cachePolicy:CachePolicy", "edge-policies-user-data").inputs
    assert (policy["minTtl"], policy["defaultTtl"], policy["maxTtl"]) == (0, 0, 30)
    key = policy["parametersInCacheKeyAndForwardedToOrigin"]
    assert key["headersConfig"] == {"headerBehavior": "whitelist", "headers": {"items": ["x-auth-hash"]}}
    assert key["cookiesConfig"] == {"cookieBehavior": "none"}
    for path in ("/api/v1/payments", "/api/v1/invoices/*"):
        behavior = behaviors(made)[path]
        assert behavior["cachePolicyId"] == "edge-policies-user-data-id"
        assert behavior["originRequestPolicyId"] == "edge-policies-caller-id"
        assert behavior["responseHeadersPolicyId"] == "edge-policies-caller-id"


def test_static_data_is_shared_and_no_identity_reaches_its_origin(record):
    made = deployed(record)
    policy = made.one("aws:cloudfront/cachePolicy:CachePolicy", "edge-policies-static-data").inputs
    assert (policy["minTtl"], policy["defaultTtl"], policy["maxTtl"]) == (0, 0, 900)
    assert policy["parametersInCacheKeyAndForwardedToOrigin"]["headersConfig"] == {"headerBehavior": "none"}
    behavior = behaviors(made)["/api/v1/config"]
    assert behavior["cachePolicyId"] == "edge-policies-static-data-id"
    assert "originRequestPolicyId" not in behavior


def test_the_token_travels_outside_the_key_and_cookies_not_at_all(record):
    request = deployed(record).one("aws:cloudfront/originRequestPolicy:OriginRequestPolicy").inputs
    items = request["headersConfig"]["headers"]["items"]
    assert "x-origin-authorization" in items
    assert not {"authorization", "x-auth-hash", "cookie", "host"} & set(items)
    assert request["cookiesConfig"] == {"cookieBehavior": "none"}


def test_viewers_do_not_keep_answers_for_one_caller(record):
    made = deployed(record)
    caller = made.one("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "edge-policies-caller").inputs
    assert caller["customHeadersConfig"] == {
        "items": [{"header": "cache-control", "value": "private, no-store", "override": True}]
    }
    shared = made.one("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "edge-policies-shared").inputs
    assert "customHeadersConfig" not in shared


def test_only_cached_paths_go_through_the_shield(record):
    made = deployed(record)
    origins = {origin["originId"]: origin for origin in distribution(made)["origins"]}
    assert {behavior["targetOriginId"] for behavior in behaviors(made).values()} == {"api-shielded"}
    assert origins["api-shielded"]["originShield"] == {"enabled": True, "originShieldRegion": "eu-central-1"}
    assert "originShield" not in origins["api"]
    assert {origin["domainName"] for origin in origins.values()} == {"api.internal.example.com"}


@pytest.mark.parametrize(
    ("region", "chosen", "expected"),
    [
        ("eu-central-1", None, "eu-central-1"),
        ("eu-west-3", None, "eu-west-2"),
        ("eu-west-3", "eu-west-1", "eu-west-1"),
    ],
)
def test_the_shield_is_as_near_as_it_can_be(region, chosen, expected):
    assert origin_shield_region(region, chosen) == expected


def test_every_behavior_is_https_only_and_runs_the_function(record):
    made = deployed(record)
    every = [distribution(made)["defaultCacheBehavior"], *behaviors(made).values()]
    for behavior in every:
        assert behavior["viewerProtocolPolicy"] == "https-only"
        assert behavior["functionAssociations"] == [
            {
                "eventType": "viewer-request",
                "functionArn": "arn:aws:mock:eu-central-1:123456789012:edge-viewer-request",
            }
        ]
        assert behavior["cachedMethods"] == ["GET", "HEAD"]
        assert {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} <= set(behavior["allowedMethods"])


def test_the_function_is_the_file_and_fits(record):
    function = deployed(record).one("aws:cloudfront/function:Function").inputs
    assert function["runtime"] == "cloudfront-js-2.0"
    assert function["publish"] is True
    assert "function handler(event)" in function["code"]


def test_errors_are_not_kept(record):
    responses = distribution(deployed(record))["customErrorResponses"]
    assert {response["errorCachingMinTtl"] for response in responses} == {0}
    assert {404, 414, 500, 501, 502, 503, 504} <= {response["errorCode"] for response in responses}


@pytest.mark.parametrize(
    ("protocol", "port", "expected"),
    [
        ("https", 8443, {"originProtocolPolicy": "https-only", "httpPort": 80, "httpsPort": 8443}),
        ("http", 8080, {"originProtocolPolicy": "http-only", "httpPort": 8080, "httpsPort": 443}),
    ],
)
def test_the_origin_is_reached_as_the_stack_file_says(record, protocol, port, expected):
    made = deployed(record, origin_protocol=protocol, origin_port=port)
    for origin in distribution(made)["origins"]:
        assert expected.items() <= origin["customOriginConfig"].items()


def test_without_aliases_cloudfront_shows_its_own_certificate(record):
    found = distribution(deployed(record))
    assert found["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}
    assert found["aliases"] == []
    assert found["httpVersion"] == "http2and3"
    assert found["priceClass"] == "PriceClass_100"


def test_aliases_come_with_their_certificate_and_modern_tls(record):
    found = distribution(deployed(record, certificate_arn=CERTIFICATE, aliases=("api.example.com",)))
    assert found["aliases"] == ["api.example.com"]
    assert found["viewerCertificate"] == {
        "acmCertificateArn": CERTIFICATE,
        "minimumProtocolVersion": "TLSv1.2_2021",
        "sslSupportMethod": "sni-only",
    }


def test_no_more_cache_policies_than_the_paths_use(record):
    assert len(deployed(record).all("aws:cloudfront/cachePolicy:CachePolicy")) == 2
